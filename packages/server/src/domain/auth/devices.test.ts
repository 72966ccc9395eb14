/** What remembered devices promise, through the one door of sign-in, on a real node. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { day, hour, minute, second } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { challengeRules } from './challenges.ts'
import { deviceRules } from './devices.ts'
import type { System } from './second-factor.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const phone = '+14155550123'

/** An auth service that remembers whoever asks; what a test wants done otherwise stands in the body. */
const service = `function remembering(req, resp) {
  var refuse = function (err) { resp.error({ options: { message: String(err) } }) }
  var days = req.params.days || 30
  if (req.params.factor_id) {
    return signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, done) {
      if (err) return refuse(done)
      var tokens = []
      for (var i = 0; i < (req.params.times || 1); i++) {
        signin.remember({ authToken: req.params.proof || done.authToken, days: days }, function (failed, device) {
          tokens.push(failed ? String(device) : device.device_token)
        })
      }
      resp.success({ authToken: done.authToken, user_id: done.user_id, options: { tokens: tokens } })
    })
  }
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password, callback: function (err, body) {
    if (err) return refuse(body)
    if (req.params.early) return signin.remember({ authToken: body.authToken, days: days }, function (failed, device) { refuse(device) })
    signin.knownDevice({ authToken: body.authToken, device_token: req.params.device_token || 'none', days: days }, function (failed, known) {
      // A careless service answers with the proof that is spent.
      if (!failed && req.params.careless) return resp.success({ authToken: body.authToken, user_id: '', options: {} })
      if (!failed) return resp.success({ authToken: known.authToken, user_id: known.user_id, options: { factor: known.factor } })
      signin.challenge({ authToken: body.authToken, kind: req.params.kind, message: '{code}' }, function (wrong, asked) {
        if (wrong) return refuse(asked)
        resp.success({ authToken: '', user_id: '', options: { factor_id: asked.challenge_id, code: asked.code, why: String(known) } })
      })
    })
  } })
}`

