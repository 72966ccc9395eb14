/** A new password by the client, where the platform asks for one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../test/support/app.ts'
import { installTwoFactor } from '../../../test/support/two-factor.ts'
import { passwordClient } from './password.ts'
import { signInClient } from './sign-in.ts'

test('where a new password is asked for it is set by the old one and a fresh code, and then signs in', async (t) => {
  const app = await createTestApp(t)
  const { system, user: credentials } = await installTwoFactor(app)
  const { developer } = app
  const platform = { url: app.app.means.publicUrl(), systemKey: system.key, systemSecret: system.secret }
  const sign = (password: string) => signInClient(platform).signIn({ ...credentials, password })
  const { body } = await app.call('GET', `/admin/user/${system.key}`, { developer })
  const { user_id: id } = body.Data.find(({ email }: { email: string }) => email === credentials.email)
  const path = `/admin/v/4/system/${system.key}/users/${id}/new-password`
  assert.equal((await app.call('POST', path, { developer, body: { reason: 'exposed' } })).status, 200)

  const refused = await sign(credentials.password)
  assert.match(refused.state === 'refused' ? refused.message : '', /good no more, since others may know it/)
  const own = passwordClient(platform)
  const next = { ...credentials, newPassword: 'another quiet plant' }
  assert.equal((await own.change(next)).state, 'refused', 'the password alone')
  assert.equal((await own.askForCode({ ...credentials, password: 'not it' }, 'phone')).state, 'refused')
  await app.app.notices.idle()
  const asked = await own.askForCode(credentials, 'phone')
  assert.ok(asked.state === 'asked', JSON.stringify(asked))
  assert.match(asked.to!, /^\+1 •/)
  const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })
  const code = /(\d{6}) is your code for setting a new password/.exec(inbox.body.at(-1).body)![1]!
  const proof = { ...next, factor: 'phone' as const, challengeId: asked.challengeId }
  const wrong = await own.change({ ...proof, code: 'no code' })
  assert.equal(wrong.state, 'refused')
  assert.deepEqual(await own.change({ ...proof, code }), { state: 'changed' })
  assert.equal((await sign(credentials.password)).state, 'refused')
  app.advance(31_000)
  assert.equal((await sign(next.newPassword)).state, 'code', 'the second factor is owed as before')

  app.advance(60_000)
  assert.deepEqual(await own.sendLink(credentials.email), { state: 'asked' })
  assert.equal((await own.sendLink('no address')).state, 'refused')
  await app.app.notices.idle()
  const mails = (await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })).body
  const behind = mails.map(({ body }: any) => /password-reset#(\S+)/.exec(body)?.[1]).find((found: any) => found)
  assert.equal((await own.setByLink('not.it', 'a third quiet plant')).state, 'refused')
  assert.deepEqual(await own.setByLink(behind, 'a third quiet plant'), { state: 'changed' })
  assert.equal((await sign(next.newPassword)).state, 'refused')
  assert.equal((await sign('a third quiet plant')).state, 'code')
})
