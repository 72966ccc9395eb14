import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp, developerEmail, developerPassword } from '../../../../../test/support/app.ts'

test("a developer's new password ends the other sessions, also one that is being refreshed or opened meanwhile", async (t) => {
  const app = await createTestApp(t)
  const signIn = (password: string) => app.call('POST', '/admin/auth', { body: { email: developerEmail, password } })
  const others = await Promise.all([signIn(developerPassword), signIn(developerPassword)])
  const [changed, ...meanwhile] = await Promise.all([
    app.call('PUT', '/admin/putpass', {
      developer: app.developer,
      body: { old_password: developerPassword, new_password: 'another long passphrase' },
    }),
    ...others.map(({ body }) =>
      app.call('POST', '/admin/auth', { body: { grant_type: 'refresh_token', refresh_token: body.refresh_token } }),
    ),
    signIn(developerPassword),
  ])
  assert.equal(changed!.status, 200, changed!.text)
  const check = async (developer: string) => (await app.call('POST', '/admin/checkauth', { developer })).status
  for (const { body } of [...others, ...meanwhile]) {
    if (body.dev_token) assert.equal(await check(body.dev_token), 401)
  }
  assert.equal(await check(app.developer), 200, 'the session that changed it goes on')
  assert.equal((await signIn(developerPassword)).status, 401)
  assert.equal((await signIn('another long passphrase')).status, 200)
})

test('in development a program registers a developer, and of pages those of this machine alone', async (t) => {
  const app = await createTestApp(t)
  let count = 0
  const register = (headers: Record<string, string>, more = {}) => {
    const body = { email: `new${++count}@example.com`, password: developerPassword, ...more }
    return app.call('POST', '/admin/reg', { body, headers })
  }
  for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null', 'http://192.0.2.1', 'x']) {
    const refused = await register({ origin, host: 'localhost' })
    assert.equal(refused.status, 400, origin)
    assert.match(refused.body.error.detail, /page of elsewhere/)
  }
  assert.equal((await register({})).status, 200)
  for (const origin of [app.app.means.publicUrl(), 'http://127.0.0.1:5173']) {
    assert.equal((await register({ origin })).status, 200)
  }
})
