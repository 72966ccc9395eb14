/** What is larger than one message of the link: it comes in several, and what alone is too large is set aside. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { createTestApp } from '../../../../test/support/app.ts'
import { databaseOf } from '../store/store.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { adminOf, startEdge, until } from './edge.fixture.ts'

const mebibyte = 1024 * 1024
/** Cannot be packed. */
const text = (bytes: number): string => randomBytes(Math.floor((bytes * 3) / 4)).toString('base64')

test('rows and code of more than a message can hold come in several, first and later, and one that is too large alone is set aside', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const admin = adminOf(() => app)
  const files = await app.createCollection(system, 'Files', { part: 'int', one: 'string', other: 'string' })
  const path = `/api/v/1/data/${files}`
  for (let part = 0; part < 9; part++) await admin('POST', path, { part, one: text(5 * mebibyte) })
  const chosen = await app.createCollection(system, 'Chosen', { part: 'int', one: 'string' })
  const named: string[] = []
  for (let part = 0; part < 7; part++) {
    const [{ item_id }] = await admin('POST', `/api/v/1/data/${chosen}`, { part, one: text(5 * mebibyte) })
    named.push(item_id)
  }
  const libraries = ['a', 'b', 'c', 'd']
  const platform = databaseOf(app.app.means.store)
  const source = async (name: string, bytes: number): Promise<void> => {
    const set = platform.updateTable('code_versions').set({ source: text(bytes) })
    await set.where('system_key', '=', system.key).where('name', '=', name).execute()
  }
  for (const name of libraries) {
    await app.createLibrary(system, name, 'var a = 1')
    await source(name, 12 * mebibyte)
  }
  await admin('POST', `/admin/${system.key}/deployments`, {
    ...{ name: 'hall', edges: ['hall'] },
    assets: [
      { asset_class: 'Files' },
      { asset_class: 'libraries' },
      // Of single rows one in two is copied once.
      ...named.map((asset_id, at) => ({
        ...{ asset_class: 'Chosen', asset_id: asset_id.toUpperCase() },
        ...(at % 2 === 0 && { sync_to_edge: false }),
      })),
    ],
  })
  const { token } = await admin('POST', `/admin/edges/${system.key}/hall`, {})
  const edge = await startEdge(t, app, { system, name: 'hall', token })
  const at = databaseOf(edge.app.means.store)
  await until(
    async () => (await findPlatformLink(edge.app.means.store))!.cursors,
    ({ data }) => data?.at === null,
  )
  const short = (name: string) => sql<string>`length(${sql.id(name)}) || substr(${sql.id(name)}, 1, 100)`
  const texts = async (db: typeof at, query: ReturnType<typeof sql<Record<string, unknown>>>) =>
    (await query.execute(db)).rows.map((row) => Object.values(row).map(String))
  const shown = async (db: typeof at) => [
    await texts(db, sql`select part, ${short('one')} as one, other from ${sql.id(`c_${files}`)} order by part`),
    await texts(db, sql`select part, ${short('one')} as one from ${sql.id(`c_${chosen}`)} order by part`),
    await texts(
      db,
      sql`select name, ${short('source')} as source from code_versions where kind = 'library' order by name`,
    ),
  ]
  const isSame = async (): Promise<boolean> =>
    JSON.stringify(await shown(at)) === JSON.stringify(await shown(platform as never))
  assert.ok(await isSame(), 'the first sync')

  await admin('PUT', path, { query: [], $set: { other: 'x' } })
  const changed = async () =>
    (at as any).selectFrom(`c_${files}`).select('part').where('other', 'is not', null).execute()
  assert.equal((await until<any[]>(changed, (rows) => rows.length === 9)).length, 9)
  assert.ok(await isSame(), 'many changes at once')

  const [{ item_id }] = await (platform as any)
    .selectFrom(`c_${files}`)
    .select('item_id')
    .where('part', '=', 3)
    .execute()
  await (platform as any)
    .updateTable(`c_${files}`)
    .set({ one: text(31 * mebibyte) })
    .where('part', '=', 3)
    .execute()
  await source('b', 31 * mebibyte)
  await app.app.means.store.forSystem(system.key).transaction(async (tx) => {
    tx.record({ kind: 'library', id: 'b', operation: 'put', columns: [] })
    tx.record({ kind: 'item', id: `${files}/${item_id}`, operation: 'put', columns: [] })
  })
  await admin('POST', path, { part: 9 })
  const parts = async () => (at as any).selectFrom(`c_${files}`).select('part').execute()
  assert.equal((await until<any[]>(parts, (rows) => rows.length === 10)).length, 10)
  const [status] = await until(
    () => admin('GET', `/admin/v/4/system/${system.key}/edges`),
    ([one]) => one.set_aside.length === 2,
  )
  assert.deepEqual(
    status.set_aside.map(({ asset_class, asset_id }: any) => [asset_class, asset_id]),
    [
      ['libraries', 'b'],
      ['Files', ''],
    ],
  )
  for (const { reason } of status.set_aside) assert.match(reason, /more than the 30 MiB/)
  assert.equal(status.problem, '')
})
