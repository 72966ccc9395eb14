/** What a user's own change of his phone for codes promises, through the doors of a real node. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { hour, minute, second } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { challengeRules } from './challenges.ts'
import { enrolmentRules } from './enrolment.ts'
import { type System, secondFactorSystem } from './second-factor.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const phone = '+14155550123'
const other = '+14155550199'
const own = '/api/v/4/user/authenticators'

describe('a phone for codes', () => {
  let app: TestApp
  let system: System
  let userId: string
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) })
  })
  beforeEach(async () => {
    app.advance(hour)
    system = await secondFactorSystem(app)
    userId = await app.createUser(system, email, password, { sms_phone: phone })
  })

  const developer = () => app.developer
  const ask = (body: Record<string, unknown>) => app.call('POST', '/api/v/1/user/auth', { system, body })
  const at = (path: string, body: Record<string, unknown>, token?: string) =>
    app.call('POST', `${own}/${path}`, { system, body, ...(token !== undefined && { token }) })
  const isIn = (got: { body: any }): boolean => got.body.user_token !== '' && got.body.user_token !== undefined
  const otherThan = (code: string): string => (code === '000000' ? '000001' : '000000')
  const begin = async (): Promise<{ factor_id: string; code: string; to: string }> => {
    app.advance(challengeRules.resendAfterMs + second)
    return (await ask({ email, password })).body.options
  }
  const session = async (): Promise<string> => {
    const { factor_id, code } = await begin()
    const done = await ask({ factor_id, code })
    assert.ok(isIn(done), done.text)
    return done.body.user_token
  }
  /** A code to the phone that is bound, for a change in this session. */
  const fresh = async (token: string): Promise<Record<string, unknown>> => {
    app.advance(challengeRules.resendAfterMs + second)
    const { body, text } = await at('code', { password }, token)
    assert.match(body.code ?? text, /^\d{6}$/)
    return { password, factor: 'phone', challenge_id: body.challenge_id, code: body.code }
  }
  const enrolment = async (of = userId): Promise<string> => {
    const path = `/admin/v/4/system/${system.key}/users/${of}/enrolment`
    return (await app.call('POST', path, { developer: developer() })).body.enrolment
  }
  const authenticators = async (): Promise<any[]> =>
    (
      await app.call('GET', `/admin/v/4/system/${system.key}/users/${userId}/authenticators`, {
        developer: developer(),
      })
    ).body
  const column = async (): Promise<unknown> =>
    (await app.call('GET', `/admin/user/${system.key}`, { developer: developer() })).body.Data[0].sms_phone
  const inbox = async (): Promise<{ to: string; body: string }[]> => {
    await app.app.notices.idle()
    return (await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: developer() })).body
  }
  const codes = async () => (await inbox()).filter(({ body }) => /\d{6}/.test(body))
  /** Those to phones; each goes to the e-mail too. */
  const notices = async () => (await inbox()).filter(({ to, body }) => !/\d{6}/.test(body) && !to.includes('@'))
  const shown = async () => (await authenticators()).map(({ kind, state, label }) => [kind, state, label])

  test('is changed by a fresh second factor and a code to the new number; the old one is told', async () => {
    const token = await session()
    const begun = await at('enrol', { ...(await fresh(token)), kind: 'phone', phone: '415 555 0199' }, token)
    assert.deepEqual([begun.status, begun.body.state, begun.body.to], [200, 'pending', '+1 ••• 0199'], begun.text)
    const sent = (await inbox()).at(-1)!
    assert.deepEqual([sent.to, /\d{6}/.exec(sent.body)![0]], [other, begun.body.code])
    assert.deepEqual(await shown(), [
      ['phone', 'bound', '+1 ••• 0123'],
      ['phone', 'pending', '+1 ••• 0199'],
    ])
    assert.equal(await column(), phone, 'until it is confirmed nothing changes')
    assert.equal((await begin()).to, '+1 ••• 0123')
    assert.deepEqual(await notices(), [])

    const wrong = await at('confirm', { password, kind: 'phone', code: otherThan(begun.body.code) }, token)
    assert.equal(wrong.status, 401)
    assert.equal(await column(), phone)
    const done = await at('confirm', { password, kind: 'phone', code: begun.body.code }, token)
    assert.deepEqual(done.body, { kind: 'phone', state: 'bound', to: '+1 ••• 0199' }, done.text)
    assert.deepEqual(await shown(), [['phone', 'bound', '+1 ••• 0199']])
    assert.match((await authenticators())[0].boundBy, /^user /)
    assert.equal(await column(), other)
    const [told, ...more] = await notices()
    assert.deepEqual([told!.to, more], [phone, []])
    assert.match(
      told!.body,
      /^plant: A second factor of your account was replaced.*\+1 ••• 0199\. 20\d\d-.* UTC, from /,
    )
    assert.doesNotMatch(told!.body, /\d{6}/)
    const { factor_id, code, to } = await begin()
    assert.equal(to, '+1 ••• 0199')
    assert.ok(isIn(await ask({ factor_id, code })))
  })

  test('is changed once, of many that confirm at the same moment; the code opens nothing else', async () => {
    const token = await session()
    const { code } = (await at('enrol', { ...(await fresh(token)), kind: 'phone', phone: other }, token)).body
    const { factor_id } = await begin()
    assert.ok(!isIn(await ask({ factor_id, code })), 'it is none for signing in')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => at('confirm', { password, kind: 'phone', code }, token)),
    )
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    assert.equal((await notices()).filter(({ body }) => /replaced/.test(body)).length, 1)
    assert.equal((await at('confirm', { password, kind: 'phone', code }, token)).status, 401)
  })

  test('is not changed by a column that a user writes, at registration neither, and the refusal names the door', async () => {
    const token = await session()
    const write = (sms_phone: unknown) => app.call('PUT', '/api/v/1/user/info', { token, body: { sms_phone } })
    for (const value of [other, '', null, 'call me']) {
      const refused = await write(value)
      assert.equal(refused.status, 403, refused.text)
      assert.match(refused.text, /user\/authenticators\/enrol with kind/)
    }
    assert.equal((await write(phone)).status, 200, 'a row that is sent back as it was read')
    assert.equal(await column(), phone)
    await app.set(system, { auth_service: '' })
    const registered = { email: 'new@example.com', password: 'another good one', sms_phone: other }
    const path = '/api/v/1/user/reg'
    assert.equal((await app.call('POST', path, { system, body: registered })).status, 403)
    const { sms_phone: _, ...plain } = registered
    const made = await app.call('POST', path, { system, body: plain })
    assert.equal(made.status, 200, made.text)
    // Else a developer who sends the row back would vouch for what the user wrote.
    const body = { sms_phone: other }
    const theirs = await app.call('PUT', '/api/v/1/user/info', { token: made.body.user_token, body })
    assert.equal(theirs.status, 403, theirs.text)
    assert.deepEqual(await notices(), [])
  })

  test('is not begun by a password alone, a session of one, a wrong code, or with what is no number', async () => {
    const refused = async (body: Record<string, unknown>, token?: string): Promise<string> => {
      const got = await at('enrol', { email, kind: 'phone', phone: other, ...body }, token)
      assert.ok(got.status >= 400 && got.status < 500, got.text)
      return got.text
    }
    const sentBefore = (await codes()).length
    assert.match(await refused({ password }), /enrolment code, or a session/)
    await app.set(system, { auth_service: '' })
    assert.match(
      await refused({ password, code: '123456' }, await app.signIn(system, email, password)),
      /password alone/,
    )
    await app.set(system, { auth_service: 'secondFactor' })
    const token = await session()
    const good = await fresh(token)
    const { length } = await codes()
    assert.equal(length, sentBefore + 2)
    await refused({ ...good, code: otherThan(String(good.code)) }, token)
    await refused({ ...good, password: 'wrong' }, token)
    for (const bad of ['1', '', undefined, 5, '+1 900 555 0100']) await refused({ ...good, phone: bad }, token)
    assert.equal((await codes()).length, length, 'nothing was sent')
    const begun = await at('enrol', { ...good, kind: 'phone', phone: other }, token)
    assert.equal(begun.status, 200, 'the code was not spent on what was refused before')
    assert.match(await refused({ ...good }, token), /waits for its answer/)
  })

  test('that was begun is gone after five wrong codes, five minutes, another password, or what a developer writes', async () => {
    const start = async () => {
      app.advance(2 * hour)
      const token = await session()
      const begun = await at('enrol', { ...(await fresh(token)), kind: 'phone', phone: other }, token)
      assert.equal(begun.status, 200, begun.text)
      return { token, code: String(begun.body.code) }
    }
    const confirm = async ({ token, code }: { token: string; code: string }, with_ = password) =>
      (await at('confirm', { password: with_, kind: 'phone', code }, token)).status
    const first = await start()
    for (let count = 0; count < enrolmentRules.triesPerPending; count++) {
      assert.equal(await confirm({ ...first, code: otherThan(first.code) }), 401)
    }
    assert.equal(await confirm(first), 401)
    const slow = await start()
    app.advance(challengeRules.lifeMs + second)
    assert.equal(await confirm(slow), 401)
    const elsewhere = await start()
    assert.equal(await confirm({ ...elsewhere, token: await session() }), 401, 'another session of the same user')
    const written = await start()
    const manage = (changes: Record<string, unknown>) =>
      app.call('PUT', `/admin/user/${system.key}`, { developer: developer(), body: { user: userId, changes } })
    await manage({ sms_phone: '+14155550177' })
    assert.equal(await confirm(written), 401)
    await manage({ sms_phone: phone })
    const changed = await start()
    const set = { old_password: password, new_password: 'another good one' }
    const renewed = await app.call('PUT', '/api/v/1/user/pass', { token: changed.token, body: set })
    assert.equal(renewed.status, 200, renewed.text)
    assert.equal(await confirm(changed, 'another good one'), 401)
    assert.equal(await column(), phone)
  })

  test('is bound by a code of a developer where there is none, once', async () => {
    const made = await app.createUser(system, 'new@example.com', password)
    const with_ = { email: 'new@example.com', password, enrolment: await enrolment(made), kind: 'phone' }
    const begun = await at('enrol', { ...with_, phone: other })
    assert.equal(begun.status, 200, begun.text)
    assert.equal((await at('confirm', { ...with_, kind: 'totp', code: begun.body.code })).status, 401)
    const done = await at('confirm', { ...with_, code: begun.body.code })
    assert.equal(done.status, 200, done.text)
    assert.equal((await at('enrol', { ...with_, phone })).status, 401, 'the enrolment is spent')
    const first = await ask({ email: 'new@example.com', password })
    assert.equal(first.body.options.to, '+1 ••• 0199', first.text)
  })

  test('to which no code could be sent was not begun, and can be begun again', async () => {
    const with_ = { email, password, enrolment: await enrolment(), kind: 'phone' }
    await app.set(system, { messages_to: 'provider' })
    const unsent = await at('enrol', { ...with_, phone: other })
    assert.equal(unsent.status, 401, unsent.text)
    assert.match(unsent.text, /could not be sent.*no provider/)
    assert.deepEqual(await shown(), [['phone', 'bound', '+1 ••• 0123']])
    await app.set(system, { messages_to: '' })
    assert.equal((await at('enrol', { ...with_, phone: other })).status, 200)
    app.advance(minute)
    assert.equal((await at('enrol', { ...with_, phone: other })).status, 200)
  })

  test('ends the other sessions when asked to, and then alone, with the change itself', async () => {
    const [token, others] = [await session(), [await session(), await session()]]
    const isOpen = async (one: string) => (await app.call('GET', '/api/v/1/user/info', { token: one })).status === 200
    const change = async (phone_: string, more: Record<string, unknown>) => {
      app.advance(hour)
      const begun = await at('enrol', { ...(await fresh(token)), kind: 'phone', phone: phone_ }, token)
      return at('confirm', { password, kind: 'phone', code: begun.body.code, ...more }, token)
    }
    assert.equal((await change(other, {})).body.ended_sessions, undefined)
    assert.deepEqual(await Promise.all(others.map(isOpen)), [true, true])
    assert.equal((await change(phone, { end_other_sessions: 'yes' })).status, 400)
    assert.deepEqual(await Promise.all(others.map(isOpen)), [true, true])
    assert.equal((await change(phone, { end_other_sessions: true })).body.ended_sessions, 2)
    assert.deepEqual(await Promise.all(others.map(isOpen)), [false, false])
    assert.ok(await isOpen(token))
  })

  test('is told where a developer changes it or takes it away, and not where he binds the first', async () => {
    const manage = (sms_phone: string) =>
      app.call('PUT', `/admin/user/${system.key}`, {
        developer: developer(),
        body: { user: userId, changes: { sms_phone } },
      })
    assert.deepEqual(await notices(), [])
    await manage(other)
    await manage('')
    await manage(phone)
    const told = await notices()
    assert.deepEqual(
      told.map(({ to, body }) => [to, /replaced|taken away/.exec(body)?.[0]]),
      [
        [phone, 'replaced'],
        [other, 'taken away'],
      ],
    )
    for (const { body } of told) assert.match(body, /by a developer of the system/)
  })

  test('leaves neither number nor code at rest, but in the inbox of development and the column', async () => {
    const token = await session()
    const begun = await at('enrol', { ...(await fresh(token)), kind: 'phone', phone: other }, token)
    const { code } = begun.body
    const look = async (): Promise<void> => {
      const { inbox_messages: _, ...tables } = await everythingIn({ store: app.app.means.store } as never)
      for (const [name, rows] of Object.entries(tables)) {
        assert.ok(!rows.includes(`"${code}"`), `${name} holds a code`)
        if (!/^u_/.test(name))
          assert.ok(!rows.includes('4155550199') && !rows.includes('4155550123'), `${name} holds it`)
      }
    }
    await look()
    await at('confirm', { password, kind: 'phone', code }, token)
    await look()
    await app.app.notices.idle()
    await look()
  })
})
