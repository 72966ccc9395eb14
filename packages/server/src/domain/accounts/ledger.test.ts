/** What the ledger of wrong passwords promises: whom it makes wait, whom it does not, and for how long. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { day, hour, second } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { deleteOldFailures } from '../../store/tables/failures.ts'
import { secondFactorSystem } from '../auth/second-factor.fixture.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const [home, office, stranger] = ['192.0.2.10', '2001:db8:7:1::9', '203.0.113.66']

describe('the ledger of wrong passwords', () => {
  let app: TestApp
  let system: { key: string; secret: string }
  const ends: (() => unknown)[] = []
  let advance: (ms: number) => void
  after(async () => {
    for (const end of ends) await end()
  })
  before(async () => {
    const args = ['--trusted-proxies', '127.0.0.1']
    app = await createTestApp({ after: (end: () => unknown) => ends.push(end) }, { args })
    // The first waits are of a second: a slow machine must not sit them out.
    const { clock } = app.app.means
    let at = clock.now()
    clock.now = () => at
    advance = (ms) => {
      at += ms
    }
  })
  beforeEach(async () => {
    system = await app.createSystem()
    await app.createUser(system, email, password)
  })

  const attempt = (address: string, given: string, more: Record<string, unknown> = {}) =>
    app.call('POST', '/api/v/1/user/auth', {
      system,
      body: { email, password: given, ...more },
      headers: { 'x-forwarded-for': address },
    })
  const fail = async (address: string, times = 5): Promise<void> => {
    for (let count = 0; count < times; count++) assert.equal((await attempt(address, 'wrong')).status, 401)
  }

  test('keeps a budget for each place that the account signed in from, so that a stranger locks nobody out', async () => {
    for (const place of [home, office]) assert.equal((await attempt(place, password)).status, 200)
    await fail(stranger)
    const blocked = await attempt(stranger, password)
    assert.equal(blocked.status, 429, 'the right password too')
    assert.equal((await attempt('198.51.100.1', password)).status, 429, 'all other places are one')
    for (const place of [home, '192.0.2.200', office, '2001:db8:7:ff::1']) {
      assert.equal((await attempt(place, password)).status, 200, `${place} is in a network that is known`)
    }
    assert.equal((await attempt('2001:db8:8::1', password)).status, 429)
    assert.equal((await attempt(stranger, password)).status, 429, 'what went well at home frees no stranger')
    await fail(home)
    assert.equal((await attempt(home, password)).status, 429, 'guesses from a known place are counted too')
    assert.equal((await attempt(office, password)).status, 200)
  })

  test('knows a place only once somebody was let in from there', async () => {
    const asked = await secondFactorSystem(app)
    system = asked
    await app.createUser(asked, email, password, { sms_phone: '+14155550123' })
    assert.match((await attempt(home, password)).body.options.factor_id, /^ghf_/)
    for (let count = 0; count < 5; count++) await attempt(stranger, 'wrong')
    const waits = await attempt(home, password)
    assert.match(waits.body.options.message, /too many failed/, 'a password alone made nothing known')
  })

  test('keeps a budget for a remembered device, wherever it is, as long as it is one', async () => {
    const code = `function remembering(req, resp) {
      var refuse = function (err) { resp.error({ options: { message: String(err) } }) }
      if (req.params.factor_id) return signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, done) {
        if (err) return refuse(done)
        signin.remember({ authToken: done.authToken, days: 30 }, function (failed, device) {
          resp.success({ authToken: done.authToken, user_id: '', options: { device_token: device.device_token } })
        })
      })
      ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password, callback: function (err, body) {
        if (err) return refuse(body)
        signin.knownDevice({ authToken: body.authToken, device_token: req.params.device_token || 'none', days: 30 }, function (failed, known) {
          if (!failed) return resp.success({ authToken: known.authToken, user_id: '', options: {} })
          signin.challenge({ authToken: body.authToken, message: '{code}' }, function (wrong, asked) {
            if (wrong) return refuse(asked)
            resp.success({ authToken: '', user_id: '', options: { factor_id: asked.challenge_id, code: asked.code } })
          })
        })
      } })
    }`
    system = await secondFactorSystem(app)
    const executableBy = ['Anonymous']
    await app.createService(system, 'remembering', code, { requires: 'clearblade,signin', executableBy })
    await app.set(system, { auth_service: 'remembering' })
    const user = await app.createUser(system, email, password, { sms_phone: '+14155550123' })
    const { options } = (await attempt(home, password)).body
    const done = await attempt(home, '', { ...options, email: undefined, password: undefined })
    const { device_token } = done.body.options
    assert.match(device_token ?? done.text, /^ghk_/)
    for (let count = 0; count < 5; count++) await attempt(stranger, 'wrong')
    assert.match((await attempt('198.51.100.1', password)).body.options.message, /too many failed/)
    assert.match((await attempt('198.51.100.1', password, { device_token })).body.user_token, /^ghu_/)
    assert.match(
      (await attempt(stranger, password, { device_token: `${device_token}x` })).body.options.message,
      /too many failed/,
      'a token that is none is no place',
    )
    for (let count = 0; count < 5; count++) await attempt(stranger, 'wrong', { device_token })
    assert.match((await attempt(stranger, password, { device_token })).body.options.message, /too many failed/)
    await app.call('DELETE', `/admin/v/4/system/${system.key}/users/${user}/devices`, { developer: app.developer })
    advance(hour)
    assert.match((await attempt(stranger, password, { device_token })).body.options.factor_id, /^ghf_/)
  })

  test('makes one try at a time once the free ones are used up, of however many that come at once', async () => {
    await fail(stranger)
    for (const wait of [1, 2, 4]) {
      advance(wait * second)
      const answers = await Promise.all(Array.from({ length: 20 }, () => attempt(stranger, 'wrong')))
      const tried = answers.filter(({ status }) => status === 401)
      assert.equal(tried.length, 1)
      assert.ok(answers.every((answer) => tried.includes(answer) || Number(answer.headers['retry-after']) <= wait * 2))
    }
    advance(8 * second)
    assert.equal((await attempt(stranger, password)).status, 200)
    assert.equal((await attempt(stranger, 'wrong')).status, 401)
  })

  test('goes by the limits of the system, which are checked', async () => {
    await app.set(system, { sign_in_limits: { free: 2, longest_wait: 3 } })
    await fail(stranger, 2)
    for (const wait of [1, 2, 3, 3]) {
      assert.equal((await attempt(stranger, 'wrong')).headers['retry-after'], String(wait))
      advance(wait * second)
      assert.equal((await attempt(stranger, 'wrong')).status, 401)
    }
    const path = '/admin/v/4/systemmanagement'
    for (const bad of [
      { free: 0 },
      { free: 2.5 },
      { longest_wait: 1e9 },
      { unknown: 1 },
      { window: '60' },
      [],
      'none',
      7,
    ]) {
      const body = { id: system.key, sign_in_limits: bad }
      const { status, body: answer } = await app.call('PUT', path, { developer: app.developer, body })
      assert.equal(status, 400, JSON.stringify(bad))
      assert.match(answer.error.detail, /sign_in_limits must be/)
    }
    await app.set(system, { sign_in_limits: null })
    const shown = await app.call('GET', path, { developer: app.developer, query: { id: system.key } })
    assert.deepEqual(shown.body.sign_in_limits, {
      ...{ free: 5, longest_wait: 900, per_address: 100, per_network: 500, window: 600 },
    })
  })

  test('holds back one address, and the network round it, whatever accounts they try', async () => {
    await app.set(system, { sign_in_limits: { per_address: 5, per_network: 8, window: 60 } })
    const other = (index: number, address: string) => attempt(address, 'wrong', { email: `user${index}@example.com` })
    for (let index = 0; index < 5; index++) assert.equal((await other(index, stranger)).status, 401)
    const limited = await attempt(stranger, password)
    assert.equal(limited.status, 429, 'nobody is exempt')
    assert.ok(Number(limited.headers['retry-after']) <= 60)
    for (let index = 5; index < 8; index++) assert.equal((await other(index, '203.0.113.67')).status, 401)
    assert.equal((await other(8, '203.0.113.68')).status, 429)
    assert.equal((await other(8, '203.0.114.68')).status, 401)
    const mapped = await attempt('::ffff:203.0.113.69', password)
    assert.equal(mapped.status, 429, 'in whatever way it is written')
    advance(61 * second)
    assert.equal((await attempt(stranger, password)).status, 200)
  })

  test('forgets where an account was signed in to when a developer sets its password', async () => {
    await attempt(home, password)
    const developer = app.developer
    const { body: users } = await app.call('GET', `/admin/user/${system.key}`, { developer })
    const body = { user: users.Data[0].user_id, changes: { password: 'the plant is safe' } }
    assert.equal((await app.call('PUT', `/admin/user/${system.key}`, { developer, body })).status, 200)
    await fail(stranger)
    assert.equal((await attempt(home, 'the plant is safe')).status, 429)
  })

  test('counts the right password of an account that is switched off as a wrong one', async () => {
    const user = await app.createUser(system, 'off@example.com', password)
    const body = { user, changes: { disabled: true } }
    await app.call('PUT', `/admin/user/${system.key}`, { developer: app.developer, body })
    for (let count = 0; count < 5; count++) {
      assert.equal((await attempt(stranger, password, { email: 'off@example.com' })).status, 401)
    }
    assert.equal((await attempt(stranger, password, { email: 'off@example.com' })).status, 429)
  })

  test('is cleared by a developer, keeps no address in the clear, and forgets places after 90 days', async () => {
    await attempt(home, password)
    await fail(stranger)
    await fail(home)
    const accounts = `/admin/v/4/system/${system.key}/accounts`
    const list = async () =>
      (await app.call('GET', accounts, { developer: app.developer, query: { waiting: 'true' } })).body
    const [waiting] = await list()
    assert.equal(waiting.failed_sign_ins, 10)
    const { failures } = await everythingIn(app.app.means as never)
    for (const address of ['192.0.2', stranger]) assert.equal(String(failures).includes(address), false)
    const unlock = `${accounts}/unlock`
    const { status } = await app.call('POST', unlock, { developer: app.developer, body: { user: waiting.user_id } })
    assert.equal(status, 200)
    assert.deepEqual(await list(), [])
    assert.equal((await attempt(home, password)).status, 200)
    await fail(stranger)
    assert.equal((await attempt(home, password)).status, 200, 'and home is known still')
    const { means } = app.app
    await deleteOldFailures(means.store, means.clock.now() + 29 * day)
    assert.equal((await attempt(stranger, password)).status, 429)
    await deleteOldFailures(means.store, means.clock.now() + 91 * day)
    assert.equal((await attempt(stranger, password)).status, 200)
  })
})
