/** What second factors by text message promise, through the one door of sign-in, on a real node. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { minute, second } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { challengeRules } from './challenges.ts'
import { type System, secondFactorService, secondFactorSystem } from './second-factor.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const phone = '+1 415 555 0123'

describe('a second factor', () => {
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
    userId = await app.createUser(system, email, password, { sms_phone: phone })
  })

  const ask = (body: Record<string, unknown>, of = system) =>
    app.call('POST', '/api/v/1/user/auth', { system: of, body })
  const begin = async (more: Record<string, unknown> = {}) => {
    const { body, text } = await ask({ email, password, ...more })
    assert.equal(body.user_token, '', text)
    assert.match(body.options.factor_id ?? text, /^ghf_/)
    return body.options as { factor_id: string; code: string; to: string }
  }
  const answer = (factor_id: string, code: unknown) => ask({ factor_id, code })
  const isIn = (got: { body: any }): boolean => String(got.body.user_token).startsWith('ghu_')
  const wrongFor = (code: string): string => String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0')
  const authenticators = async (): Promise<any[]> =>
    (
      await app.call('GET', `/admin/v/4/system/${system.key}/users/${userId}/authenticators`, {
        developer: app.developer,
      })
    ).body
  const notGood = /not right, or no longer good/

  /** A wrong code that is counted, in a challenge of its own where one is not given. */
  async function fail(times: number): Promise<void> {
    let left = 0
    let open = { factor_id: '', code: '' }
    for (let count = 0; count < times; count++) {
      if (left === 0) {
        app.advance(challengeRules.resendAfterMs + second)
        open = await begin()
        left = challengeRules.triesPerCode
      }
      assert.match((await answer(open.factor_id, wrongFor(open.code))).body.options.message, notGood)
      left -= 1
    }
  }

  test('lets in with the password and the code, and neither alone', async () => {
    const { factor_id, code, to } = await begin()
    assert.equal(to, '+1 ••• 0123')
    assert.match(code, /^\d{6}$/)
    const done = await answer(factor_id, code)
    assert.ok(isIn(done), done.text)
    assert.equal(done.body.user_id, userId)
    assert.deepEqual(done.body.options, { factor: 'phone', email })
    const info = await app.call('GET', '/api/v/1/user/info', { token: done.body.user_token })
    assert.equal(info.status, 200, info.text)
    for (const token of [factor_id, code]) {
      assert.notEqual((await app.call('GET', '/api/v/1/user/info', { token })).status, 200)
    }
    const { body: traces } = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, {
      developer: app.developer,
    })
    assert.match(JSON.stringify(traces), /"factors":"password phone"/)
    assert.doesNotMatch(JSON.stringify(traces), new RegExp(`${code}|ghf_|4155550123|555 0123`))
  })

  test('takes the code once, of fifty that come at the same moment too', async () => {
    const { factor_id, code } = await begin()
    const answers = await Promise.all(Array.from({ length: 50 }, () => answer(factor_id, code)))
    assert.equal(answers.filter(isIn).length, 1)
    assert.ok(!isIn(await answer(factor_id, code)))
  })

  test('is asked for once by one proof, which lets nobody in any more, whatever fails afterwards', async () => {
    assert.equal((await ask({ email, password, careless: true })).status, 401)
    app.advance(minute)
    // Nothing is sent with a wish that cannot be met, and the password alone is spent all the same.
    assert.equal((await ask({ email, password, careless: true, digits: 4 })).status, 401)
    await app.call('PUT', `/admin/user/${system.key}`, {
      developer: app.developer,
      body: { user: userId, changes: { sms_phone: '' } },
    })
    assert.equal((await ask({ email, password, careless: true })).status, 401)
  })

  test('ends a code after five wrong answers, and says the same for whatever is not good', async () => {
    const { factor_id, code } = await begin()
    const messages = new Set<string>()
    for (let count = 0; count < challengeRules.triesPerCode; count++) {
      messages.add((await answer(factor_id, wrongFor(code))).body.options.message)
    }
    messages.add((await answer(factor_id, code)).body.options.message)
    messages.add((await answer('ghf_unknown', code)).body.options.message)
    assert.equal(messages.size, 1)
  })

  test('is blocked after ten wrong answers in a row over many codes, for the right one too, and free again later', async () => {
    await fail(challengeRules.blockAfter - 1)
    app.advance(challengeRules.resendAfterMs + second)
    const last = await begin()
    await answer(last.factor_id, wrongFor(last.code))
    assert.match((await answer(last.factor_id, last.code)).body.options.message, /too many wrong codes/)
    assert.match((await ask({ email, password })).body.options.message, /too many wrong codes/)
    app.advance(challengeRules.blockMs + second)
    const { factor_id, code } = await begin()
    assert.ok(isIn(await answer(factor_id, code)))
    assert.equal((await authenticators())[0].failures, 0)
  })

  test('is switched off after fifty, until a developer binds it anew', async () => {
    for (let round = 0; round < challengeRules.disableAfter / challengeRules.blockAfter; round++) {
      await fail(challengeRules.blockAfter)
      app.advance(challengeRules.blockMs + second)
    }
    assert.match((await ask({ email, password })).body.options.message, /switched off/)
    assert.equal((await authenticators())[0].state, 'disabled')
    const body = { user: userId, changes: { sms_phone: phone } }
    await app.call('PUT', `/admin/user/${system.key}`, { developer: app.developer, body })
    const { factor_id, code } = await begin()
    assert.ok(isIn(await answer(factor_id, code)))
  })

  test('is no longer good after five minutes', async () => {
    const { factor_id, code } = await begin()
    app.advance(challengeRules.lifeMs + second)
    assert.match((await answer(factor_id, code)).body.options.message, notGood)
  })

  test('sends another code when asked after a while: the one before is dead, what was counted stays', async () => {
    const first = await begin()
    await answer(first.factor_id, wrongFor(first.code))
    const soon = await ask({ resend: true, factor_id: first.factor_id })
    assert.match(soon.body.options.message, /waits for its answer/)
    assert.match((await ask({ email, password })).body.options.message, /waits for its answer/)
    app.advance(challengeRules.resendAfterMs + second)
    const { body } = await ask({ resend: true, factor_id: first.factor_id })
    const other = body.options
    assert.match((await answer(first.factor_id, first.code)).body.options.message, notGood)
    assert.equal((await authenticators())[0].failures, 1)
    assert.ok(isIn(await answer(other.factor_id, other.code)))
  })

  test('ends an attempt ten minutes after its password, however often a code is sent', async () => {
    let open = await begin()
    const until = Date.now() + challengeRules.attemptMs
    for (let sends = 1; sends < challengeRules.mostSends; sends++) {
      app.advance(4 * minute)
      const { body } = await ask({ resend: true, factor_id: open.factor_id })
      if (body.options.err) break
      open = body.options
    }
    app.advance(3 * minute)
    assert.ok(Date.now() < until, 'the test took longer than it says')
    assert.match((await answer(open.factor_id, open.code)).body.options.message, notGood)
  })

  test('is worth nothing once the password was changed, the account switched off, or the phone taken away', async () => {
    const changes = [{ password: 'another good one' }, { disabled: true }, { sms_phone: '+1 415 555 0199' }]
    for (const change of changes) {
      const of = await secondFactorSystem(app)
      const id = await app.createUser(of, email, password, { sms_phone: phone })
      const { body } = await ask({ email, password }, of)
      const { factor_id, code } = body.options
      const path = `/admin/user/${of.key}`
      const changed = await app.call('PUT', path, { developer: app.developer, body: { user: id, changes: change } })
      assert.equal(changed.status, 200, changed.text)
      const got = await ask({ factor_id, code }, of)
      assert.ok(!isIn(got), JSON.stringify(change))
    }
  })

  test('is not bound by a password alone: a user with none is refused, and no column that he writes changes that', async () => {
    const other = { email: 'other@example.com', password: 'another good one' }
    const plain = await app.createSystem()
    await app.call('POST', `/admin/user/${plain.key}/columns`, {
      developer: app.developer,
      body: { column_name: 'sms_phone', type: 'string' },
    })
    await app.createUser(plain, email, password, { sms_phone: phone })
    await app.createUser(plain, other.email, other.password)
    const write = async (who: { email: string; password: string }) =>
      app.call('PUT', '/api/v/1/user/info', {
        token: await app.signIn(plain, who.email, who.password),
        body: { sms_phone: '+1 415 555 0666' },
      })
    assert.equal((await write({ email, password })).status, 403)
    assert.equal((await write(other)).status, 403)
    await app.createService(plain, 'secondFactor', secondFactorService, {
      requires: 'clearblade,signin',
      executableBy: ['Anonymous'],
    })
    await app.set(plain, { auth_service: 'secondFactor' })
    const refused = await ask({ ...other }, plain)
    assert.match(refused.body.options.message, /no phone/)
    assert.equal((await ask({ email, password }, plain)).body.options.to, '+1 ••• 0123')
  })

  test('is of one system, and of the service that asked', async () => {
    const { factor_id, code } = await begin()
    const elsewhere = await secondFactorSystem(app)
    await app.createUser(elsewhere, email, password, { sms_phone: phone })
    assert.match((await ask({ factor_id, code }, elsewhere)).body.options.message, notGood)
    const renamed = secondFactorService.replace('function secondFactor(', 'function another(')
    await app.createService(system, 'another', renamed, {
      requires: 'clearblade,signin',
      executableBy: ['Anonymous'],
    })
    await app.set(system, { auth_service: 'another' })
    assert.match((await answer(factor_id, code)).body.options.message, notGood)
  })

  test('is asked for and answered at the door alone, not by whoever may call the service', async () => {
    const { factor_id, code } = await begin()
    const called = await app.run(system, 'secondFactor', { factor_id, code }, { developer: app.developer })
    assert.match(JSON.stringify(called.body), /only while the service runs as the auth service/)
    assert.ok(isIn(await answer(factor_id, code)))
  })

  test('has no code, handle or number at rest but in the inbox of development', async () => {
    const { factor_id, code } = await begin({ digits: 10 })
    const wrong = wrongFor(code)
    await answer(factor_id, wrong)
    const { inbox_messages: inbox, ...tables } = await everythingIn({ store: app.app.means.store } as never)
    assert.match(inbox!, new RegExp(code))
    const users = (name: string): boolean => /^u_/.test(name)
    for (const [name, rows] of Object.entries(tables)) {
      for (const secret of [code, wrong, factor_id]) assert.ok(!rows.includes(secret), `${name} holds a code or handle`)
      if (!users(name))
        assert.ok(!rows.includes('4155550123') && !rows.includes('555 0123'), `${name} holds the number`)
    }
  })
})