describe('a remembered device', () => {
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
  const makeSystem = async (): Promise<System> => {
    const made = await app.createSystem()
    const column = { column_name: 'sms_phone', type: 'string' }
    await app.call('POST', `/admin/user/${made.key}/columns`, { developer: app.developer, body: column })
    const more = { requires: 'clearblade,signin', executableBy: ['Anonymous'] }
    await app.createService(made, 'remembering', service, more)
    await app.set(made, { auth_service: 'remembering' })
    return made
  }
  beforeEach(async () => {
    app.advance(hour)
    system = await makeSystem()
    userId = await app.createUser(system, email, password, { sms_phone: phone })
  })

  const ask = (body: Record<string, unknown>, of = system) =>
    app.call('POST', '/api/v/1/user/auth', { system: of, body: { email, password, ...body } })
  const isIn = (got: { body: any }): boolean => /^ghu_/.test(got.body.user_token ?? '')
  const begin = async (more: Record<string, unknown> = {}): Promise<{ factor_id: string; code: string }> => {
    app.advance(challengeRules.resendAfterMs + second)
    const { body, text } = await ask(more)
    assert.match(body.options?.factor_id ?? text, /^ghf_/)
    return body.options
  }
  /** A sign-in with a second factor; `times` asks for so many tokens in it. */
  const signIn = async (more: Record<string, unknown> = {}) => {
    const { factor_id, code } = await begin()
    const { body, text } = await ask({ factor_id, code, ...more })
    assert.match(body.user_token ?? text, /^ghu_/)
    return { token: body.user_token as string, tokens: body.options.tokens as string[] }
  }
  const remembered = async (more: Record<string, unknown> = {}): Promise<string> => {
    const [device] = (await signIn(more)).tokens
    assert.match(device!, /^ghk_[\w-]{43}$/)
    return device!
  }
  const manage = async (changes: Record<string, unknown>): Promise<void> => {
    const body = { user: userId, changes }
    const got = await app.call('PUT', `/admin/user/${system.key}`, { developer: app.developer, body })
    assert.equal(got.status, 200, got.text)
  }
  const theirs = () => `/admin/v/4/system/${system.key}/users/${userId}/devices`
  const listed = async (): Promise<any[]> => (await app.call('GET', theirs(), { developer: app.developer })).body

  test('needs no code, as often as it comes; its session says so', async () => {
    const device_token = await remembered()
    for (let count = 0; count < 3; count++) {
      const got = await ask({ device_token })
      assert.ok(isIn(got), got.text)
      assert.deepEqual(got.body.options.factor, { kind: 'device', to: '' })
    }
    const [trace] = (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: app.developer }))
      .body
    assert.equal(trace.factors, 'password device')
    assert.match(trace.why, /remembered device/)
    assert.doesNotMatch(JSON.stringify(trace), /ghk_/)
    assert.ok(!isIn(await ask({ device_token, password: 'wrong' })), 'the password is asked for all the same')
  })

  test('lets in fifty sign-ins at once, each with a proof of its own, and none by a proof that is spent', async () => {
    const device_token = await remembered()
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ device_token })))
    assert.equal(answers.filter(isIn).length, 50, answers.find((one) => !isIn(one))?.text ?? '')
    const careless = await ask({ device_token, careless: true })
    assert.equal(careless.status, 401, careless.text)
  })

  test('changes no second factor, and gives no enrolment', async () => {
    const { user_token: token } = (await ask({ device_token: await remembered() })).body
    const at = (path: string, body: Record<string, unknown>) =>
      app.call('POST', `/api/v/4/user/authenticators/${path}`, { system, token, body })
    for (const path of ['code', 'enrol', 'confirm', 'recovery-codes']) {
      const got = await at(path, { password, kind: 'totp', code: '123456' })
      assert.equal(got.status, 401, got.text)
      assert.match(got.text, /password alone/)
    }
  })

  test('is remembered once for a sign-in, with a second factor in it, before it ends', async () => {
    const { tokens } = await signIn({ times: 5 })
    assert.deepEqual(
      tokens.map((one) => one.startsWith('ghk_')),
      [true, false, false, false, false],
    )
    assert.equal((await listed()).length, 1)
    assert.match((await ask({ early: true })).body.options.message, /with the proof that signin\.answer gave/)
    const { tokens: byOther } = await signIn({ proof: 'ghp_unknown' })
    assert.match(byOther[0]!, /with the proof/)
    const called = await app.run(system, 'remembering', { email, password, early: true }, { developer: app.developer })
    assert.match(JSON.stringify(called.body), /only while the service runs as the auth service/)
    for (const days of [0, 91, 1.5, '30']) {
      const bad = await signIn({ days: days === 0 ? -1 : days })
      assert.match(bad.tokens[0]!, /days must be a whole number/)
    }
    assert.equal((await listed()).length, 1)
  })

  test('ends with the password, the factors and the account, by the user and by a developer', async () => {
    const { token } = await signIn()
    const own = '/api/v/4/user/devices'
    const endings: [string, () => Promise<unknown>, (() => Promise<unknown>)?][] = [
      ['a developer sets the password', () => manage({ password })],
      ['the phone changes', () => manage({ sms_phone: '+14155550199' })],
      ['the phone is bound anew', () => manage({ sms_phone: '' }), () => manage({ sms_phone: phone })],
      ['the account is switched off', () => manage({ disabled: true }), () => manage({ disabled: false })],
      ['a developer forgets it', () => app.call('DELETE', theirs(), { developer: app.developer })],
    ]
    for (const [what, end, back] of endings) {
      app.advance(hour)
      const device_token = await remembered()
      assert.ok(isIn(await ask({ device_token })), what)
      await end()
      await back?.()
      app.advance(minute)
      assert.ok(!isIn(await ask({ device_token })), what)
      assert.deepEqual(await listed(), [], what)
    }
    app.advance(hour)
    const device_token = await remembered()
    const session = (await ask({ device_token })).body.user_token
    const shown = await app.call('GET', own, { token: session })
    assert.deepEqual(
      shown.body.map((one: object) => Object.keys(one).sort()),
      [['expires_at', 'id', 'remembered_at', 'used_at', 'user_agent']],
    )
    assert.notEqual((await app.call('DELETE', own, { token })).status, 200, 'a session that was ended')
    assert.deepEqual((await app.call('DELETE', own, { token: session })).body, { forgotten: 1 })
    assert.ok(!isIn(await ask({ device_token })))
    app.advance(hour)
    const next = await remembered()
    const renewed = await app.call('PUT', '/api/v/1/user/pass', {
      token: session,
      body: { old_password: password, new_password: 'another good one' },
    })
    assert.equal(renewed.status, 200, renewed.text)
    assert.ok(!isIn(await ask({ device_token: next, password: 'another good one' })))
  })

  test('is looked for ten times an hour at most where tokens are wrong, however many come at once; then the code is asked for', async () => {
    const device_token = await remembered()
    const guesses = await Promise.all(Array.from({ length: 50 }, (_, index) => ask({ device_token: `ghk_${index}` })))
    assert.ok(!guesses.some(isIn))
    assert.ok(!isIn(await ask({ device_token })), 'not even the right one')
    app.advance(challengeRules.resendAfterMs + second)
    const { factor_id, code } = (await ask({ device_token })).body.options
    assert.ok(isIn(await ask({ factor_id, code })), 'the code lets in as ever')
    app.advance(hour + second)
    assert.ok(isIn(await ask({ device_token })))
  })

  test('is one of five: the oldest goes', async () => {
    const tokens: string[] = []
    for (let count = 0; count <= deviceRules.most; count++) {
      app.advance(hour)
      tokens.push(await remembered())
    }
    assert.equal((await listed()).length, deviceRules.most)
    const good = await Promise.all(tokens.map(async (device_token) => isIn(await ask({ device_token }))))
    assert.deepEqual(good, [false, true, true, true, true, true])
  })

  test('leaves no token at rest', async () => {
    const device_token = await remembered()
    await ask({ device_token })
    for (const [name, rows] of Object.entries(await everythingIn({ store: app.app.means.store } as never))) {
      assert.ok(!rows.includes(device_token) && !rows.includes(device_token.slice(4)), `${name} holds a token`)
    }
  })

  // Last, since the developer's own session does not outlive it.
  test('is worth nothing to another user, on another system, or once its time is over', async () => {
    const device_token = await remembered()
    const other = { email: 'other@example.com', password: 'another good one' }
    await app.createUser(system, other.email, other.password, { sms_phone: '+14155550177' })
    const stolen = await ask({ ...other, device_token })
    assert.ok(!isIn(stolen))
    assert.match(stolen.body.options.why, /not remembered/)
    const elsewhere = await makeSystem()
    await app.createUser(elsewhere, email, password, { sms_phone: phone })
    assert.ok(!isIn(await ask({ device_token }, elsewhere)))
    assert.ok(isIn(await ask({ device_token })))
    app.advance(8 * day)
    assert.ok(!isIn(await ask({ device_token, days: 7 })), 'the rule became stricter')
    assert.ok(isIn(await ask({ device_token })))
    app.advance(22 * day + minute)
    assert.ok(!isIn(await ask({ device_token })))
  })
})
