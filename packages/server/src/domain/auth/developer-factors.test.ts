/** What second factors of developers promise, through the doors of a real node. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { hour, minute, systemClock } from '../../base/clock.ts'
import { developerScope, everythingIn } from '../../deploy/import.fixture.ts'
import { SoftwarePasskey } from '../accounts/software-passkey.fixture.ts'
import { shownByApp } from '../accounts/totp.fixture.ts'
import { resetFactors } from './developer-factors.ts'

const password = 'the plant is quiet tonight'
const own = '/admin/userinfo/authenticators'
const operator = { clock: systemClock, by: 'operator' } as const

describe('a second factor of a developer', () => {
  let app: TestApp
  let email: string
  let token: string
  let page: string
  let made = 0
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    page = app.app.means.publicUrl()
  })
  beforeEach(async () => {
    email = `dev${++made}@example.com`
    token = (await app.call('POST', '/admin/reg', { body: { email, password } })).body.dev_token
    app.advance(hour)
  })

  const from = { headers: { origin: '' } }
  const signIn = (more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    app.call('POST', '/admin/auth', { body: { email, password, ...more }, headers })
  const verify = (attempt: string, code: unknown) =>
    app.call('POST', '/admin/auth/verify', { developer: attempt, body: { code }, ...from })
  const at = (path: string, body: Record<string, unknown>, as = token) =>
    app.call('POST', `${own}/${path}`, { developer: as, body: { password, ...body }, headers: { origin: page } })
  const good = async (developer: string) => (await app.call('POST', '/admin/checkauth', { developer })).status === 200
  const refused = async (got: ReturnType<typeof at>, why = /not right, or no longer good/) => {
    const { status, text } = await got
    assert.ok(status >= 400 && status < 500, text)
    assert.match(text, why)
    assert.doesNotMatch(text, /gh[dr]_/)
  }
  /** The code of an app, now or some steps later: each step counts once. */
  const codeOf = (secret: string, steps = 0) => shownByApp(secret, app.app.means.clock.now(), steps)
  async function bindApp(): Promise<{ secret: string; codes: string[] }> {
    const begun = await at('enrol', { kind: 'totp' })
    assert.equal(begun.status, 200, begun.text)
    const { secret } = begun.body
    assert.match(begun.body.qr, /^<svg/)
    const done = await at('confirm', { code: codeOf(secret) })
    assert.equal(done.status, 200, done.text)
    assert.equal(done.body.recovery_codes.length, 10)
    app.advance(minute)
    return { secret, codes: done.body.recovery_codes }
  }

  test('leaves a row in the audit whenever one is bound or taken away, with no secret in it', async () => {
    const { secret, codes } = await bindApp()
    const gone = await at('remove', { kind: 'totp', code: codes[0], factor: 'recovery' })
    assert.equal(gone.status, 200, gone.text)
    await resetFactors(app.app.means, operator, email)
    const session = (await signIn()).body.dev_token
    const { body, text } = await app.call('GET', '/admin/audit', {
      developer: session,
      query: { kind: 'authenticator' },
    })
    const mine = body.rows.filter((row: { subject: string }) => row.subject === email)
    assert.deepEqual(
      mine.map(({ action, who }: { action: string; who: string }) => [action, who === 'operator']),
      [
        ['remove', false],
        ['bind', false],
      ],
    )
    assert.ok(!text.includes(secret) && codes.every((code: string) => !text.includes(code)))
  })

  test('is owed once it is bound: the password alone gives an attempt and no token, and the attempt opens nothing', async () => {
    assert.equal((await signIn()).body.is_two_factor, false)
    const { secret } = await bindApp()
    const owed = (await signIn()).body
    for (const name of ['next_step_url', 'intermediate_token', 'two_factor_method', 'otp_id', 'otp_issued']) {
      assert.equal(typeof owed[name], 'string', name)
    }
    assert.deepEqual(
      [owed.dev_token, owed.refresh_token, owed.user_id, owed.is_two_factor, owed.two_factor_method],
      ['', '', '', true, 'totp'],
    )
    assert.equal(await good(owed.intermediate_token), false)
    const reads = await app.call('GET', '/admin/allsystems', { developer: owed.intermediate_token })
    assert.equal(reads.status, 401)
    const { sessions } = await everythingIn(await developerScope(app))
    assert.doesNotMatch(sessions!, /password totp/, 'a pending sign-in is no session')
    await refused(verify(owed.intermediate_token, '000000'))
    const code = codeOf(secret)
    const { body } = await verify(owed.intermediate_token, code)
    assert.ok(await good(body.dev_token))
    await refused(verify(owed.intermediate_token, codeOf(secret, 1)))
    // Each step once, in another attempt too.
    await refused(verify((await signIn()).body.intermediate_token, code))
    const info = (await app.call('GET', '/admin/userinfo', { developer: body.dev_token })).body
    assert.equal(info.two_factor_enabled, true)
    const { refresh_token } = body
    const refresh = { body: { grant_type: 'refresh_token', refresh_token } }
    assert.ok(await good((await app.call('POST', '/admin/auth', refresh)).body.dev_token))
    assert.equal((await signIn({ password: 'wrong wrong wrong' })).status, 401)
  })

  test('counts once, of fifty right answers at the same moment, in one attempt and in many', async () => {
    const { secret } = await bindApp()
    const attempts = await Promise.all([1, 2, 3, 4, 5].map(async () => (await signIn()).body.intermediate_token))
    const code = codeOf(secret)
    const all = await Promise.all(Array.from({ length: 50 }, (_, at) => verify(attempts[at % 5]!, code)))
    assert.equal(all.filter(({ body }) => body.dev_token).length, 1)
  })

  test('is closed after ten wrong answers over all attempts, off after fifty, and then no password opens', async () => {
    const { secret, codes } = await bindApp()
    for (let round = 0; round < 5; round++) {
      for (let wrong = 0; wrong < 10; wrong += 5) {
        const attempt = (await signIn()).body.intermediate_token
        for (let i = 0; i < 5; i++) await refused(verify(attempt, '000000'))
        await refused(verify(attempt, codeOf(secret)), /not right, or no longer good|too many wrong/)
      }
      // What a right password learns: that it has to wait, or later that nothing of that kind is left.
      await refused(signIn({ factor: 'totp' }), /too many wrong codes/)
      app.advance(16 * minute)
    }
    await refused(signIn({ factor: 'totp' }), /switched off.*gatehouse developer reset-factors/)
    const other = (await signIn()).body
    assert.deepEqual([other.dev_token, other.two_factor_method], ['', 'recovery'])
    const back = (await verify(other.intermediate_token, codes[0])).body
    assert.ok(await good(back.dev_token))
    await refused(verify((await signIn()).body.intermediate_token, codes[0]))
  })

  test('is bound and taken away by a fresh password, and once there is one, by a fresh answer of it too', async () => {
    await refused(at('enrol', { kind: 'totp', password: 'not my password at all' }), /not right/)
    await refused(at('enrol', { kind: 'phone', phone: '+1 415 555 0123' }), /kind must be/)
    const before = await at('enrol', { kind: 'totp' })
    const elsewhere = (await signIn()).body.dev_token
    const early = before.body.secret
    await refused(at('confirm', { code: codeOf(early) }, elsewhere))
    const { secret } = await bindApp()
    await refused(at('confirm', { code: codeOf(early) }))
    await refused(at('enrol', { kind: 'totp' }, elsewhere), /a fresh answer of it is needed/)
    await refused(at('enrol', { kind: 'totp', code: '000000' }, elsewhere))
    await refused(at('remove', { kind: 'totp' }), /a fresh answer of it is needed/)
    await refused(at('recovery-codes', { code: '000000' }))
    const spent = codeOf(secret)
    const renewed = await at('recovery-codes', { code: spent })
    assert.equal(renewed.body.recovery_codes.length, 10)
    const [code, other] = renewed.body.recovery_codes
    await refused(at('remove', { kind: 'totp', code: spent }))
    const gone = await at('remove', { kind: 'totp', code, factor: 'recovery', end_other_sessions: true })
    assert.deepEqual(gone.body, { removed: true, ended_sessions: 1 })
    assert.equal(await good(elsewhere), false)
    assert.ok(await good(token))
    assert.deepEqual((await app.call('GET', own, { developer: token })).body, [], 'the recovery codes are gone with it')
    assert.ok(await good((await signIn()).body.dev_token), 'the password is enough again')
    await refused(signIn({ factor: 'recovery', password: other }), /not right/)
  })

  test("is a passkey on the console's own page alone, for whoever is at a browser", async () => {
    const passkey = new SoftwarePasskey()
    const begun = await at('enrol', { kind: 'passkey', label: 'key in the drawer' })
    assert.equal(begun.status, 200, begun.text)
    assert.deepEqual(begun.body.passkey.rp, { id: 'localhost', name: 'Gatehouse' })
    await refused(at('confirm', { code: passkey.create(begun.body.passkey, 'http://localhost:1') }))
    const done = await at('confirm', { code: passkey.create(begun.body.passkey, page) })
    assert.equal(done.body.recovery_codes.length, 10, done.text)
    const attempt = async () => (await signIn({}, { origin: page })).body
    const owed = await attempt()
    assert.equal(owed.two_factor_method, 'passkey')
    await refused(verify(owed.intermediate_token, passkey.get(owed.passkey, 'https://console.example.com')))
    const answer = passkey.get(owed.passkey, page)
    const other = await attempt()
    await refused(verify(other.intermediate_token, answer))
    const many = await Promise.all(Array.from({ length: 10 }, () => verify(owed.intermediate_token, answer)))
    assert.equal(many.filter(({ body }) => body.dev_token).length, 1)
    // What is no browser is asked for what it can answer.
    assert.equal((await signIn()).body.two_factor_method, 'recovery')
    const fresh = await at('challenge', {})
    const [held] = (await app.call('GET', own, { developer: token })).body
    const proof = {
      factor: 'passkey',
      challenge_id: fresh.body.challenge_id,
      code: passkey.get(fresh.body.passkey, page),
    }
    await refused(
      at('remove', { kind: 'passkey', id: held.id, ...proof, code: passkey.get(fresh.body.passkey, 'http://x') }),
    )
    const removed = await at('remove', { kind: 'passkey', id: held.id, ...proof })
    assert.equal(removed.status, 200, removed.text)
    assert.equal((await signIn()).body.is_two_factor, false)
  })

  test('is worth nothing for another developer, another password, or an account whose factors the operator took away', async () => {
    const { secret, codes } = await bindApp()
    const owed = (await signIn()).body.intermediate_token
    const next = 'another long passphrase'
    await app.call('PUT', '/admin/putpass', { developer: token, body: { old_password: password, new_password: next } })
    await refused(verify(owed, codeOf(secret)))
    app.advance(minute)
    const now = (await signIn({ password: next })).body.intermediate_token
    const reset = await resetFactors(app.app.means, operator, email.toUpperCase())
    assert.deepEqual(reset, { email, factors: 2, sessions: 1 })
    assert.equal(await good(token), false)
    await refused(verify(now, codeOf(secret)))
    await refused(verify(now, codes[0]))
    const { body } = await signIn({ password: next })
    assert.deepEqual([body.is_two_factor, await good(body.dev_token)], [false, true])
    assert.equal(await resetFactors(app.app.means, operator, 'nobody@example.com'), undefined)
  })

  test('leaves no secret, code or attempt at rest in the clear', async () => {
    const { secret, codes } = await bindApp()
    const attempt = (await signIn()).body.intermediate_token
    const all = JSON.stringify(await everythingIn(await developerScope(app)))
    for (const text of [secret, attempt, ...codes, ...codes.map((one) => one.replaceAll('-', ''))]) {
      assert.ok(!all.includes(text))
    }
  })
})
