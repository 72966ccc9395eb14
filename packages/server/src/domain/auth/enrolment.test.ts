/** What authenticator apps, recovery codes and enrolment promise, through the doors of a real node. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { hour, minute, second } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { stepAt, totpCode, totpRules } from '../accounts/totp.ts'
import { challengeRules } from './challenges.ts'
import { enrolmentRules } from './enrolment.ts'
import { type System, secondFactorSystem } from './second-factor.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const phone = '+1 415 555 0123'
const own = '/api/v/4/user/authenticators'

describe('an authenticator app', () => {
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
    system = await secondFactorSystem(app)
    userId = await app.createUser(system, email, password)
    // Steps that one test has used must not be those of the next.
    app.advance(hour)
    nextStep()
  })

  const now = (): number => app.app.means.clock.now()
  const developer = () => app.developer
  const ask = (body: Record<string, unknown>) => app.call('POST', '/api/v/1/user/auth', { system, body })
  const at = (path: string, body: Record<string, unknown>, token?: string) =>
    app.call('POST', `${own}/${path}`, { system, body, ...(token !== undefined && { token }) })
  const begin = async (more: Record<string, unknown> = {}) => {
    const { body, text } = await ask({ email, password, ...more })
    assert.match(body.options.factor_id ?? text, /^ghf_/)
    return body.options as { factor_id: string; to: string; kind: string; kinds: string[]; code?: string }
  }
  const answer = (factor_id: string, code: unknown) => ask({ factor_id, code })
  const isIn = (got: { body: any }): boolean => got.body.user_token !== '' && got.body.user_token !== undefined
  const notGood = /not right, or no longer good/
  const address = () => `/admin/v/4/system/${system.key}/users/${userId}/authenticators`
  const authenticators = async (): Promise<any[]> => (await app.call('GET', address(), { developer: developer() })).body
  const enrolment = async (of = userId): Promise<string> => {
    const path = `/admin/v/4/system/${system.key}/users/${of}/enrolment`
    const { body, status, text } = await app.call('POST', path, { developer: developer() })
    assert.equal(status, 200, text)
    return body.enrolment
  }
  const bindPhone = async (number: string): Promise<void> => {
    const body = { user: userId, changes: { sms_phone: number } }
    await app.call('PUT', `/admin/user/${system.key}`, { developer: developer(), body })
  }

  /** What the app on the phone of the user shows, `steps` from now. */
  const shows = (secret: string, steps = 0): string => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
    const bytes = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))
    return totpCode(Buffer.from(bytes).toString('hex'), stepAt(now()) + steps)
  }
  const wrongFor = (secret: string): string => {
    const near = [-2, -1, 0, 1, 2].map((steps) => shows(secret, steps))
    return ['000000', '000001', '000002', '000003', '000004', '000005'].find((code) => !near.includes(code))!
  }
  /** To its beginning, so that no step ends while a test looks at it. */
  const nextStep = () => app.advance(totpRules.stepMs - (now() % totpRules.stepMs))

  /** By an enrolment code; the step of the confirmation is over afterwards. */
  async function enrol(): Promise<{ secret: string; codes: string[] }> {
    const with_ = { email, password, enrolment: await enrolment() }
    const begun = await at('enrol', { ...with_, kind: 'totp' })
    assert.equal(begun.status, 200, begun.text)
    const { secret } = begun.body
    const done = await at('confirm', { ...with_, code: shows(secret) })
    assert.equal(done.status, 200, done.text)
    nextStep()
    return { secret, codes: done.body.recovery_codes }
  }

  async function session(secret: string): Promise<string> {
    const { factor_id } = await begin({ kind: 'totp' })
    const done = await answer(factor_id, shows(secret))
    assert.ok(isIn(done), done.text)
    nextStep()
    return done.body.user_token
  }

  test('is bound by a code of a developer and the password, and lets in from then on', async () => {
    const code = await enrolment()
    assert.match(code, /^ghe_[\w-]{43}$/)
    const begun = await at('enrol', { email, password, enrolment: code, kind: 'totp' })
    assert.equal(begun.body.state, 'pending', begun.text)
    assert.match(begun.body.uri, /^otpauth:\/\/totp\/plant:op%40example\.com\?secret=/)
    assert.match(begun.body.qr, /^<svg /)
    const { secret } = begun.body
    assert.deepEqual(
      (await authenticators()).map(({ kind, state }) => [kind, state]),
      [['totp', 'pending']],
    )
    assert.match((await ask({ email, password })).body.options.message, /no phone/)
    const done = await at('confirm', { email, password, enrolment: code, code: shows(secret) })
    assert.equal(done.body.state, 'bound', done.text)
    assert.equal(new Set(done.body.recovery_codes).size, 10)
    for (const one of done.body.recovery_codes) assert.match(one, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/)
    const listed = await authenticators()
    assert.deepEqual(
      listed.map(({ kind, state, left }) => [kind, state, left]),
      [
        ['recovery', 'bound', 10],
        ['totp', 'bound', undefined],
      ],
    )
    assert.match(listed[0].boundBy, /^enrolment by developer /)

    const first = await begin()
    assert.deepEqual([first.kind, first.kinds, first.to], ['totp', ['totp', 'recovery'], 'authenticator app'])
    assert.ok(!isIn(await answer(first.factor_id, shows(secret))), 'the code that confirmed is used')
    nextStep()
    const granted = await answer(first.factor_id, shows(secret))
    assert.ok(isIn(granted), granted.text)
    assert.equal(granted.body.options.factor, 'totp')
    const traces = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: developer() })
    assert.match(traces.text, /"factors":"password totp"/)
  })

  test('gives a code that counts once, of fifty that come at the same moment, and in no other challenge', async () => {
    const { secret } = await enrol()
    const [one, other] = [await begin(), await begin()]
    const code = shows(secret)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => answer(index % 2 === 0 ? one.factor_id : other.factor_id, code)),
    )
    assert.equal(answers.filter(isIn).length, 1)
    app.advance(challengeRules.blockMs + second)
    const later = await begin()
    assert.ok(!isIn(await answer(later.factor_id, code)))
  })

  test('is taken a step early or late, and a step that was used brings back none before it', async () => {
    const { secret } = await enrol()
    nextStep()
    assert.ok(!isIn(await answer((await begin()).factor_id, shows(secret, 2))))
    assert.ok(!isIn(await answer((await begin()).factor_id, shows(secret, -2))))
    assert.ok(isIn(await answer((await begin()).factor_id, shows(secret, -1))))
    assert.ok(isIn(await answer((await begin()).factor_id, shows(secret, 1))))
    assert.ok(!isIn(await answer((await begin()).factor_id, shows(secret, 0))))
    assert.equal((await authenticators()).find(({ kind }) => kind === 'totp').failures, 1)
  })

  test('is blocked after ten wrong codes and off after fifty, without touching phone and recovery codes', async () => {
    await bindPhone(phone)
    const { secret, codes } = await enrol()
    let left = 0
    let factorId = ''
    for (let count = 1; count <= challengeRules.disableAfter; count++) {
      if (left === 0) {
        factorId = (await begin({ kind: 'totp' })).factor_id
        left = challengeRules.triesPerCode
      }
      assert.match((await answer(factorId, wrongFor(secret))).body.options.message, notGood)
      left -= 1
      if (count % challengeRules.blockAfter !== 0 || count === challengeRules.disableAfter) continue
      assert.match((await ask({ email, password, kind: 'totp' })).body.options.message, /too many wrong codes/)
      app.advance(challengeRules.blockMs + second)
    }
    assert.match((await ask({ email, password, kind: 'totp' })).body.options.message, /switched off/)
    const listed = await authenticators()
    assert.deepEqual(
      listed.map(({ kind, state, failures }) => [kind, state, failures]),
      [
        ['phone', 'bound', 0],
        ['recovery', 'bound', 0],
        ['totp', 'disabled', challengeRules.disableAfter],
      ],
    )
    const sent = await begin()
    assert.deepEqual([sent.kind, sent.kinds], ['phone', ['phone', 'recovery']])
    assert.ok(isIn(await answer(sent.factor_id, sent.code)))
    const recovered = await answer((await begin({ kind: 'recovery' })).factor_id, codes[0])
    assert.ok(isIn(recovered), recovered.text)
    const again = await enrol()
    await session(again.secret)
  })

  test('is asked for before the phone, and the phone by name; a code is right for its own kind alone', async () => {
    await bindPhone(phone)
    const { secret, codes } = await enrol()
    const [app_, sent] = [await begin(), await begin({ kind: 'phone' })]
    assert.deepEqual([app_.kind, sent.kind], ['totp', 'phone'])
    assert.deepEqual(sent.kinds, ['totp', 'phone', 'recovery'])
    assert.equal(app_.code, undefined)
    for (const [factorId, code] of [
      [app_.factor_id, sent.code],
      [app_.factor_id, codes[0]],
      [app_.factor_id, ''],
      [sent.factor_id, shows(secret)],
    ] as const) {
      assert.ok(!isIn(await answer(factorId, code)))
    }
    assert.match((await ask({ resend: true, factor_id: app_.factor_id })).body.options.message, /no code is sent/)
    assert.match((await ask({ email, password, kind: 'badge' })).body.options.message, /kind must be/)
    assert.ok(isIn(await answer(sent.factor_id, sent.code)))
    assert.ok(isIn(await answer(app_.factor_id, shows(secret))))
  })

  test('can be stood in for by a recovery code, each once, however it is typed; wrong ones are counted', async () => {
    const { codes } = await enrol()
    const { factor_id } = await begin({ kind: 'recovery' })
    const near = codes[0]!.replace(/.$/, (letter) => (letter === '0' ? '1' : '0'))
    for (const wrong of [near, codes[0]!.slice(0, -1), '123456']) assert.ok(!isIn(await answer(factor_id, wrong)))
    assert.equal((await authenticators())[0].failures, 3)
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => answer(factor_id, codes[0]!.toLowerCase().replaceAll('-', ' '))),
    )
    assert.equal(answers.filter(isIn).length, 1)
    assert.equal(answers.find(isIn)!.body.options.factor, 'recovery')
    assert.equal((await authenticators())[0].left, 9)
    assert.ok(!isIn(await answer((await begin({ kind: 'recovery' })).factor_id, codes[0])))
    assert.ok(isIn(await answer((await begin({ kind: 'recovery' })).factor_id, codes[1])))
  })

  test('is not bound by a password alone, by a session of one, or by an enrolment that is of another user, old or spent', async () => {
    const refused = async (path: string, body: Record<string, unknown>, token?: string) => {
      const got = await at(path, { email, password, kind: 'totp', code: '123456', ...body }, token)
      assert.ok(got.status >= 400, got.text)
      assert.ok(!/otpauth|recovery_codes/.test(got.text))
      return got.text
    }
    assert.match(await refused('enrol', {}), /enrolment code, or a session/)
    // The same whatever the password is: nobody tries passwords here.
    for (const tried of [password, 'a wrong one']) {
      assert.match(await refused('enrol', { enrolment: 'ghe_guess', password: tried }), /not right, or no longer good/)
    }
    await app.set(system, { auth_service: '' })
    const byPassword = await app.signIn(system, email, password)
    for (const path of ['enrol', 'confirm', 'recovery-codes', 'code']) {
      assert.match(await refused(path, {}, byPassword), /password alone/)
    }
    const other = await app.createUser(system, 'other@example.com', password)
    assert.match(await refused('enrol', { enrolment: await enrolment(other) }), /no longer good/)
    const good = await enrolment()
    assert.equal((await at('enrol', { email, password: 'wrong', enrolment: good, kind: 'totp' })).status, 401)
    const replaced = good
    const fresh = await enrolment()
    assert.match(await refused('enrol', { enrolment: replaced }), /no longer good/)
    app.advance(enrolmentRules.lifeMs + second)
    assert.match(await refused('enrol', { enrolment: fresh }), /no longer good/)
    const last = await enrolment()
    const { secret } = (await at('enrol', { email, password, enrolment: last, kind: 'totp' })).body
    const confirms = await Promise.all(
      Array.from({ length: 8 }, () => at('confirm', { email, password, enrolment: last, code: shows(secret) })),
    )
    assert.equal(confirms.filter(({ status }) => status === 200).length, 1)
    assert.match(await refused('enrol', { enrolment: last }), /no longer good/)
    for (const token of [byPassword, undefined]) await refused('enrol', {}, token)
    const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
    assert.ok((await app.call('POST', path, { token: byPassword })).status >= 400)
    assert.equal((await authenticators()).find(({ kind }) => kind === 'totp').state, 'bound')
  })

  test('that was begun is gone after five wrong codes or ten minutes, and binds nothing', async () => {
    const with_ = { email, password, enrolment: await enrolment() }
    const first = (await at('enrol', { ...with_, kind: 'totp' })).body.secret
    for (let count = 0; count < enrolmentRules.triesPerPending; count++) {
      assert.equal((await at('confirm', { ...with_, code: wrongFor(first) })).status, 401)
    }
    assert.equal((await at('confirm', { ...with_, code: shows(first) })).status, 401)
    const second_ = (await at('enrol', { ...with_, kind: 'totp' })).body.secret
    assert.equal((await at('confirm', { ...with_, code: shows(first) })).status, 401)
    app.advance(enrolmentRules.pendingMs + second)
    assert.equal((await at('confirm', { ...with_, code: shows(second_) })).status, 401)
    assert.deepEqual(await authenticators(), [])
  })

  test('is replaced, and recovery codes are made anew, in a session with a second factor, by password and fresh code', async () => {
    const { secret, codes } = await enrol()
    const token = await session(secret)
    assert.equal((await at('recovery-codes', { password: 'wrong', code: shows(secret) }, token)).status, 401)
    assert.equal((await at('recovery-codes', { password, code: wrongFor(secret) }, token)).status, 401)
    assert.equal((await authenticators()).find(({ kind }) => kind === 'totp').failures, 1)
    const renewed = await at('recovery-codes', { password, code: shows(secret) }, token)
    assert.equal(renewed.body.recovery_codes?.length, 10, renewed.text)
    assert.equal((await at('enrol', { kind: 'totp', password, code: shows(secret) }, token)).status, 401, 'used')
    assert.ok(!isIn(await answer((await begin({ kind: 'recovery' })).factor_id, codes[0])), 'the old codes ended')

    const [code] = renewed.body.recovery_codes
    const begun = await at('enrol', { kind: 'totp', password, code, factor: 'recovery' }, token)
    assert.equal(begun.status, 200, begun.text)
    nextStep()
    const another = await session(secret)
    assert.equal(
      (await at('confirm', { password, code: shows(begun.body.secret) }, another)).status,
      401,
      'not its own',
    )
    const done = await at('confirm', { password, code: shows(begun.body.secret) }, token)
    assert.equal(done.body.recovery_codes?.length, 10, done.text)
    nextStep()
    assert.ok(!isIn(await answer((await begin()).factor_id, shows(secret))), 'the app before')
    await session(begun.body.secret)
  })

  test('is added by a user who came in by phone, with a code that is sent for this alone', async () => {
    await bindPhone(phone)
    const sent = await begin()
    const { user_token: token } = (await answer(sent.factor_id, sent.code)).body
    app.advance(minute)
    assert.equal((await at('code', { password: 'wrong' }, token)).status, 401)
    const asked = await at('code', { password }, token)
    assert.match(asked.body.code, /^\d{6}$/, asked.text)
    const { challenge_id, code } = asked.body
    assert.ok(!isIn(await answer(challenge_id, code)), 'it is none for signing in')
    const fresh = { kind: 'totp', password, factor: 'phone', challenge_id }
    assert.equal((await at('enrol', { ...fresh, code: code === '000000' ? '000001' : '000000' }, token)).status, 401)
    const begun = await at('enrol', { ...fresh, code }, token)
    assert.equal(begun.status, 200, begun.text)
    assert.equal((await at('enrol', { ...fresh, code }, token)).status, 401)
    const done = await at('confirm', { password, code: shows(begun.body.secret) }, token)
    assert.equal(done.body.state, 'bound', done.text)
  })

  test('is taken away by a developer, with what was begun and the recovery codes by their own name', async () => {
    await enrol()
    const remove = (kind: string) => app.call('DELETE', address(), { developer: developer(), query: { kind } })
    assert.equal((await remove('totp')).status, 200)
    assert.equal((await remove('totp')).status, 400)
    assert.equal((await remove('badge')).status, 400)
    assert.match((await ask({ email, password, kind: 'totp' })).body.options.message, /no authenticator app/)
    assert.equal((await remove('recovery')).status, 200)
    assert.match((await ask({ email, password, kind: 'recovery' })).body.options.message, /no recovery codes/)
    await at('enrol', { email, password, enrolment: await enrolment(), kind: 'totp' })
    assert.equal((await remove('totp')).status, 200)
    assert.deepEqual(await authenticators(), [])
  })

  test('is worth nothing once the password was changed or the account switched off', async () => {
    for (const changes of [{ password: 'another good one' }, { disabled: true }]) {
      const enrolled = await enrol()
      const { factor_id } = await begin()
      const with_ = { email, password, enrolment: await enrolment() }
      const { secret } = (await at('enrol', { ...with_, kind: 'totp' })).body
      const body = { user: userId, changes }
      await app.call('PUT', `/admin/user/${system.key}`, { developer: developer(), body })
      assert.ok(!isIn(await answer(factor_id, shows(enrolled.secret))))
      assert.equal((await at('confirm', { ...with_, code: shows(secret) })).status, 401)
      const back = { user: userId, changes: { password } }
      await app.call('PUT', `/admin/user/${system.key}`, { developer: developer(), body: back })
      nextStep()
    }
  })

  test('goes with its user, and with the system', async () => {
    const kept = async (text: string): Promise<string[]> =>
      Object.entries(await everythingIn({ store: app.app.means.store } as never))
        .filter(([name, rows]) => /authenticators|recovery_codes|enrolments/.test(name) && rows.includes(text))
        .map(([name]) => name)
        .sort()
    const all = ['authenticators', 'enrolments', 'pending_authenticators', 'recovery_codes']
    const fill = async () => {
      await enrol()
      await at('enrol', { email, password, enrolment: await enrolment(), kind: 'totp' })
      assert.deepEqual(await kept(userId), all)
    }
    await fill()
    const query = { user: userId }
    const gone = await app.call('DELETE', `/admin/user/${system.key}`, { developer: developer(), query })
    assert.equal(gone.status, 200, gone.text)
    assert.deepEqual(await kept(userId), [])
    userId = await app.createUser(system, email, password)
    await fill()
    const path = `/admin/systemmanagement`
    const ended = await app.call('DELETE', path, { developer: developer(), query: { id: system.key } })
    assert.equal(ended.status, 200, ended.text)
    assert.deepEqual(await kept(system.key), [])
  })

  test('leaves no secret, code or enrolment at rest in the clear', async () => {
    const { secret, codes } = await enrol()
    const code = shows(secret)
    await answer((await begin({ kind: 'recovery' })).factor_id, codes[3])
    await answer((await begin()).factor_id, code)
    const open = await enrolment()
    const pending = (await at('enrol', { email, password, enrolment: open, kind: 'totp' })).body
    const hex = (text: string): string => {
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
      const bits = [...text].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
      return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))).toString('hex')
    }
    const kept = [secret, hex(secret), pending.secret, hex(pending.secret), open, 'otpauth', ...codes]
    const all = [...kept, ...codes.map((one) => one.replaceAll('-', '')), `"${code}"`]
    for (const [name, rows] of Object.entries(await everythingIn({ store: app.app.means.store } as never))) {
      for (const text of all) assert.ok(!rows.includes(text), `${name} holds a secret`)
    }
  })
})
