/** A user's own recovery codes by the client, against a node with the package two-factor-auth. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../test/support/app.ts'
import { installTwoFactor } from '../../../test/support/two-factor.ts'
import { newKeyPair } from '../../server/src/base/link-keys.ts'
import { hashToken } from '../../server/src/base/secrets.ts'
import { enrolEdge } from '../../server/src/store/tables/edges.ts'
import { authenticatorsClient } from './authenticators.ts'
import { SignInError, signInClient } from './sign-in.ts'

test('recovery codes are made once by the password and a fresh code, for the platform or one edge, and listed', async (t) => {
  const app = await createTestApp(t)
  const { system, user: credentials, lastCode } = await installTwoFactor(app)
  const { developer } = app
  const { password } = credentials
  const platform = { url: app.app.means.publicUrl(), systemKey: system.key, systemSecret: system.secret }
  const asked = await signInClient(platform).signIn(credentials)
  assert.ok(asked.state === 'code', JSON.stringify(asked))
  const signedIn = await asked.answer(await lastCode())
  assert.ok(signedIn.state === 'in', JSON.stringify(signedIn))
  const own = authenticatorsClient(platform, signedIn.token)
  const held = async () => {
    const listed = await own.list()
    assert.ok(listed.state === 'listed', JSON.stringify(listed))
    return listed.authenticators.map(({ kind, state, left, edge, spent }) => [kind, state, left, edge, spent])
  }
  const before = await held()
  assert.deepEqual(before, [['phone', 'bound', undefined, undefined, undefined]])
  const fresh = async () => {
    app.advance(31_000)
    const sent = await own.askForCode(password, 'phone')
    assert.ok(sent.state === 'asked', JSON.stringify(sent))
    assert.match(sent.to!, /^\+1 •/)
    const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })
    // The name of the system stands before it, and has digits as well.
    const code = /(\d{6}) is your code/.exec(inbox.body.at(-1).body)![1]!
    return { password, factor: 'phone' as const, challengeId: sent.challengeId, code }
  }

  const first = await fresh()
  const wrong = await own.makeRecoveryCodes({ ...first, password: 'not it' })
  assert.equal(wrong.state, 'refused')
  const stranger = await authenticatorsClient(platform, 'ghu_x').makeRecoveryCodes(first)
  assert.equal(stranger.state, 'refused')
  assert.equal((await authenticatorsClient(platform, 'ghu_x').list()).state, 'refused')
  assert.deepEqual(await held(), before)
  const made = await own.makeRecoveryCodes(first)
  assert.ok(made.state === 'made', JSON.stringify(made))
  assert.deepEqual([made.codes.length, made.edge], [10, undefined])
  assert.equal((await own.makeRecoveryCodes(first)).state, 'refused', 'a code was good twice')

  const { token } = (await app.call('POST', `/admin/edges/${system.key}/hall`, { developer, body: {} })).body
  const nowhere = await own.makeRecoveryCodes({ ...(await fresh()), edge: 'hall' })
  assert.match(nowhere.state === 'refused' ? nowhere.message : '', /no such edge that this user signs in at/)
  const sign_in = { users: { emails: [credentials.email] } }
  const deployment = { name: 'hall', edges: ['hall'], assets: [], sign_in }
  const put = await app.call('POST', `/admin/${system.key}/deployments`, { developer, body: deployment })
  assert.equal(put.status, 200, put.text)
  const keys = { publicKey: newKeyPair('ed25519').publicKey, sealKey: newKeyPair('x25519').publicKey }
  await enrolEdge(app.app.means.store, hashToken(token), keys, app.app.means.clock.now())
  const placed = await own.makeRecoveryCodes({ ...(await fresh()), edge: 'hall' })
  assert.ok(placed.state === 'made', JSON.stringify(placed))
  assert.deepEqual([placed.codes.length, placed.edge], [10, 'hall'])
  assert.deepEqual(await held(), [
    ...before,
    ['recovery', 'bound', 10, undefined, undefined],
    ['recovery', 'bound', undefined, 'hall', 0],
  ])
  const raw = await app.call('GET', '/api/v/4/user/authenticators', { token: signedIn.token })
  assert.ok(!/sealed|boundBy|bound_by|failures/.test(raw.text), raw.text)
  const anonymous = await app.call('GET', '/api/v/4/user/authenticators', { system })
  assert.equal(anonymous.status, 401)

  const again = await signInClient(platform).signIn({ ...credentials, factor_kind: 'recovery' })
  assert.ok(again.state === 'code', JSON.stringify(again))
  assert.equal((await again.answer(placed.codes[0]!)).state, 'refused', 'one for the edge opens nothing here')
  assert.equal((await again.answer(made.codes[0]!)).state, 'in')
  const nobody = authenticatorsClient({ ...platform, url: 'http://127.0.0.1:1' }, signedIn.token)
  await assert.rejects(nobody.list(), SignInError)
})
