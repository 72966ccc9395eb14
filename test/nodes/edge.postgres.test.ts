/** An edge at two nodes on one PostgreSQL: linked to one of them, and as well off as if there were no other. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startEdge, type TestEdge, until } from '../../packages/server/src/edge/edge.fixture.ts'
import { type FaultProxy, faultProxy } from '../../packages/server/src/edge/fault-proxy.fixture.ts'
import { findEdge } from '../../packages/server/src/store/tables/edges.ts'
import { findPlatformLink } from '../../packages/server/src/store/tables/platform-links.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
type At = TestApp | TestEdge

describe('an edge at two nodes on one PostgreSQL', () => {
  let a: TestApp
  let b: TestApp
  let system: { key: string; secret: string }
  let userId: string
  let readings: string
  let network: FaultProxy
  let edge: TestEdge
  const ends: (() => unknown)[] = []
  const t = { after: (end: () => unknown) => void ends.push(end) }
  after(async () => {
    for (const end of ends.reverse()) await end()
  })

  const through = async (node: TestApp, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
    const got = await node.call(method, path, { developer: node.developer, ...(body !== undefined && { body }) })
    assert.equal(got.status, 200, `${method} ${path}: ${got.text}`)
    return got.body
  }
  const auth = (at: At) => at.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
  const signIn = async (at: At): Promise<string> => {
    const got = await until(
      () => auth(at),
      ({ status }) => status === 200,
    )
    return got.body.user_token ?? assert.fail(got.text)
  }
  const asks = async (at: At, token: string): Promise<number> =>
    (await at.call('GET', '/api/v/1/user/info', { token, system })).status
  const answers = async (at: At, token: string, wanted: number): Promise<void> =>
    assert.equal(
      await until(
        () => asks(at, token),
        (status) => status === wanted,
      ),
      wanted,
    )
  const add = async (node: TestApp, sensor: string) => through(node, 'POST', `/api/v/1/data/${readings}`, { sensor })
  const addAtEdge = async (token: string, sensor: string) => {
    const got = await edge.call('POST', `/api/v/1/data/${readings}`, { token, body: { sensor } })
    assert.equal(got.status, 200, got.text)
  }
  const atEdge = async (token: string): Promise<string[]> =>
    (await edge.call('GET', `/api/v/1/data/${readings}`, { token })).body.DATA.map(({ sensor }: any) => sensor).sort()
  const atNode = async (node: TestApp): Promise<string[]> =>
    (await through(node, 'GET', `/api/v/1/data/${readings}`)).DATA.map(({ sensor }: any) => sensor).sort()
  const same = async (token: string, sensors: string[]): Promise<void> => {
    for (const ask of [() => atEdge(token), () => atNode(a), () => atNode(b)])
      assert.deepEqual(await until(ask, (found) => found.length >= sensors.length), sensors)
  }
  const record = async () => (await findEdge(a.app.means.store.forSystem(system.key), 'hall'))!
  const linkNumber = async () => (await record()).linkNumber
  const state = async (node: TestApp): Promise<string> =>
    (await through(node, 'GET', `/admin/v/4/system/${system.key}/edges`))[0].state
  const portOf = (node: TestApp): number => (node.app.server.server.address() as { port: number }).port

  before(async () => {
    // Also where this file is run by itself.
    process.env.GATEHOUSE_TEST_DATABASE = 'postgres'
    a = await createTestApp(t)
    b = await createTestApp(t, { beside: a })
    system = await a.createSystem()
    readings = await a.createCollection(system, 'Readings', { sensor: 'string' })
    await a.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 15 }] })
    userId = await a.createUser(system, email, password)
    await through(a, 'POST', `/admin/${system.key}/deployments`, {
      ...{ name: 'hall', edges: ['hall'], sign_in: { users: { emails: [email] } } },
      assets: [{ asset_class: 'Readings', asset_id: '', sync_to_edge: true, sync_to_platform: true }],
    })
    const { token } = await through(a, 'POST', `/admin/edges/${system.key}/hall`, {})
    network = await faultProxy(t, portOf(a))
    edge = await startEdge(t, a, { system, name: 'hall', token, platform: network.url })
    await until(
      async () => (await findPlatformLink(edge.app.means.store))!.cursors,
      (cursors) => cursors.data?.at === null && cursors.identity?.at === null,
    )
  })

  test('hears of what is changed through the other node, and what it says is there', async () => {
    const token = await signIn(edge)
    await add(b, 'through b')
    await addAtEdge(token, 'at the edge')
    await same(token, ['at the edge', 'through b'])
    // Its row alone concerns its link: nothing else of the system is another.
    await through(b, 'POST', `/admin/${system.key}/sync/retry/edge/hall`, {})
    const asked = (await record()).retries
    const { aside } = await until(record, ({ aside: told }) => told.retried === asked)
    assert.equal(aside.retried, asked)
    await through(b, 'PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: true } })
    await answers(edge, token, 401)
    assert.equal((await auth(edge)).status, 401)
    await through(b, 'PUT', `/admin/user/${system.key}`, { user: userId, changes: { disabled: false } })
    await signIn(edge)
  })

  test('has sessions that are good at either node, and end through either', async () => {
    for (const ending of [a, b, edge]) {
      const token = await signIn(edge)
      for (const node of [a, b]) await answers(node, token, 200)
      assert.equal((await ending.call('POST', '/api/v/1/user/logout', { token, system })).status, 200)
      for (const at of [a, b, edge]) await answers(at, token, 401)
    }
    const token = await signIn(b)
    await answers(edge, token, 200)
    await through(b, 'PUT', `/admin/user/${system.key}`, { user: userId, changes: { password: `${password}!` } })
    for (const at of [a, b, edge]) await answers(at, token, 401)
    await through(b, 'PUT', `/admin/user/${system.key}`, { user: userId, changes: { password } })
    await signIn(edge)
  })

  test('links to the other where its node hears nothing more, which then lets go, and nothing is lost or doubled', async () => {
    const token = await signIn(edge)
    const number = await linkNumber()
    network.lead(portOf(b))
    network.halve()
    assert.equal(network.halves(), 1, 'the first node believes in its link')
    await addAtEdge(token, 'in between')
    await add(a, 'after the cut')
    await until(linkNumber, (now) => now > number)
    await same(token, ['after the cut', 'at the edge', 'in between', 'through b'])
    // With the next change that concerns links it finds out that this one is another's.
    await a.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 15 }] })
    assert.equal(
      await until(
        () => network.halves(),
        (count) => count === 0,
      ),
      0,
    )
    assert.deepEqual([await state(a), await state(b)], ['connected', 'connected'])
    assert.equal(edge.app.edgeLink!.state.state, 'connected')
  })

  test('goes back to the first when the second stops, and is cut off there by whoever removes it', async () => {
    const token = await signIn(edge)
    const number = await linkNumber()
    network.lead(portOf(a))
    await b.app.close()
    await addAtEdge(token, 'while b stops')
    await until(linkNumber, (now) => now > number)
    await add(a, 'b is gone')
    const all = ['after the cut', 'at the edge', 'b is gone', 'in between', 'through b', 'while b stops']
    assert.deepEqual(
      await until(
        () => atNode(a),
        (found) => found.length >= all.length,
      ),
      all,
    )
    assert.deepEqual(
      await until(
        () => atEdge(token),
        (found) => found.length >= all.length,
      ),
      all,
    )
    b = await createTestApp(t, { beside: a })
    await through(b, 'DELETE', `/admin/edges/${system.key}/hall`)
    await until(
      () => edge.app.edgeLink!.state.state,
      (now) => now === 'refused',
    )
    assert.equal(edge.app.edgeLink!.state.state, 'refused')
    for (const node of [a, b]) await answers(node, token, 401)
  })
})
