/** A new password that is asked for: what the one before opens until then, which is nothing, and how another is set. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { minute } from '../../base/clock.ts'
import { tallyPrefix } from '../../store/tables/messages.ts'
import { shownByApp } from '../accounts/totp.fixture.ts'
import { type System, secondFactorSystem } from './second-factor.fixture.ts'

const password = 'the plant is quiet'
const another = 'another quiet plant'
const asks = /A new password is asked for/
const exposed = /good no more, since others may know it/

const opener = `function opener(req, resp) {
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email,
    password: req.params.password, callback: function (err, body) { resp.success(err ? String(body) : body.authToken) } })
}`

describe('a new password that is asked for', () => {
  let app: TestApp
  const systems = {} as { plain: System; asked: System }
  let persons = 0
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
    systems.plain = await app.createSystem()
    await app.createService(systems.plain, 'opener', opener)
    systems.asked = await secondFactorSystem(app)
  })

  type Person = { system: System; email: string; id: string }
  const person = async (which: 'plain' | 'asked', fields = {}): Promise<Person> => {
    const [system, email] = [systems[which], `person${++persons}@example.com`]
    return { system, email, id: await app.createUser(system, email, password, fields) }
  }
  const own = ({ system }: Person, what: string, body: unknown) =>
    app.call('POST', `/api/v/4/user/${what}`, { system, body })
  const auth = ({ system, email }: Person, body: Record<string, unknown> = { email, password }) =>
    app.call('POST', '/api/v/1/user/auth', { system, body })
  const change = (who: Person, more: Record<string, unknown> = {}) =>
    own(who, 'password/change', { email: who.email, password, new_password: another, ...more })
  const admin = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) =>
    app.call(method, path, { developer: app.developer, ...(body !== undefined && { body }) })
  const ask = async ({ system, id }: Person, reason: unknown) => {
    const got = await admin('POST', `/admin/v/4/system/${system.key}/users/${id}/new-password`, { reason })
    assert.equal(got.status, 200, got.text)
    return got.body
  }
  const stateOf = async ({ system, id }: Person): Promise<string> =>
    (await admin('GET', `/admin/v/4/system/${system.key}/accounts?user=${id}`)).body[0].new_password
  const sessionsOf = async ({ system, id }: Person): Promise<number> =>
    (await admin('GET', `/admin/v/4/session/${system.key}/user`)).body.filter((one: any) => one.user_id === id).length
  /** What the audit says of passwords that the person set. */
  const notedOf = async ({ system, id }: Person) => {
    const { body } = await app.call('GET', `/admin/audit?system=${system.key}`, { developer: app.developer })
    const own = body.rows.filter((one: any) => one.action === 'set a new password' && one.details.id === id)
    assert.ok(own.every((one: any) => one.address !== '' && one.kind === 'user'))
    return own.map((one: any) => one.details)
  }
  /** Refusals at the door where it is set, the newest first. */
  const refusedOf = async ({ system, id }: Person): Promise<string[]> => {
    const { body } = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: app.developer })
    const own = body.filter((one: any) => one.door === 'new password' && one.userId === id)
    assert.ok(own.every((one: any) => one.decision === 'refused'))
    return own.map((one: any) => one.why)
  }
  /** Answers what the app shows next. */
  const bindApp = async (who: Person): Promise<{ shows: () => string; codes: string[] }> => {
    const path = `/admin/v/4/system/${who.system.key}/users/${who.id}/enrolment`
    const vouched = { email: who.email, password, enrolment: (await admin('POST', path)).body.enrolment }
    const { secret } = (await own(who, 'authenticators/enrol', { ...vouched, kind: 'totp' })).body
    const shows = () => shownByApp(secret, app.app.means.clock.now())
    const done = await own(who, 'authenticators/confirm', { ...vouched, code: shows() })
    assert.equal(done.status, 200, done.text)
    app.advance(minute)
    return { shows, codes: done.body.recovery_codes }
  }

  test('ends sessions, and until it is set the one before opens nothing, at any door; who guesses learns nothing', async () => {
    for (const [reason, says] of [
      ['asked', asks],
      ['exposed', exposed],
    ] as const) {
      const who = await person('plain')
      const { user_token: token, refresh_token } = (await auth(who)).body
      const made = await ask(who, reason)
      assert.deepEqual(made, { user_id: who.id, new_password: reason, ended_sessions: 1 })
      assert.equal(await stateOf(who), reason)
      assert.equal((await app.call('POST', '/api/v/1/user/checkauth', { token })).status, 401)
      assert.equal((await auth(who, { grant_type: 'refresh_token', refresh_token })).status, 401)
      const body = { old_password: password, new_password: another }
      assert.equal((await app.call('PUT', '/api/v/1/user/pass', { token, body })).status, 401)
      const refused = await auth(who)
      assert.deepEqual([refused.status, refused.body.error.code, says.test(refused.text)], [401, 932, true])
      const inService = await app.run(
        who.system,
        'opener',
        { email: who.email, password },
        { developer: app.developer },
      )
      assert.match(inService.body.results, says)
      const wrong = await auth(who, { email: who.email, password: 'not it' })
      const unknown = await auth(who, { email: 'nobody@example.com', password })
      assert.deepEqual([wrong.status, wrong.body.error.code], [401, 915])
      assert.equal(wrong.body.error.detail, unknown.body.error.detail)
      assert.equal(await sessionsOf(who), 0)
      app.advance(minute)
    }
    const who = await person('asked', { sms_phone: '+14155550123' })
    const begun = (await auth(who)).body.options
    await ask(who, 'asked')
    assert.doesNotMatch((await auth(who, { factor_id: begun.factor_id, code: begun.code })).text, /ghu_/)
    const refused = await auth(who)
    assert.match(refused.text, asks)
    assert.equal(refused.body.user_token, '')
  })

  test('is set by the password alone where it was asked for and there is no second factor; nobody is signed in by it', async () => {
    const who = await person('plain')
    await ask(who, 'asked')
    for (const [next, status] of [
      [password, 400],
      ['short', 400],
      ['', 400],
      [7, 400],
      [who.email, 400],
      [who.email.split('@')[0]!, 400],
    ] as const) {
      assert.equal((await change(who, { new_password: next })).status, status)
    }
    const typed = { email: ` ${who.email.toUpperCase()} ` }
    for (const next of [who.email, `${who.email} `]) {
      assert.equal((await change(who, { ...typed, new_password: next })).body.error.code, 924, next)
    }
    assert.equal(await stateOf(who), 'asked')
    const done = await change(who)
    assert.deepEqual([done.status, done.body], [200, { user_id: who.id }])
    assert.deepEqual([await stateOf(who), await sessionsOf(who)], ['', 0])
    assert.deepEqual(await notedOf(who), [{ id: who.id, by: 'password' }])
    assert.doesNotMatch((await auth(who)).text, /ghu_/)
    assert.match((await auth(who, { email: who.email, password: another })).text, /ghu_/)
    await app.app.notices.idle()
    const { body } = await admin('GET', `/admin/v/4/system/${who.system.key}/inbox`)
    const told = body.filter((one: any) => one.to === who.email).map((one: any) => one.body)
    assert.ok(
      told.some((text: string) => text.includes('You need a new password')),
      JSON.stringify(body),
    )
    assert.ok(told.some((text: string) => text.includes('Your password was changed')))
  })

  test('leaves what is counted as it was where a client goes on with the right one, so that the user can still set another', async () => {
    const system = await app.createSystem()
    await app.set(system, { sign_in_limits: { free: 2, per_address: 5, per_network: 5 } })
    const email = 'goes-on@example.com'
    const who: Person = { system, email, id: await app.createUser(system, email, password) }
    const path = `/admin/v/4/system/${system.key}/accounts?user=${who.id}`
    const failed = async () => (await admin('GET', path)).body[0].failed_sign_ins
    await ask(who, 'asked')
    const goOn = async () => {
      for (let i = 0; i < 6; i++) assert.equal((await auth(who)).body.error.code, 932)
    }
    await goOn()
    assert.equal(await failed(), 0)
    for (let i = 0; i < 2; i++) assert.equal((await change(who, { password: 'not it' })).body.error.code, 915)
    assert.equal((await change(who, { password: 'not it' })).status, 429, 'guesses make who guesses wait')
    app.advance(minute)
    // From here on each try is counted before it is made.
    await goOn()
    assert.equal(await failed(), 2)
    assert.equal((await change(who)).status, 200)
  })

  test('is set nowhere where none is asked for: a right password is answered as a wrong one, and counted', async () => {
    const who = await person('plain')
    const right = await change(who)
    const wrong = await change(who, { password: 'not it' })
    const unknown = await change({ ...who, email: 'nobody@example.com' })
    for (const answer of [right, wrong, unknown]) {
      assert.deepEqual([answer.status, answer.body.error.code], [401, 915])
      assert.equal(answer.body.error.detail, right.body.error.detail)
    }
    const path = `/admin/v/4/system/${who.system.key}/accounts?user=${who.id}`
    assert.equal((await admin('GET', path)).body[0].failed_sign_ins, 2)
    assert.match((await auth(who)).text, /ghu_/)
  })

  test('takes a second factor where others may know the password, and wherever the account has one', async () => {
    const bare = await person('plain')
    await ask(bare, 'exposed')
    assert.equal((await ask(bare, 'asked')).new_password, 'exposed', 'what is graver stays')
    assert.match((await change(bare)).text, /password alone is not enough/)
    assert.equal((await change(bare, { code: '123456' })).status, 401)
    assert.equal(await stateOf(bare), 'exposed')

    const who = await person('asked')
    const { shows, codes } = await bindApp(who)
    await ask(who, 'asked')
    assert.match((await change(who)).text, /password alone is not enough/)
    assert.equal((await change(who, { code: '000000' })).body.error.code, 930)
    await change(who, { password: 'not it', code: '000000' })
    const [wrong, second, alone, ...more] = await refusedOf(who)
    assert.deepEqual([wrong, more], ['password: wrong', []])
    assert.match(alone!, /password alone is not enough/)
    assert.doesNotMatch(second!, /000000/)
    assert.deepEqual(await notedOf(who), [])
    assert.equal((await change(who, { code: codes[0], factor: 'recovery' })).status, 200)
    assert.deepEqual(await notedOf(who), [{ id: who.id, by: 'recovery' }])
    await ask(who, 'exposed')
    const code = shows()
    const tries = await Promise.all(
      ['one', 'two', 'three', 'four'].map((n) =>
        change(who, { password: another, new_password: `${n} quiet and green plant`, code }),
      ),
    )
    assert.equal(tries.filter(({ status }) => status === 200).length, 1, tries.map(({ text }) => text).join())
    assert.deepEqual([await stateOf(who), await sessionsOf(who)], ['', 0])
  })

  test('takes a code that was sent for it, and no other', async () => {
    const who = await person('asked', { sms_phone: '+14155550124' })
    const before = await own(who, 'password/code', { email: who.email, password })
    assert.equal(before.body.error.code, 915, 'nothing is asked for yet')
    await ask(who, 'exposed')
    assert.equal((await own(who, 'password/code', { email: who.email, password: 'not it' })).body.error.code, 915)
    const sent = await own(who, 'password/code', { email: who.email, password })
    assert.equal(sent.status, 200, sent.text)
    const { challenge_id, code } = sent.body
    const proof = { factor: 'phone', challenge_id, code }
    assert.doesNotMatch((await auth(who, { factor_id: challenge_id, code })).text, /ghu_/, 'it is no sign-in')
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
    const codes = () => tallyPrefix(app.app.means.store.forSystem(who.system.key), '+1415', 0)
    const counted = await codes()
    assert.equal((await change(who, { ...proof, code: wrong })).body.error.code, 930)
    assert.deepEqual(await codes(), counted)
    assert.equal((await change(who, proof)).status, 200)
    assert.equal((await codes()).entered, counted.entered + 1, 'or the breaker of prefixes would trip')
    await ask(who, 'exposed')
    const again = await change(who, { ...proof, password: another, new_password: 'yet another plant' })
    assert.equal(again.status, 401, 'a code counts once')
  })

  test('is taken away by a developer who sets one, which is another; asks for nothing that is not there', async () => {
    const who = await person('plain')
    const path = `/admin/v/4/system/${who.system.key}/users`
    assert.equal((await admin('POST', `${path}/nobody/new-password`, { reason: 'asked' })).status, 400)
    assert.equal((await admin('POST', `${path}/${who.id}/new-password`, { reason: 'bored' })).status, 400)
    assert.equal(await stateOf(who), '')
    await ask(who, 'asked')
    const set = (next: string) =>
      admin('PUT', `/admin/user/${who.system.key}`, { user: who.id, changes: { password: next } })
    assert.equal((await set(password)).status, 400)
    assert.equal((await set(another)).status, 200)
    assert.match((await auth(who, { email: who.email, password: another })).text, /ghu_/)
  })
})
