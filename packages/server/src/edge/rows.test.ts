/** What becomes of rows that are written at edges: where they go, what stands after a conflict, and what stays where it is. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { day, minute } from '../base/clock.ts'
import { logHead } from '../store/down/read.ts'
import { databaseOf } from '../store/store.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { localRows } from '../store/up/local.ts'
import { setLogClock } from '../store/up/stamps.ts'
import { adminOf, endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.fixture.ts'

const password = 'the plant is quiet'
const email = 'op@example.com'
const names = ['Readings', 'Ruled', 'Edged', 'Doubled', 'Local'] as const
type Name = (typeof names)[number]

describe('rows that are written at an edge', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let hall: TestEdge
  let dock: TestEdge
  let network: FaultProxy
  const ids = {} as Record<Name, string>
  const tokens = new Map<unknown, string>()
  const t = endings()

  const admin = adminOf(() => app)
  const at = async (place: TestApp | TestEdge, method: 'GET' | 'POST' | 'PUT', name: Name, body?: unknown) => {
    const token = tokens.get(place)!
    const got = await place.call(method, `/api/v/1/data/${ids[name]}`, { token, ...(body !== undefined && { body }) })
    assert.equal(got.status, 200, got.text)
    return got.body
  }
  const add = async (place: TestApp | TestEdge, name: Name, row: object): Promise<string> =>
    (await at(place, 'POST', name, row))[0].item_id
  const change = (place: TestApp | TestEdge, name: Name, item_id: string, $set: object) =>
    at(place, 'PUT', name, { query: [[{ EQ: [{ item_id }] }]], $set })
  const remove = async (place: TestApp | TestEdge, name: Name, item_id: string) => {
    const query = encodeURIComponent(JSON.stringify([[{ EQ: [{ item_id }] }]]))
    const path = `/api/v/1/data/${ids[name]}?query=${query}`
    const got = await place.app.server.inject({
      ...{ method: 'DELETE', url: path, headers: { 'clearblade-usertoken': tokens.get(place)! } },
    })
    assert.equal(got.statusCode, 200, got.body)
  }
  const rowsAt = async (place: TestApp | TestEdge, name: Name): Promise<any[]> => {
    const { DATA } = await at(place, 'GET', name)
    return DATA.sort((one: any, other: any) => (one.item_id < other.item_id ? -1 : 1))
  }
  const rowAt = async (place: TestApp | TestEdge, name: Name, id: string) =>
    (await rowsAt(place, name)).find(({ item_id }) => item_id === id)
  const conflicts = async (item?: string): Promise<any[]> =>
    (await admin('GET', `/admin/v/4/system/${system.key}/conflicts?limit=500`)).filter(
      ({ item_id }: any) => item === undefined || item_id === item,
    )
  const statusOf = async (name: string) =>
    (await admin('GET', `/admin/edges/${system.key}`)).find((one: any) => one.name === name)
  /** All three hold the same, and nothing is on its way. */
  const same = async (name: Name): Promise<any[]> => {
    const found = await until(
      async () => Promise.all([app, hall, dock].map((place) => rowsAt(place, name))),
      ([one, ...others]) => others.every((other) => JSON.stringify(other) === JSON.stringify(one)) && true,
    )
    assert.deepEqual(found[1], found[0])
    assert.deepEqual(found[2], found[0])
    return found[0]!
  }
  const settled = async (edge: TestEdge, name: string): Promise<void> => {
    const store = edge.app.means.store.forSystem(system.key)
    const last = async () => {
      const row = await databaseOf(store)
        .selectFrom('changes')
        .select(({ fn }) => fn.max('position').as('last'))
        .where('kind', '=', 'item')
        .executeTakeFirst()
      return Number(row?.last ?? 0)
    }
    const position = await last()
    await until(
      async () => {
        edge.app.edgeLink!.hurry()
        return (await upCursor(app.app.means.store.forSystem(system.key), name, 'rows'))?.position ?? 0
      },
      (taken) => taken >= position,
    )
  }

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    for (const name of names) {
      ids[name] = await app.createCollection(system, name, { sensor: 'string', value: 'int', note: 'string' })
      await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name }, permissions: 15 }] })
    }
    const unique = { id: ids.Readings, addColumn: { name: 'serial', type: 'string' } }
    await admin('PUT', '/admin/collectionmanagement', unique)
    const index = { developer: app.developer, query: { columnName: 'serial' } }
    const made = await app.call('POST', `/api/v/4/data/${system.key}/Readings/uniqueindex`, index)
    assert.equal(made.status, 200, made.text)
    await app.createUser(system, email, password)
    await app.createService(
      system,
      'counted',
      `ClearBlade.init({ request: req }); ClearBlade.Collection({ collectionName: 'Readings' }).create({ sensor: 'by code' },
        function (err, body) { err ? resp.error(body) : resp.success(body) })`,
      { requires: 'clearblade', executableBy: ['Authenticated'] },
    )
    const asset = (asset_class: Name, conflicts_?: string) => ({
      ...{ asset_class, asset_id: '', sync_to_edge: true, sync_to_platform: conflicts_ !== undefined },
      ...(conflicts_ !== undefined && { conflicts: conflicts_ }),
    })
    await admin('POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'all', edges: ['___ALL_EDGES___'], sign_in: { users: { emails: [email] } } },
      assets: [
        ...[asset('Readings', 'last_writer'), asset('Ruled', 'platform'), asset('Edged', 'edge')],
        ...[asset('Doubled', 'both'), asset('Local'), { asset_class: 'services', asset_id: 'counted' }],
      ],
    })
    const addEdge = async (name: string): Promise<string> =>
      (await admin('POST', `/admin/edges/${system.key}/${name}`, {})).token
    network = await faultProxy(t, (app.app.server.server.address() as any).port)
    hall = await startEdge(t, app, { system, name: 'hall', token: await addEdge('hall'), platform: network.url })
    dock = await startEdge(t, app, { system, name: 'dock', token: await addEdge('dock') })
    for (const edge of [hall, dock]) {
      await until(
        async () => (await findPlatformLink(edge.app.means.store))!.cursors,
        (cursors) => cursors.data?.at === null && cursors.identity?.at === null,
      )
    }
    for (const place of [app, hall, dock]) {
      const got = await place.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
      tokens.set(place, got.body.user_token ?? assert.fail(got.text))
    }
  })

  test('go up to the platform and on to the other edges, by users and by code, and nothing comes back as new', async () => {
    const id = await add(hall, 'Readings', { sensor: 'north', value: 1 })
    await until(
      () => rowAt(dock, 'Readings', id),
      (row) => row !== undefined,
    )
    await change(dock, 'Readings', id, { value: 2 })
    await until(
      () => rowAt(hall, 'Readings', id),
      (row) => row?.value === 2,
    )
    assert.equal((await rowAt(app, 'Readings', id)).value, 2)
    const run = await hall.call('POST', `/api/v/1/code/${system.key}/counted`, { token: tokens.get(hall)!, body: {} })
    assert.equal(run.body?.success, true, run.text)
    await until(
      () => rowsAt(dock, 'Readings'),
      (rows) => rows.some(({ sensor }) => sensor === 'by code'),
    )
    const log = async () =>
      (await databaseOf(dock.app.means.store).selectFrom('changes').select('id').where('kind', '=', 'item').execute())
        .length
    const before_ = await log()
    for (let value = 0; value < 5; value++) await add(app, 'Readings', { sensor: 'platform', value })
    await remove(app, 'Readings', id)
    await until(
      () => rowsAt(dock, 'Readings'),
      (rows) =>
        rows.filter(({ sensor }) => sensor === 'platform').length === 5 && !rows.some(({ item_id }) => item_id === id),
    )
    assert.equal(await log(), before_)
    await same('Readings')
    assert.deepEqual(await conflicts(), [])
  })

  test('what is written into a collection that does not go up stays where it is', async () => {
    const id = await add(hall, 'Local', { sensor: 'here' })
    const marker = await add(hall, 'Readings', { sensor: 'marker' })
    await until(
      () => rowAt(app, 'Readings', marker),
      (row) => row !== undefined,
    )
    assert.equal(await rowAt(app, 'Local', id), undefined)
    assert.ok(await rowAt(hall, 'Local', id))
  })

  /** Both sides change the row while the network is dark; what was written last is written at the edge. */
  const apart = async (name: Name, work: (id: string) => Promise<void>): Promise<string> => {
    const id = await add(app, name, { sensor: 's', value: 0, note: 'n' })
    await until(
      () => rowAt(hall, name, id),
      (row) => row !== undefined,
    )
    network.dark()
    await work(id)
    network.light()
    await settled(hall, 'hall')
    await same(name)
    return id
  }

  test('of a column that two changed the later one stands, and what only one changed stands beside it', async () => {
    const later = await apart('Readings', async (id) => {
      await change(app, 'Readings', id, { value: 1, sensor: 'platform' })
      app.advance(1_000)
      await change(hall, 'Readings', id, { value: 2, note: 'edge' })
    })
    const row = await rowAt(dock, 'Readings', later)
    assert.deepEqual([row.value, row.sensor, row.note], [2, 'platform', 'edge'])
    const [conflict, ...more] = await conflicts(later)
    assert.deepEqual([conflict.outcome, conflict.edge, conflict.rule, more.length], ['edge', 'hall', 'last_writer', 0])
    assert.deepEqual([conflict.detail.value.platform, conflict.detail.value.edge], [1, 2])
    const earlier = await apart('Readings', async (id) => {
      await change(hall, 'Readings', id, { value: 2 })
      app.advance(1_000)
      await change(app, 'Readings', id, { value: 1 })
    })
    assert.equal((await rowAt(hall, 'Readings', earlier)).value, 1)
    assert.equal((await conflicts(earlier))[0].outcome, 'platform')
  })

  test('the rule of a collection says whose change stands, whenever it was made', async () => {
    const both = (name: Name) => async (id: string) => {
      await change(hall, name, id, { value: 2 })
      app.advance(1_000)
      await change(app, name, id, { value: 1 })
    }
    assert.equal((await rowAt(dock, 'Edged', await apart('Edged', both('Edged')))).value, 2)
    const ruled = await apart('Ruled', async (id) => {
      await change(app, 'Ruled', id, { value: 1 })
      app.advance(1_000)
      await change(hall, 'Ruled', id, { value: 2 })
    })
    assert.equal((await rowAt(hall, 'Ruled', ruled)).value, 1)
    const doubled = await apart('Doubled', both('Doubled'))
    assert.deepEqual((await rowsAt(dock, 'Doubled')).map(({ value }) => value).sort(), [1, 2])
    assert.equal((await rowAt(dock, 'Doubled', doubled)).value, 1)
    assert.equal((await conflicts(doubled))[0].outcome, 'both')
  })

  test('a row that one place deleted and the other changed is what was done last', async () => {
    const gone = await apart('Readings', async (id) => {
      await change(app, 'Readings', id, { value: 1 })
      app.advance(1_000)
      await remove(hall, 'Readings', id)
    })
    assert.equal(await rowAt(app, 'Readings', gone), undefined)
    const back = await apart('Readings', async (id) => {
      await remove(app, 'Readings', id)
      app.advance(1_000)
      await change(hall, 'Readings', id, { value: 5 })
    })
    const row = await rowAt(app, 'Readings', back)
    assert.deepEqual([row.value, row.sensor], [5, 's'])
    const stays = await apart('Readings', async (id) => {
      await change(hall, 'Readings', id, { value: 5 })
      app.advance(1_000)
      await remove(app, 'Readings', id)
    })
    assert.equal(await rowAt(hall, 'Readings', stays), undefined)
  })

  /** The clock by which the edge stamps its changes. */
  const setHall = (ms: number): Promise<void> =>
    hall.app.means.store.forSystem(system.key).transaction((tx) => setLogClock(tx, [ms, 0]))

  test('an edge whose stamps are behind goes by the stamps that it has seen', async () => {
    await setHall(app.app.means.clock.now() - 60 * minute)
    const id = await add(app, 'Readings', { sensor: 'clock' })
    await until(
      () => rowAt(hall, 'Readings', id),
      (row) => row !== undefined,
    )
    const stampAt = async ({ app: { means } }: TestApp | TestEdge): Promise<number> =>
      (await logHead(means.store.forSystem(system.key)))!.stamp[0]
    assert.equal(await stampAt(hall), await stampAt(app))
  })

  test('an edge whose stamps are a day ahead wins nothing by it, and is told so', async () => {
    const id = await apart('Readings', async (row) => {
      await setHall(app.app.means.clock.now() + day)
      await change(hall, 'Readings', row, { value: 7 })
    })
    assert.equal((await rowAt(app, 'Readings', id)).value, 7)
    const status = await until(
      () => statusOf('hall'),
      ({ problem }) => /clock/.test(problem),
    )
    assert.match(status.problem, /ahead: its changes got the time of the platform/)
    const later = await apart('Readings', async (row) => {
      await change(hall, 'Readings', row, { value: 1 })
      app.advance(minute)
      await change(app, 'Readings', row, { value: 2 })
    })
    assert.equal((await rowAt(hall, 'Readings', later)).value, 2, 'its clock has gone back to what is true')
  })

  test('large rows go up a few at a time, and no more of them are read than that', async () => {
    network.dark()
    const from = (await upCursor(app.app.means.store.forSystem(system.key), 'hall', 'rows'))!
    const note = 'precious'.repeat(20_000)
    const written: string[] = []
    for (let value = 0; value < 12; value++) written.push(await add(hall, 'Readings', { value, note }))
    const sent: string[] = []
    const looked: number[] = []
    for (let cursor = from, atOnce: number | undefined; ; ) {
      const found = await localRows(hall.app.means.store.forSystem(system.key), cursor, atOnce)
      if (found === undefined) break
      cursor = found.to
      atOnce = found.atOnce
      looked.push(atOnce)
      assert.ok(JSON.stringify(found.items).length <= 256 * 1024)
      sent.push(...found.items.map(({ key }) => key).filter((key) => written.includes(key)))
    }
    assert.deepEqual(sent, written)
    assert.ok(looked.every((count) => count <= 10) && looked.at(-1) === 1, looked.join())
    network.light()
    await settled(hall, 'hall')
    for (const id of written) assert.equal((await rowAt(app, 'Readings', id))?.note, note)
  })

  test('a row that cannot be written is set aside with its values, and what follows goes on', async () => {
    const taken = await add(app, 'Readings', { serial: 'A1' })
    await until(
      () => rowAt(hall, 'Readings', taken),
      (row) => row !== undefined,
    )
    network.dark()
    await add(app, 'Readings', { serial: 'A2' })
    const lost = await add(hall, 'Readings', { serial: 'A2', note: 'precious' })
    const next = await add(hall, 'Readings', { serial: 'A3' })
    network.light()
    await settled(hall, 'hall')
    await until(
      () => rowAt(dock, 'Readings', next),
      (row) => row !== undefined,
    )
    await same('Readings')
    const [conflict] = await until(
      () => conflicts(lost),
      (found) => found.length > 0,
    )
    assert.equal(conflict.outcome, 'set aside')
    assert.match(JSON.stringify(conflict.detail), /precious/)
    const before = new Set((await conflicts()).map(({ id }) => id))
    const forgotten = await admin('DELETE', `/admin/v/4/system/${system.key}/conflicts`)
    assert.ok(forgotten.count > 0)
    // The edge may tell of its own row just now: that is another one.
    assert.ok((await conflicts()).every(({ id }) => !before.has(id)))
  })
})
