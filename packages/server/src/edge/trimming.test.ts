/** What trimming the change log promises to edges. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../../test/support/app.ts'
import { day, hour } from '../base/clock.ts'
import { logHead } from '../store/down/read.ts'
import { databaseOf } from '../store/store.ts'
import { listEdges } from '../store/tables/edges.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { logState } from '../store/trim.ts'
import { beginFold } from '../store/up/stamps.ts'
import { adminOf, startEdge, until } from './edge.fixture.ts'
import { EdgeScopes } from './edge-scopes.ts'
import { Feed } from './feed.ts'
import type { Frame } from './messages.ts'
import { trimLogs, trimRules } from './trimming.ts'

test('an edge that is away for longer than the log is kept converges, and one in the middle of a first sync does too', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const { means } = app.app
  const data = means.store.forSystem(system.key)
  const admin = adminOf(() => app)
  const readings = await app.createCollection(system, 'Readings', { value: 'int' })
  const path = `/api/v/1/data/${readings}`
  const add = async (value: number): Promise<string> => (await admin('POST', path, { value }))[0].item_id
  const change = (item_id: string, value: number) =>
    admin('PUT', path, { query: [[{ EQ: [{ item_id }] }]], $set: { value } })
  const remove = (item_id: string) =>
    admin('DELETE', path, undefined, { query: JSON.stringify([[{ EQ: [{ item_id }] }]]) })
  const logged = async (): Promise<number> => {
    const count = databaseOf(data)
      .selectFrom('changes')
      .select((eb) => eb.fn.countAll().as('n'))
    return Number((await count.where('system_key', '=', system.key).executeTakeFirstOrThrow()).n)
  }
  await admin(
    'POST',
    path,
    Array.from({ length: 1_200 }, (_, value) => ({ value })),
  )
  const hot = await add(-1)
  const gone = await add(-2)
  await admin('POST', `/admin/${system.key}/deployments`, {
    ...{ name: 'all', edges: ['___ALL_EDGES___'], assets: [{ asset_class: 'Readings' }] },
  })
  const made = await admin('POST', `/admin/edges/${system.key}/hall`, {})
  const edge = await startEdge(t, app, { system, name: 'hall', token: made.token })
  const at = databaseOf(edge.app.means.store) as any
  const cursors = async () => (await findPlatformLink(edge.app.means.store))!.cursors
  await until(cursors, ({ data: lane }) => lane?.at === null)
  const rowsAt = (): Promise<any[]> => at.selectFrom(`c_${readings}`).select(['item_id', 'value']).execute()
  const valueAt = async (id: string) => (await rowsAt()).find(({ item_id }) => item_id === id)?.value

  // A link that stands stays so, whatever is removed behind it.
  app.advance(2 * hour)
  await change(hot, 1)
  await until(
    () => valueAt(hot),
    (value) => value === 1,
  )
  await until(
    async () => (await listEdges(data))[0]!.lanes.data?.idle,
    (idle) => idle === true,
  )
  const before = await cursors()
  await trimLogs(means, 30)
  assert.ok((await logState(data))!.floor > 1_000)
  assert.ok((await logged()) < 100)
  await change(hot, 2)
  assert.equal(
    await until(
      () => valueAt(hot),
      (value) => value === 2,
    ),
    2,
  )
  assert.equal((await cursors()).data!.scope, before.data!.scope)

  // One that is away holds it for so many days, and no longer.
  const folder = edge.folder
  await edge.app.close()
  await change(hot, 3)
  await remove(gone)
  await add(-3)
  app.advance(2 * day)
  await trimLogs(means, 3)
  const held = await logged()
  assert.ok(held >= 3, 'what it missed is there')
  app.advance(2 * day)
  await trimLogs(means, 3)
  assert.ok((await logged()) < held)
  const { floor } = (await logState(data))!
  const [status] = await admin('GET', `/admin/v/4/system/${system.key}/edges`)
  assert.equal(status.lanes.data.first_sync, true)
  const again = await startEdge(t, app, { system, name: 'hall', folder })
  const there = databaseOf(again.app.means.store) as any
  const all = async (db: any): Promise<string> =>
    JSON.stringify(await db.selectFrom(`c_${readings}`).select(['item_id', 'value']).orderBy('item_id').execute())
  const wanted = await all(databaseOf(means.store))
  assert.equal(
    await until(
      () => all(there),
      (found) => found === wanted,
    ),
    wanted,
  )
  const { data: lane } = (await findPlatformLink(again.app.means.store))!.cursors
  assert.ok(lane!.position >= floor)

  await again.app.close()
  await until(
    async () => (await listEdges(data))[0]!.connected,
    (connected) => !connected,
  )
  // A first sync that is under way goes on from where it began; one that is older begins anew.
  const head = (await logHead(data))!
  const around = { key: means.key, scopes: new EdgeScopes(means.store), clock: means.clock }
  const feed = new Feed(data, { name: 'hall', sealKey: '' }, around, {})
  const next = async (): Promise<Frame | undefined> => {
    await feed.look()
    return feed.next('data')
  }
  const first = (await next())!
  assert.equal(first.from, null)
  assert.equal(first.to.at === null, false)
  await databaseOf(means.store)
    .updateTable('edges')
    .set({ cursors: JSON.stringify({ data: first.to }) })
    .execute()
  await change(hot, 4)
  await trimLogs(means, 3, { ...trimRules, keptMs: 0, mostRows: 0 })
  assert.ok((await logState(data))!.floor <= head.position, 'it is pinned')
  const values: unknown[] = []
  for (let frame = await next(), from = first.to; frame !== undefined; frame = await next()) {
    assert.deepEqual(frame.from, from)
    from = frame.to
    values.push(...frame.groups.flatMap((group) => (group.what === 'rows' ? group.put.map((row) => row.value) : [])))
  }
  assert.ok(values.includes(4))
  app.advance(2 * day)
  await trimLogs(means, 3, { ...trimRules, keptMs: 0, mostRows: 0 })
  assert.ok((await logState(data))!.floor > head.position, 'and not for ever')
  const late = new Feed(data, { name: 'hall', sealKey: '' }, around, { data: first.to })
  await late.look()
  const anew = await late.next('data')
  assert.deepEqual([anew!.from, anew!.groups[0]!.what === 'rows' && anew!.groups[0]!.range!.after], [first.to, ''])
})

test('of many changes of one row the newest is kept, and nothing that an edge misses is lost', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const data = app.app.means.store.forSystem(system.key)
  const collection = await app.createCollection(system, 'Hot', { value: 'int' })
  const log = (id: string) =>
    data.transaction(async (tx) => tx.record({ kind: 'item', id, operation: 'put', columns: [] }))
  const start = (await logHead(data))!.position
  await data.transaction(async (tx) => {
    for (let count = 0; count < 10_500; count++) {
      tx.record({ kind: 'item', id: `${collection}/${count % 3}`, operation: 'put', columns: [] })
    }
    tx.record({ kind: 'collection', id: collection, operation: 'put', columns: ['renamed'] })
    tx.record({ kind: 'collection', id: collection, operation: 'put', columns: [] })
  })
  // An edge that stands at the beginning keeps the log where it is.
  await app.call('POST', `/admin/edges/${system.key}/hall`, { developer: app.developer, body: {} })
  const { incarnation } = (await logHead(data))!
  const cursor = { incarnation, scope: '', position: 1, at: null }
  const cursors = JSON.stringify({ identity: cursor, configuration: cursor, data: cursor })
  await databaseOf(data).updateTable('edges').set({ cursors }).execute()
  app.advance(2 * hour)
  await log(`${collection}/2`)
  await trimLogs(app.app.means, 30)
  assert.equal((await logState(data))!.floor, 1)
  const left = await databaseOf(data)
    .selectFrom('changes')
    .select(['kind', 'id', 'columns'])
    .where('kind', 'in', ['item', 'collection'])
    .where('position', '>', start)
    .orderBy('position')
    .execute()
  assert.deepEqual(
    left.map(({ kind, id, columns }) => [kind, id.split('/')[1], columns]),
    [
      ['item', '0', '[]'],
      ['item', '1', '[]'],
      ['collection', undefined, '["renamed"]'],
      ['collection', undefined, '[]'],
      ['item', '2', '[]'],
    ],
  )
})

test('a log in which no rows are written any more is trimmed, also where rows once came up', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const data = app.app.means.store.forSystem(system.key)
  await data.transaction((tx) => beginFold(tx))
  const before = (await logState(data))!.fold!
  await data.transaction(async (tx) => {
    for (let count = 0; count < 50; count++) {
      tx.record({ kind: 'settings', id: system.key, operation: 'put', columns: ['settings'] })
    }
  })
  app.advance(2 * hour)
  await data.transaction(async (tx) => tx.record({ kind: 'settings', id: system.key, operation: 'put', columns: [] }))
  await trimLogs(app.app.means, 30)
  const { floor, fold } = (await logState(data))!
  assert.ok(floor >= before + 50, `${floor}`)
  assert.equal(fold, (await logHead(data))!.position)
})
