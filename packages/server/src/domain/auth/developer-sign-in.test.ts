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
