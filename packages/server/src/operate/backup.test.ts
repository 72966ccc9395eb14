/** A backup is whole, holds no key, and brings back what was there without what was ended since; or nothing is changed. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import BetterSqlite from 'better-sqlite3'
import { runCommand, startCommand, startNode, until } from '../../../../test/support/node-process.ts'
import { systemClock } from '../base/clock.ts'
import { readConfig } from '../config/config.ts'
import { backup } from './backup.ts'
import { type RestoreOptions, restore } from './restore.ts'

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'))
  folders.push(folder)
  return folder
}
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const data = newFolder()
const backups = newFolder()
const [developerEmail, developerPassword] = ['dev@example.com', 'correct horse battery']
const env = { GATEHOUSE_DEVELOPER_EMAIL: developerEmail, GATEHOUSE_DEVELOPER_PASSWORD: developerPassword }
const passphrase = 'four words of a poem'
const gatehouse = (args: string[], input = '') => runCommand(args, { input, timeoutMs: 60_000 })
const configOf = (folder: string) => readConfig(['--data', folder], {})
const back = (source: string, folder: string, more: Partial<RestoreOptions> = {}) => {
  const asked = async () => assert.fail('nobody is asked for a passphrase')
  const usual = { clock: systemClock, overwrite: false, keepSessions: false, passphrase: asked }
  return restore(configOf(folder), source, { ...usual, ...more })
}

const node = await startNode({ after }, ['--data', data], env)
const signIn = async (at = node): Promise<string> =>
  (await at.call('POST', '/admin/auth', { body: { email: developerEmail, password: developerPassword } })).body
    .dev_token
const developer = await signIn()
const made = await node.call('POST', '/admin/systemmanagement', { developer, body: { name: 'plant' } })
const system = { key: made.body.appID as string, secret: made.body.appSecret as string }
const { key } = system
const secret = { name: 'K', value: 'the value of a secret' }
await node.call('POST', `/admin/v/4/system/${key}/secrets`, { developer, body: secret })
const person = { email: 'op@example.com', password: 'three unrelated words' }
await node.call('POST', `/admin/user/${key}`, { developer, body: person })
const token = (await node.call('POST', '/api/v/1/user/auth', { system, body: person })).body.user_token as string
const collection = (
  await node.call('POST', '/admin/collectionmanagement', { developer, body: { name: 'things', appID: key } })
).body.collectionID
const column = { id: collection, addColumn: { name: 'n', type: 'int' } }
await node.call('PUT', '/admin/collectionmanagement', { developer, body: column })

const file = join(backups, 'whole')
const keyText = readFileSync(join(data, 'node.key'), 'utf8').trim()

const systemsIn = (database: string): string[] => {
  const connection = new BetterSqlite(database, { readonly: true })
  try {
    assert.equal(connection.pragma('quick_check', { simple: true }), 'ok')
    return connection.prepare('select name from systems order by name').pluck().all() as string[]
  } finally {
    connection.close()
  }
}

const openSessions = (database: string): number => {
  const connection = new BetterSqlite(database, { readonly: true })
  try {
    return connection.prepare('select count(*) from sessions where ended_at is null').pluck().get() as number
  } finally {
    connection.close()
  }
}

test('a backup beside a node that writes holds every row that was answered before, and no key', async () => {
  let running = true
  let answered = 0
  const stream = (async () => {
    while (running) {
      await node.call('POST', `/api/v/1/data/${collection}`, { developer, body: { n: answered } })
      answered += 1
    }
  })()
  await until(() => answered > 20 || undefined)
  const before = answered
  const { code, stdout, stderr } = await gatehouse(['backup', file, '--data', data])
  running = false
  await stream
  assert.equal(code, 0, stderr)
  assert.match(stdout, /whole, \d+ bytes, as of 20/)
  assert.match(stderr, /The node key is not in it/)
  assert.equal(statSync(file).mode & 0o077, 0)
  assert.deepEqual(readdirSync(backups), ['whole'])
  const connection = new BetterSqlite(file, { readonly: true })
  const table = connection.prepare('select table_name from collections where name = ?').pluck().get('things')
  const rows = connection.prepare(`select count(*) from "${table}"`).pluck().get() as number
  connection.close()
  assert.ok(rows >= before && rows <= answered, `${before} <= ${rows} <= ${answered}`)
  const bytes = readFileSync(file)
  assert.ok(!bytes.includes(keyText) && !bytes.includes(Buffer.from(keyText, 'hex')))
  await assert.rejects(backup(configOf(data), file, { clock: systemClock, version: '0' }), /is there already/)
})

test('a restore is refused over a database, while a node runs, of what is no backup, and without the key', async () => {
  await assert.rejects(back(file, data), /Add --overwrite/)
  await assert.rejects(back(file, data, { overwrite: true }), /A node works on the database/)
  assert.equal((await node.call('GET', '/healthz')).status, 200)
  assert.deepEqual(systemsIn(join(data, 'gatehouse.db')), ['plant'])
  const empty = newFolder()
  await assert.rejects(back(join(data, 'gatehouse.db'), empty), /no backup of Gatehouse/)
  await assert.rejects(back(file, empty), /without its node key/)
  assert.deepEqual(readdirSync(empty), [])
})

test('with the key in it, a backup comes back on a new machine by its passphrase alone', async () => {
  const sealed = join(backups, 'with-key')
  const args = ['backup', sealed, '--data', data, '--with-key', '--passphrase-stdin', '--json']
  assert.equal(JSON.parse((await gatehouse(args, passphrase)).stdout).with_key, true)
  assert.ok(!readFileSync(sealed).includes(keyText))
  const elsewhere = newFolder()
  await assert.rejects(back(sealed, elsewhere, { passphrase: async () => 'another passphrase' }), /not the one/)
  assert.deepEqual(readdirSync(elsewhere), [])
  const done = await back(sealed, elsewhere, { passphrase: async () => passphrase, keepSessions: true })
  assert.equal(done.keyRestored, true)
  assert.equal(readFileSync(join(elsewhere, 'node.key'), 'utf8').trim(), keyText)
  assert.equal(statSync(join(elsewhere, 'node.key')).mode & 0o077, 0)
  assert.ok(openSessions(join(elsewhere, 'gatehouse.db')) >= 2, 'kept, since it was asked for')
})

test('after a restore the data is as it was, and no session from it is alive', async (t) => {
  await node.call('POST', '/admin/systemmanagement', { developer, body: { name: 'later' } })
  await node.call('POST', '/api/v/1/user/logout', { token })
  node.signal('SIGTERM')
  await node.ended
  const { code, stdout, stderr } = await gatehouse(['restore', file, '--data', data, '--overwrite'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /Ended: [2-9] sessions/)
  assert.equal(openSessions(join(data, 'gatehouse.db')), 0)
  const again = await startNode(t, ['--data', data], env)
  const dead: Record<string, string>[] = [{ 'clearblade-usertoken': token }, { 'clearblade-devtoken': developer }]
  for (const headers of dead) {
    assert.equal((await again.call('GET', '/api/v/1/user/info', { headers })).status, 401)
  }
  const fresh = await signIn(again)
  const { body } = await again.call('GET', '/admin/allsystems', { developer: fresh })
  assert.deepEqual(
    body.map(({ name }: { name: string }) => name),
    ['plant'],
  )
  assert.notEqual((await again.call('POST', '/api/v/1/user/auth', { system, body: person })).body.user_token, '')
  const { rows } = (await again.call('GET', '/admin/audit?kind=node', { developer: fresh })).body
  assert.deepEqual(
    rows.map(({ action, who }: Record<string, string>) => [action, who]),
    [
      ['restore', 'operator'],
      ['backup', 'operator'],
    ],
  )
  assert.equal((await gatehouse(['audit', 'verify', '--data', data])).code, 0)
  again.signal('SIGTERM')
  await again.ended
})

test('a restore that is killed leaves the old database or the new one, whole', async () => {
  const place = newFolder()
  copyFileSync(join(data, 'node.key'), join(place, 'node.key'))
  await back(file, place)
  const database = join(place, 'gatehouse.db')
  const connection = new BetterSqlite(database)
  connection.prepare(`update systems set name = 'old'`).run()
  connection.close()
  const seen = new Set<string>()
  // At each of these moments: the copy begins, is worked on, and is one file again.
  for (const moment of [/restoring-\d+$/, /restoring-\d+-wal$/, /restoring-\d+-(wal|journal)$/]) {
    const { child, ended } = startCommand(['restore', file, '--data', place, '--overwrite'])
    const over = ended.then(() => true)
    await until(
      () => child.exitCode !== null || readdirSync(place).some((name) => moment.test(name)) || undefined,
      30_000,
    )
    child.kill('SIGKILL')
    await over
    const names = systemsIn(database)
    assert.ok(names.length === 1 && ['old', 'plant'].includes(names[0]!), names.join())
    seen.add(names[0]!)
  }
  assert.ok(seen.has('old'), 'at least one was cut off before its end')
  await back(file, place, { overwrite: true })
  assert.deepEqual(systemsIn(database), ['plant'])
  assert.deepEqual(
    readdirSync(place).filter((name) => name.includes('restoring')),
    [],
  )
})

test('on PostgreSQL both say which tools are for it', async () => {
  const config = readConfig(['--database-url', 'postgres://nobody@127.0.0.1:1/none'], {})
  const means = { clock: systemClock, version: '0' }
  await assert.rejects(backup(config, join(backups, 'pg'), means), /pg_dump/)
  const options = { ...means, overwrite: true, keepSessions: false, passphrase: async () => '' }
  await assert.rejects(restore(config, file, options), /pg_restore/)
})
