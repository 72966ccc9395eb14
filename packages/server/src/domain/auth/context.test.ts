/** What an auth service is told of a sign-in: what the node saw apart from what the client says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const service = `function tell(req, resp) {
  if (!req.params.password) return resp.error({ options: req.context })
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
    callback: function (err, body) {
      if (err) return resp.error({ options: req.context })
      resp.success({ authToken: body.authToken, user_id: '', options: req.context })
    } })
}`

test('a service is told what is proven and what is claimed, and the two never mix', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createUser(system, email, password)
  await app.createService(system, 'tell', service, { executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'tell' })
  const ask = async (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
    (await app.call('POST', '/api/v/1/user/auth', { system, body, headers })).body.options

  const claims = {
    email,
    address: '10.0.0.1',
    proven: { address: '10.0.0.1' },
    context: { proven: {} },
    position: { latitude: 52.5, longitude: 13.4 },
    device: 'scanner 7',
  }
  const told = await ask(claims, { 'x-forwarded-for': '10.0.0.1', 'user-agent': 'plant app' })
  assert.equal(told.door, 'password')
  assert.equal(told.proven.address, '127.0.0.1', 'no trusted proxy said otherwise')
  assert.equal(told.proven.country, '', 'the operator brought no file')
  assert.deepEqual(told.proven.failures, { password: 0, second_factor: 0, address: 0 })
  assert.equal(told.proven.last_sign_in, null)
  assert.ok(Math.abs(Date.parse(told.proven.time) - Date.now()) < 60_000)
  assert.deepEqual(told.claimed, {
    email,
    user_agent: 'plant app',
    position: { latitude: 52.5, longitude: 13.4 },
    device: 'scanner 7',
  })
  for (const position of [null, 'here', { latitude: 91, longitude: 0 }, { latitude: '1', longitude: 2 }]) {
    assert.equal((await ask({ email, position })).claimed.position, null)
  }

  await ask({ email, password: 'wrong' })
  await ask({ email: 'nobody@example.com', password: 'wrong' })
  const after = (await ask({ email })).proven
  assert.deepEqual(after.failures, { password: 1, second_factor: 0, address: 2 })
  const nobody = (await ask({ email: 'nobody@example.com' })).proven
  assert.deepEqual(nobody.failures, after.failures, 'an e-mail that nobody has looks like one that somebody has')

  await ask({ email, password })
  const last = (await ask({ email })).proven.last_sign_in
  assert.equal(last.address, '127.0.0.1')
  assert.equal(last.factors, 'password')
})
