/**
 * A database as the first release left it, under the present one. `first-release/` holds what that release wrote, on both
 * databases, as SQL: made once by it, and never by anything later.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import BetterSqlite from 'better-sqlite3'
import pg from 'pg'
import { systemClock } from '../../packages/server/src/base/clock.ts'
import { readConfig } from '../../packages/server/src/config/config.ts'
import { backup } from '../../packages/server/src/operate/backup.ts'
import { restore } from '../../packages/server/src/operate/restore.ts'
import { migrations } from '../../packages/server/src/store/migrations.ts'
import { databaseOf } from '../../packages/server/src/store/store.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { postgresUrl } from '../support/postgres.ts'

const onPostgres = process.env.GATEHOUSE_TEST_DATABASE === 'postgres'
const kind = onPostgres ? 'postgres' : 'sqlite'
const written = (name: string): string => readFileSync(join(import.meta.dirname, 'first-release', name), 'utf8')
const facts = JSON.parse(written(`${kind}.json`))
const { system, collection, email, password } = facts

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-upgrade-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'node.key'), `${facts.nodeKey}\n`, { mode: 0o600 })
  return folder
}
const dataFolder = newFolder()
const databaseUrl = onPostgres ? await postgresUrl() : undefined
function writeSqlite(folder: string): void {
  const database = new BetterSqlite(join(folder, 'gatehouse.db'))
  database.exec(written('sqlite.sql'))
  database.close()
}
if (databaseUrl === undefined) writeSqlite(dataFolder)
else {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(written('postgres.sql'))
  await client.end()
}
const place = { dataFolder, ...(databaseUrl !== undefined && { databaseUrl }) } as TestApp
const app = await createTestApp({ after }, { beside: place })
const { developer, call } = app

test('the developer signs in and finds the system, its users, roles and versions', async () => {
  assert.match(developer, /^ghd_/)
  const systems = (await call('GET', '/admin/allsystems', { developer })).body
  assert.deepEqual(
    systems.map(({ appID, name, auth_service }: Record<string, string>) => [appID, name, auth_service]),
    [[system.key, 'plant', 'onShift']],
  )
  const { Data: users } = (await call('GET', `/admin/user/${system.key}`, { developer })).body
  const op = users.find((one: { email: string }) => one.email === email)
  assert.deepEqual([op.user_id, op.city, op.shift], [facts.user, 'Ülm', 3])
  const query = { user: facts.user }
  const roles = (await call('GET', `/admin/user/${system.key}/roles`, { developer, query })).body
  assert.deepEqual(roles.map(({ Name }: { Name: string }) => Name).sort(), ['Authenticated', 'reader'])
  const history = (await call('GET', `/codeadmin/v/2/history/service/${system.key}/hello`, { developer })).text
  assert.ok(history.includes('2'), history)
})

test('the user signs in by the auth service, and is refused as before', async () => {
  const ask = async (body: Record<string, unknown>) => (await call('POST', '/api/v/1/user/auth', { system, body })).body
  const granted = await ask({ email, password, site: 'south' })
  assert.match(granted.user_token, /^ghu_/)
  assert.deepEqual(granted.options, { site: 'south' })
  assert.equal((await ask({ email, password, site: 'elsewhere' })).user_token, '')
  assert.equal((await ask({ email, password: 'wrong', site: 'south' })).user_token, '')
  const traces = (await call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer })).body
  assert.ok(traces.length >= 5, 'those of before are there too')
  const { user_token: token } = granted
  const ran = await app.run(system, 'hello', { who: 'Jo' }, { token })
  assert.equal(ran.body.results, 'Hello, Jo!', ran.text)
})

test('rows of every type are as they were written, are changed, and keep their indexes', async () => {
  const path = `/api/v/1/data/${collection}`
  const query = { query: JSON.stringify({ SORT: [{ ASC: 'name' }] }) }
  const { DATA: rows } = (await call('GET', path, { developer, query })).body
  assert.equal(rows.length, 3)
  const [first] = rows
  assert.deepEqual(
    { ...first, item_id: undefined, at: Date.parse(first.at), b: undefined },
    {
      ...{ item_id: undefined, n: 1, big: 9007199254740991, f: 1.5, d: -0.25, name: `naïve "quoted" 'text'` },
      ...{ on: true, at: Date.parse('2026-11-22T08:00:00Z'), data: { a: [1, { b: null }], t: 'ü' }, b: undefined },
      id: '123e4567-e89b-42d3-a456-426614174000',
    },
  )
  assert.match((await call('POST', path, { developer, body: { n: 2, name: 'twice' } })).text, /must be unique/)
  const made = await call('POST', path, { developer, body: { n: 4, name: 'new' } })
  assert.equal(made.status, 200, made.text)
  const { body: count } = await call('GET', `${path}/count`, { developer })
  assert.equal(count.count, 4)
})

test('what came later works on it: secrets, audit, and another start', async (t) => {
  const body = { name: 'K', value: 'sealed now' }
  assert.equal((await call('POST', `/admin/v/4/system/${system.key}/secrets`, { developer, body })).status, 200)
  const { rows } = (await call('GET', '/admin/audit', { developer })).body
  assert.equal(rows[0].kind, 'secret')
  const { value } = await databaseOf(app.app.means.store)
    .selectFrom('meta')
    .select('value')
    .where('name', '=', 'schema_version')
    .executeTakeFirstOrThrow()
  assert.ok(Number(value) > 1)
  const again = await createTestApp(t, { beside: place })
  assert.equal((await again.call('GET', '/admin/allsystems', { developer })).body.length, 1)
})

test('a backup of it, made before the upgrade, is restored under the present release', {
  skip: onPostgres,
}, async () => {
  const [old, fresh] = [newFolder(), newFolder()]
  writeSqlite(old)
  const file = join(old, 'backup')
  await backup(readConfig(['--data', old], {}), file, { clock: systemClock, version: '0.1.0' })
  const passphrase = async () => assert.fail('nobody is asked')
  const options = { clock: systemClock, overwrite: false, keepSessions: false, passphrase }
  const { ended } = await restore(readConfig(['--data', fresh], {}), file, options)
  assert.ok(ended.sessions > 0)
  const database = new BetterSqlite(join(fresh, 'gatehouse.db'), { readonly: true })
  const schema = (name: string) => database.prepare('select value from meta where name = ?').pluck().get(name)
  assert.equal(Number(schema('schema_version')), migrations.length)
  assert.equal(schema('backup_made_at'), undefined)
  assert.deepEqual(database.prepare('select name from systems').pluck().all(), ['plant'])
  database.close()
})
