import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { databaseOf } from '../../store/store.ts'

describe('edges and deployments', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let admin: (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => ReturnType<TestApp['call']>

  before(async () => {
    const t = { after: (fn: () => unknown) => closing.push(fn) }
    app = await createTestApp(t)
    system = await app.createSystem()
    admin = (method, path, body) =>
      app.call(method, path.replace(':key', system.key), {
        developer: app.developer,
        ...(body !== undefined && { body }),
      })
  })
  const closing: (() => unknown)[] = []
  test.after(async () => {
    for (const close of closing) await close()
  })

  test('an edge has a name and a token that is shown once and kept as a hash; its making and removal are audited', async () => {
    const made = await admin('POST', '/admin/edges/:key/hall', { description: 'north' })
    assert.equal(made.status, 200, made.text)
    const { token } = made.body
    assert.match(token, /^ghl_[\w-]{43}\.[\w-]{32}$/)
    const row = await databaseOf(app.app.means.store).selectFrom('edges').selectAll().executeTakeFirstOrThrow()
    assert.ok(!JSON.stringify(row).includes(token.slice(4, 40)))
    const { body: list, text } = await admin('GET', '/admin/edges/:key')
    assert.deepEqual([list[0].name, list[0].state, list[0].isConnected], ['hall', 'waiting', false])
    assert.ok(!text.includes(token.slice(4, 40)))
    assert.equal((await admin('POST', '/admin/edges/:key/hall', {})).status, 400)
    assert.equal((await admin('POST', '/admin/edges/:key/own', { token: 'secret' })).status, 400)
    assert.equal((await admin('POST', '/admin/edges/:key/a%20b', {})).status, 400)
    assert.equal((await admin('PUT', '/admin/edges/:key/hall', { description: 'south' })).status, 200)
    assert.equal((await admin('PUT', '/admin/edges/:key/hall', { token: 'x' })).status, 400)
    assert.equal((await admin('PUT', '/admin/edges/:key/none', { description: 'x' })).status, 400)
    assert.equal((await admin('GET', '/admin/edges/:key/hall')).body.description, 'south')
    assert.equal((await admin('DELETE', '/admin/edges/:key/hall')).status, 200)
    assert.equal((await admin('DELETE', '/admin/edges/:key/hall')).status, 400)
    const { text: audited } = await app.call('GET', '/admin/audit', {
      developer: app.developer,
      query: { system: system.key, kind: 'edge' },
    })
    assert.match(audited, /create/)
    assert.match(audited, /delete/)
    assert.ok(!audited.includes(token.slice(4, 40)))
  })

  test('users, strangers and other developers make and see none', async () => {
    await app.createUser(system, 'op@example.com', 'the plant is quiet')
    const token = await app.signIn(system, 'op@example.com', 'the plant is quiet')
    for (const [method, path] of [
      ['POST', '/admin/edges/:key/x'],
      ['DELETE', '/admin/edges/:key/x'],
      ['GET', '/admin/edges/:key'],
      ['POST', '/admin/:key/deployments'],
    ] as const) {
      const { status } = await app.call(method, path.replace(':key', system.key), { token, body: { name: 'x' } })
      assert.ok(status === 401 || status === 403, `${method} ${path}: ${status}`)
    }
    assert.equal(
      (await app.call('POST', '/admin/edges/0123456789abcdef01234567/x', { developer: app.developer, body: {} }))
        .status,
      400,
    )
    assert.deepEqual((await admin('GET', '/admin/edges/:key')).body, [])
  })

  test('a deployment is made, changed by lists, read and removed; what does not go to edges yet is refused', async () => {
    const readings = { asset_class: 'Readings', asset_id: '', sync_to_edge: true, sync_to_platform: false }
    const body = { name: 'hall', edges: ['hall'], assets: [readings], sign_in: { users: { roles: ['Operators'] } } }
    assert.equal((await admin('POST', '/admin/:key/deployments', body)).status, 200)
    assert.equal((await admin('POST', '/admin/:key/deployments', body)).status, 400)
    const changed = await admin('PUT', '/admin/:key/deployments/hall', {
      edges: { add: ['___ALL_EDGES___'], remove: ['hall'] },
    })
    assert.deepEqual(changed.body.edges, ['___ALL_EDGES___'])
    assert.deepEqual(changed.body.assets, [readings])
    assert.deepEqual((await admin('GET', '/admin/:key/deployments/hall')).body.sign_in.users, {
      roles: ['Operators'],
      emails: [],
    })
    for (const wrong of [
      { assets: [{ asset_class: 'services', asset_id: 'x', sync_to_platform: true }] },
      { assets: [{ ...readings, sync_to_platform: true, conflicts: 'mine' }] },
      { assets: [{ ...readings, sync_to_platform: true }], sign_in: { collections: ['readings'] } },
      { assets: [{ asset_class: 'users', asset_id: '' }] },
      { assets: [{ ...readings, asset_id: 'one-row', sync_to_platform: true, conflicts: 'both' }] },
      { assets: 'all' },
      { edges: [7] },
      { sign_in: { users: { emails: [7] } } },
    ]) {
      const { status } = await admin('PUT', '/admin/:key/deployments/hall', wrong)
      assert.ok(status === 400 || status === 501, JSON.stringify(wrong))
    }
    assert.deepEqual((await admin('GET', '/admin/:key/deployments/hall')).body.assets, [readings])
    const once = [
      { ...readings, sync_to_edge: false },
      { ...readings, asset_id: 'one-row' },
      { ...readings, asset_id: 'another-row', sync_to_platform: true, conflicts: 'edge' },
      { asset_class: 'portals', asset_id: 'Board', sync_to_edge: false, sync_to_platform: false },
    ]
    assert.deepEqual((await admin('PUT', '/admin/:key/deployments/hall', { assets: once })).body.assets, once)
    const { body: pushed } = await admin('POST', '/admin/v/4/system/:key/deployments/hall/push')
    assert.equal(pushed.copied, 2)
    assert.equal((await admin('POST', '/admin/v/4/system/:key/deployments/none/push')).status, 400)
    assert.equal((await admin('DELETE', '/admin/:key/deployments/hall')).status, 200)
    assert.deepEqual((await admin('GET', '/admin/:key/deployments')).body, [])
  })
})
