/** The page of an edge on its own state: for accounts that were made on its machine, and for nobody else. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { runCommand } from '../../../../test/support/node-process.ts'
import { hour } from '../base/clock.ts'
import { readEdgeConfig } from '../config/edge.ts'
import { defaultSignInLimits } from '../domain/access/sign-in-limits.ts'
import { startEdge, type TestEdge, until } from '../edge/edge.fixture.ts'
import { edgeTokenHeader, statePage } from './edge-page.ts'

const password = 'the hall is quiet at night'

describe('the page of an edge on its own state', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  let edge: TestEdge
  const ends: (() => unknown)[] = []
  const t = { after: (end: () => unknown) => void ends.push(end) }
  before(async () => {
    app = await createTestApp(t)
    system = await app.createSystem()
    await app.createUser(system, 'op@example.com', password)
    await app.createCollection(system, 'Readings', { value: 'int' })
    const { token } = (
      await app.call('POST', `/admin/edges/${system.key}/hall`, { developer: app.developer, body: {} })
    ).body
    const asset = { asset_class: 'Readings', asset_id: '', sync_to_edge: true, sync_to_platform: false }
    const sign_in = { users: { emails: ['op@example.com'] } }
    await app.call('POST', `/admin/${system.key}/deployments`, {
      developer: app.developer,
      body: { name: 'hall', edges: ['hall'], assets: [asset], sign_in },
    })
    edge = await startEdge(t, app, { system, name: 'hall', token })
  })
  after(async () => {
    for (const end of ends.reverse()) await end()
  })

  const cli = (args: string[], input = '') =>
    runCommand(['edge', 'account', ...args, '--data', edge.folder], { input, timeoutMs: 60_000 })
  const signIn = (body: unknown) => edge.call('POST', '/edge/sign-in', { body })
  const state = async (token: string | undefined) => {
    const got = await edge.app.server.inject({
      method: 'GET',
      url: '/edge/state',
      headers: token === undefined ? {} : { [edgeTokenHeader]: token },
    })
    return { status: got.statusCode, body: got.json() }
  }

  test('shows link, lanes, what is deployed and the clock to an account that was made on the machine', async () => {
    const page = await edge.call('GET', '/edge')
    assert.equal(page.status, 200)
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
    assert.ok(!page.text.includes('Insecure:'))
    assert.equal((await state(undefined)).status, 401)
    const made = await cli(['add', 'jo', '--password-stdin'], `${password}\n`)
    assert.deepEqual([made.code, made.stdout.includes(password)], [0, false], made.stderr)
    assert.equal((await cli(['add', 'al', '--password-stdin'], 'short\n')).code, 1)
    assert.match((await cli(['list'])).stdout, /^NAME +CREATED\njo +\d{4}-/)
    const { status, body } = await signIn({ name: 'jo', password })
    assert.equal(status, 200)
    const seen = await until(
      () => state(body.token),
      (one) => one.body.lanes?.data.whole && one.body.holds.users === 1,
    )
    assert.deepEqual([seen.body.account, seen.body.name, seen.body.link.state], ['jo', 'hall', 'connected'])
    assert.deepEqual(seen.body.holds.collections, [{ name: 'Readings', rows: 0 }])
    assert.ok(Math.abs(seen.body.clock.platform_ahead_ms) < 10_000)
    assert.equal(seen.body.insecure, false)
    const up = await until(
      async () => (await state(body.token)).body.going_up,
      (one) => one?.facts === 0,
    )
    assert.deepEqual(up, { facts: 0, rows: 0 })
    assert.ok(!JSON.stringify(seen.body).includes(system.secret))
  })

  test('lets nobody else in, and its token opens nothing else', async () => {
    for (const wrong of [
      { name: 'dev@example.com', password: 'correct horse battery' },
      { name: 'op@example.com', password },
      { name: 'jo', password: [password] },
      {},
    ]) {
      assert.equal((await signIn(wrong)).status, 401, JSON.stringify(wrong))
    }
    const user = await until(
      () => edge.call('POST', '/api/v/1/user/auth', { system, body: { email: 'op@example.com', password } }),
      ({ body }) => body?.user_token !== undefined,
    )
    for (const token of [user.body.user_token, app.developer, 'x', '']) assert.equal((await state(token)).status, 401)
    const { token } = (await signIn({ name: 'jo', password })).body
    for (const given of [{ token }, { developer: token }]) {
      assert.ok((await edge.call('GET', '/api/v/1/user/info', given)).status >= 400)
      assert.ok((await edge.call('GET', '/api/v/1/data/Readings', given)).status >= 400)
    }
    for (const path of ['/edge', '/edge/state']) assert.equal((await app.call('GET', path)).status, 404)
    const loose = await edge.app.server.inject({
      method: 'OPTIONS',
      url: '/edge/state',
      headers: { origin: 'http://x.example', 'access-control-request-method': 'GET' },
    })
    assert.ok(!String(loose.headers['access-control-allow-headers']).toLowerCase().includes(edgeTokenHeader))
  })

  test('makes whoever guesses wait, and ends with the session, the account or eight hours', async () => {
    const first = (await signIn({ name: 'jo', password })).body.token
    const second = (await signIn({ name: 'jo', password })).body.token
    await edge.app.server.inject({ method: 'POST', url: '/edge/sign-out', headers: { [edgeTokenHeader]: first } })
    assert.deepEqual([(await state(first)).status, (await state(second)).status], [401, 200])
    app.advance(9 * hour)
    assert.equal((await state(second)).status, 401)
    const third = (await signIn({ name: 'jo', password })).body.token
    assert.equal((await cli(['remove', 'jo'])).code, 0)
    assert.equal((await state(third)).status, 401)
    assert.equal((await signIn({ name: 'jo', password })).status, 401)
    assert.equal((await cli(['remove', 'jo'])).code, 1)
    const answers = []
    for (let tries = 0; tries <= defaultSignInLimits.free + 1; tries++)
      answers.push(await signIn({ name: 'bo', password }))
    assert.deepEqual([answers[0]!.status, answers.at(-1)!.status], [401, 429])
  })

  test('says so where the platform is reached without https beyond the machine', async () => {
    const asked = { system: 'ab', name: 'hall', data: edge.folder, port: undefined, host: undefined, token: undefined }
    const insecure = (platform: string) =>
      readEdgeConfig({ ...asked, platform, insecure: true, weakSandbox: true }, {}).edge!.insecure
    assert.deepEqual(['http://192.0.2.1', 'https://192.0.2.1', 'http://localhost:9000'].map(insecure), [
      true,
      false,
      false,
    ])
    assert.match(String(statePage({ name: 'hall', insecure: true }).body), /Insecure:/)
    const elsewhere = await runCommand(['edge', 'account', 'list', '--data', app.dataFolder])
    assert.deepEqual([elsewhere.code, elsewhere.stdout], [1, ''])
  })
})
