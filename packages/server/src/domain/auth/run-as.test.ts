/** An account that services run as is power lent to code, and no way in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'

const email = 'runner@example.com'
const password = 'the plant is quiet'

async function plant(app: TestApp) {
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  await app.createService(system, 'nightly', 'function nightly(req, resp) { resp.success(1) }')
  const runAs = (run_user: string) =>
    app.call('PUT', `/admin/code/v/1/${system.key}/nightly`, { developer: app.developer, body: { run_user } })
  const signIn = () => app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
  return { system, userId, runAs, signIn }
}

test('whom a service runs as cannot sign in or refresh, until that is over or the developer allows it', async (t) => {
  const app = await createTestApp(t)
  const { system, userId, runAs, signIn } = await plant(app)
  const before = await signIn()
  assert.equal(before.status, 200)
  await runAs(userId)
  const refused = await signIn()
  assert.equal(refused.status, 401)
  assert.match(refused.body.error.detail, /e-mail or the password is not right/)
  const body = { grant_type: 'refresh_token', refresh_token: before.body.refresh_token }
  assert.equal((await app.call('POST', '/api/v/1/user/auth', { system, body })).status, 401)
  const path = `/admin/v/4/system/${system.key}/sign-ins`
  const { text } = await app.call('GET', path, { developer: app.developer })
  assert.match(text, /services run as this user/)

  await app.set(system, { run_as_sign_in: 'allowed' })
  assert.equal((await signIn()).status, 200)
  await app.set(system, { run_as_sign_in: 'refused' })
  assert.equal((await signIn()).status, 401)
  await runAs('')
  assert.equal((await signIn()).status, 200)
})

test('nor by way of an auth service that proves his password or vouches for him', async (t) => {
  const app = await createTestApp(t)
  const { system, userId, runAs } = await plant(app)
  const code = `function gate(req, resp) {
    if (req.params.vouch) return signin.grant({ user_id: req.params.vouch }, function (err, data) { err ? resp.error(data) : resp.success(data) })
    ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
      callback: function (err, body) { err ? resp.error(String(body)) : resp.success({ authToken: body.authToken, user_id: '', options: {} }) } })
  }`
  await app.createService(system, 'gate', code, { requires: 'clearblade,signin', executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'gate' })
  const ask = (body: unknown) => app.call('POST', '/api/v/1/user/auth', { system, body })
  assert.ok((await ask({ email, password })).body.user_token)
  await runAs(userId)
  assert.equal((await ask({ email, password })).status, 401)
  assert.equal((await ask({ vouch: userId })).status, 401)
})
