/** Links and nodes that stop in the middle: of a handshake, of what comes down, of what goes up. Nothing is lost or doubled. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { databaseOf, type Store } from '../store/store.ts'
import { findEdge } from '../store/tables/edges.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { endings, startEdge, type TestEdge, until } from './edge.fixture.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

describe('what stops in the middle', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let readings: string
  let network: FaultProxy
  let edge: TestEdge
  let session: string
  const sensors: string[] = []
  const t = endings()

  const portOf = ({ app: { server } }: TestApp): number => (server.server.address() as { port: number }).port
  const addHere = async (sensor: string, note = '') => {
    const body = { sensor, note }
    const got = await app.call('POST', `/api/v/1/data/${readings}`, { developer: app.developer, body })
    assert.equal(got.status, 200, got.text)
    sensors.push(sensor)
  }
  const addAtEdge = async (sensor: string, note = '') => {
    const got = await edge.call('POST', `/api/v/1/data/${readings}`, { token: session, body: { sensor, note } })
    assert.equal(got.status, 200, got.text)
    sensors.push(sensor)
  }
  const rowsOf = async (store: Store): Promise<string[]> => {
    const { rows } = await sql<{
      sensor: string
    }>`select sensor from ${sql.id(`c_${readings}`)} order by sensor`.execute(databaseOf(store))
    return rows.map(({ sensor }) => sensor)
  }
  /** Each row once at both ends, and nothing that went wrong on the way. */
  const allIsThere = async (): Promise<void> => {
    for (const { store } of [app.app.means, edge.app.means]) {
      const found = await until(
        () => {
          edge.app.edgeLink!.hurry()
          return rowsOf(store)
        },
        (rows) => rows.length >= sensors.length,
      )
      assert.deepEqual(found, [...sensors].sort())
    }
  }
  const record = async () => (await findEdge(app.app.means.store.forSystem(system.key), 'hall'))!
  const cursor = async () => (await findPlatformLink(edge.app.means.store))!.cursors.data
  /** Whoever writes there waits until it is let go of. */
  const hold = async (store: Store): Promise<() => Promise<void>> => {
    const [held, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const holding = store.transaction(async (tx) => {
      await databaseOf(tx).updateTable('edges').set({ description: 'held' }).execute()
      held.resolve()
      await free.promise
    })
    await held.promise
    return () => {
      free.resolve()
      return holding
    }
  }
  const hasPassed = async (bytes: number): Promise<void> => {
    const from = network.passed()
    assert.ok((await until(network.passed, (now) => now >= from + bytes)) >= from + bytes)
  }
  const restart = async (): Promise<void> => {
    app = await createTestApp(t, { beside: app })
    assert.equal((await record()).connected, false, 'no link is left standing')
    network.lead(portOf(app))
    network.light()
  }
  /** Cannot be packed to less. */
  const large = () => Array.from({ length: 3_000 }, () => Math.random().toString(36)).join('')

  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    readings = await app.createCollection(system, 'Readings', { sensor: 'string', note: 'string' })
    await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 15 }] })
    await app.createUser(system, email, password)
    const body = {
      ...{ name: 'hall', edges: ['hall'], sign_in: { users: { emails: [email] } } },
      assets: [{ asset_class: 'Readings', asset_id: '', sync_to_edge: true, sync_to_platform: true }],
    }
    const { developer } = app
    assert.equal((await app.call('POST', `/admin/${system.key}/deployments`, { developer, body })).status, 200)
    const made = await app.call('POST', `/admin/edges/${system.key}/hall`, { developer, body: {} })
    network = await faultProxy(t, portOf(app))
    edge = await startEdge(t, app, { system, name: 'hall', token: made.body.token, platform: network.url })
    await until(cursor, (at) => at?.at === null)
    const signedIn = await until(
      () => edge.call('POST', '/api/v/1/user/auth', { system, body: { email, password } }),
      ({ status }) => status === 200,
    )
    session = signedIn.body.user_token ?? assert.fail(signedIn.text)
  })

  test('an edge that stops while it writes what came goes on from there when it starts again', async () => {
    const before_ = await cursor()
    const letGo = await hold(edge.app.means.store)
    const passing = hasPassed(20_000)
    await addHere('one', large())
    await addHere('two', large())
    await passing
    const closing = edge.app.close()
    await letGo()
    await closing
    edge = await startEdge(t, app, { system, name: 'hall', folder: edge.folder, platform: network.url })
    await allIsThere()
    assert.notDeepEqual(await cursor(), before_)
  })

  test('where the link is cut while a write fails, the next one begins where the edge stands on its disk', async () => {
    const atEdge = (text: string) => sql.raw<Record<string, number>>(text).execute(databaseOf(edge.app.means.store))
    const used = Object.values((await atEdge('pragma page_count')).rows[0]!)[0]!
    const before_ = await cursor()
    await atEdge(`pragma max_page_count = ${used}`)
    await addHere('three', 'large'.repeat(40_000))
    await addHere('four')
    const { problem } = await until(
      () => edge.app.edgeLink!.state,
      (state) => /full/.test(state.problem),
    )
    assert.match(problem, /tried again/)
    const { linkNumber } = await record()
    network.cut()
    await until(
      () => {
        edge.app.edgeLink!.hurry()
        return record()
      },
      (now) => now.linkNumber > linkNumber,
    )
    assert.deepEqual([await cursor(), (await rowsOf(edge.app.means.store)).includes('four')], [before_, false])
    await atEdge(`pragma max_page_count = ${used + 10_000}`)
    await allIsThere()
  })

  test('an edge that stops while a platform does not answer its handshake waits for nothing', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => void sockets.push(socket.on('error', () => {})))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    network.lead((silent.address() as { port: number }).port)
    network.cut()
    await until(
      () => {
        edge.app.edgeLink!.hurry()
        return sockets.length
      },
      (count) => count > 0,
    )
    await edge.app.close()
    assert.match(edge.app.edgeLink!.state.problem, /closed before|cannot be reached\.$/)
    network.lead(portOf(app))
    edge = await startEdge(t, app, { system, name: 'hall', folder: edge.folder, platform: network.url })
    await addHere('five')
    await allIsThere()
  })

  test('a platform that stops while it takes what an edge tells has all of it or none, and gets the rest later', async () => {
    const letGo = await hold(app.app.means.store)
    const passing = hasPassed(20_000)
    await addAtEdge('six', large())
    await addAtEdge('seven', large())
    await passing
    const closing = app.app.close()
    await letGo()
    await closing
    await restart()
    await allIsThere()
    const { developer } = app
    const conflicts = await app.call('GET', `/admin/v/4/system/${system.key}/conflicts`, { developer })
    assert.deepEqual(conflicts.body, [])
  })

  test('a platform that stops in the middle of a handshake says of no edge that it is linked', async () => {
    network.dark()
    await until(record, ({ connected }) => !connected)
    const letGo = await hold(app.app.means.store)
    network.light()
    const from = network.passed()
    // Up to the proof of the edge these are some 1,400 bytes, and up to what it answers some 700.
    await until(
      () => {
        edge.app.edgeLink!.hurry()
        return network.passed()
      },
      (now) => now > from + 1_000,
    )
    const closing = app.app.close()
    await letGo()
    await closing
    await restart()
    await addAtEdge('eight')
    await addHere('nine')
    await allIsThere()
  })
})
