/** What trying a sign-in promises: it shows what would happen, and nothing of it happens. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { bindRecoveryCodes, placeOf } from '../../domain/accounts/authenticators.ts'
import { makeRecoveryCodes } from '../../domain/accounts/recovery-codes.ts'
import { SoftwarePasskey } from '../../domain/accounts/software-passkey.fixture.ts'
import { newTotpSecret, stepAt, totpCode } from '../../domain/accounts/totp.ts'
import { type System, secondFactorSystem } from '../../domain/auth/second-factor.fixture.ts'
import { fakeTwilio, token, twilioProvider } from '../../domain/sending/providers.fixture.ts'
import { systemByKey } from '../../domain/systems/systems.ts'
import { copyLimits } from '../../store/scratch/bounds.ts'
import { bindAuthenticator } from '../../store/tables/authenticators.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'

describe('a sign-in that is only tried', () => {
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
    userId = await app.createUser(system, email, password, { sms_phone: '+1 415 555 0123' })
  })

  const ask = (body: unknown, as: Record<string, unknown> = { developer: app.developer }) =>
    app.call('POST', `/admin/v/4/system/${system.key}/auth-service/try`, { ...as, body })
  const tried = async (body: unknown) => {
    const { status, body: report, text } = await ask(body)
    assert.equal(status, 200, text)
    return report
  }
  const one = async (body: Record<string, unknown>) => (await tried(body)).steps[0]
  const everything = () => everythingIn({ ...app.app.means, caller: { kind: 'nobody' } } as never)
  const useService = async (name: string, code: string, requires = 'clearblade,signin,http', more = {}) => {
    await app.createService(system, name, code, { requires, executableBy: ['Anonymous'], ...more })
    await app.set(system, { auth_service: name })
  }
  const twoSteps = [{ params: { email, password } }, { params: { factor_id: '$1.options.factor_id', code: '$1.code' } }]

  test('shows both steps of a sign-in, the code that would be sent and what would be granted', async () => {
    const report = await tried({ steps: twoSteps })
    assert.deepEqual([report.service, report.version, report.tried, report.cut], ['secondFactor', 1, 'current', []])
    const [first, second] = report.steps
    assert.equal(first.decision, 'more')
    assert.match(first.code, /^\d{6}$/)
    assert.equal(first.answer.body.user_token, '')
    assert.deepEqual(first.messages, [
      { to: '••• 0123', body: `Your code is ${first.code}`, where: 'inbox', provider: 'inbox', state: 'accepted' },
    ])
    assert.deepEqual(
      first.calls.map((call: any) => [call.name, 'outcome' in call]),
      [
        ['auth.password', true],
        ['auth.challenge', true],
      ],
    )
    assert.equal(second.decision, 'granted')
    assert.deepEqual(second.factors, ['password', 'phone'])
    assert.equal(second.user_id, userId)
    assert.equal(second.answer.body.options.factor, 'phone')
    assert.doesNotMatch(JSON.stringify(report), /gh(?!f_)[a-z]_/, 'no token of any kind')
    assert.equal(JSON.stringify(report).includes(password), false)
    const { factor_id } = first.answer.body.options
    const real = await app.call('POST', '/api/v/1/user/auth', { system, body: { factor_id, code: first.code } })
    assert.equal(real.body.user_token, '', 'what answers the trial opens nothing')
  })

  test('leaves every row of the database, and every count in memory, as it was', async () => {
    await app.createCollection(system, 'Notes', { text: 'string' })
    const column = { column_name: 'shift', type: 'string' }
    await app.call('POST', `/admin/user/${system.key}/columns`, { developer: app.developer, body: column })
    const busy = `function busy(req, resp) {
      ClearBlade.init({ request: req })
      log('asked for ' + req.params.email)
      ClearBlade.Collection({ collectionName: 'Notes' }).create({ text: 'tried' }, function () {})
      ClearBlade.User().setUsers(ClearBlade.Query().equalTo('email', req.params.email), { shift: 'late' }, function () {})
      Messages.send({ to: '+14155550123', body: 'hello' })
      ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
        callback: function (err, body) {
          if (err) throw new Error('this run fails')
          resp.success({ authToken: body.authToken, user_id: '', options: {} })
        } })
    }`
    const runner = await app.createUser(system, 'runner@example.com', 'power lent to code')
    await app.grant(system, 'Administrator', { collections: [{ itemInfo: { name: 'Notes' }, permissions: 15 }] })
    const roles = { id: runner, changes: { roles: { add: ['Administrator'] } } }
    await app.call('PUT', `/admin/user/${system.key}`, { developer: app.developer, body: { user: runner, ...roles } })
    const fields = { logging_enabled: true }
    await useService('busy', busy, 'clearblade,messages,log', { runAs: runner, fields })
    const before = await everything()
    const granted = await one({ params: { email, password } })
    assert.equal(granted.decision, 'granted', JSON.stringify(granted))
    assert.ok(granted.logs.includes('asked for'))
    assert.deepEqual(
      granted.calls.map((call: any) => [call.name, call.refused]),
      ['data.create', 'users.update', 'sending.send', 'auth.password'].map((name) => [name, undefined]),
    )
    assert.equal(granted.messages[0].body, 'hello')
    for (const body of [
      { email, password: 'wrong' },
      { email: 'nobody@example.com', password: 'wrong' },
    ]) {
      const failed = await one({ params: body })
      assert.equal(failed.decision, 'broken')
      assert.match(failed.why, /this run fails/)
    }
    await tried({ service: 'secondFactor', steps: twoSteps })
    await tried({ service: 'busy', code: 'resp.error({ options: 1 })', params: { email, password } })
    await tried({ service: 'busy', assume_password: true, params: { email, password: 'another one' } })
    assert.deepEqual(await everything(), before)
  })

  test('judges by an older version, by code that was never saved, or by another service', async () => {
    const now = "resp.error({ options: { message: 'closed' } })"
    await useService('rule', "resp.success({ authToken: '', user_id: '', options: { version: 1 } })")
    await app.call('PUT', `/admin/code/v/1/${system.key}/rule`, { developer: app.developer, body: { code: now } })
    const params = { email, password }
    assert.equal((await one({ params })).decision, 'refused')
    const older = await tried({ version: 1, params })
    assert.deepEqual([older.version, older.tried, older.steps[0].decision], [1, 'version', 'more'])
    const candidate = await tried({
      code: 'function rule(req, resp) { resp.success(signin.grant({ user_id: 0 })) }',
      params,
    })
    assert.equal(candidate.tried, 'code')
    assert.equal(candidate.steps[0].decision, 'broken')
    assert.match(candidate.steps[0].why, /user_id/)
    const [unread] = (await tried({ code: 'function rule(', params })).steps
    assert.match(unread.why, /SyntaxError/)
    assert.ok(unread.advice)
    assert.equal((await one({ service: 'secondFactor', params })).decision, 'more')
    const { body: current } = await app.call('GET', `/admin/code/v/1/${system.key}/rule`, { developer: app.developer })
    assert.equal(current.code, now)
    await app.set(system, { auth_service: '' })
    assert.equal((await one({ service: 'secondFactor', params })).decision, 'more', 'before it is set')
  })

  test('is served by the safe version as sign-ins are, and tries itself what withdrew itself and is named', async () => {
    const developer = app.developer
    await useService('gate', "resp.error({ options: { by: 'safe' } })")
    await app.set(system, { auth_withdraw: { share: 0.1, window: 300, least: 1 } })
    const at = `/admin/v/4/system/${system.key}/auth-service`
    assert.equal((await app.call('POST', `${at}/versions/safe`, { developer })).status, 200)
    await app.call('PUT', `/admin/code/v/1/${system.key}/gate`, { developer, body: { code: 'nothing.at.all()' } })
    const params = { email, password }
    assert.equal((await one({ params })).decision, 'broken')
    assert.equal((await one({ params })).decision, 'broken', 'a trial withdraws nothing')
    await app.call('POST', '/api/v/1/user/auth', { system, body: params })
    const served = await one({ params })
    assert.deepEqual([served.answer.body.options, served.safe_version], [{ by: 'safe' }, 1], JSON.stringify(served))
    const itself = await one({ params, version: 2 })
    assert.deepEqual([itself.decision, itself.safe_version], ['broken', undefined])
  })

  test('sends no request: stubs answer, and without one the network seems to be down', async () => {
    const body = { name: 'KEY', value: 'a key of another service', hosts: ['directory.example.com'] }
    await app.call('POST', `/admin/v/4/system/${system.key}/secrets`, { developer: app.developer, body })
    await useService(
      'directory',
      `function directory(req, resp) {
        var found = []
        ;[req.params.first, req.params.second].forEach(function (uri) {
          Requests().get({ uri: uri, headers: { 'X-Key': 'secret:KEY' } }, function (err, text) { found.push([err, text]) })
        })
        resp.error({ options: { found: found } })
      }`,
    )
    const first = 'https://directory.example.com/users/op'
    const second = 'https://directory.example.com/badges'
    const stubs = [{ url: 'https://directory.example.com/users/*', status: 200, body: { active: true } }]
    const step = await one({ params: { first, second }, stubs })
    const [answered, failed] = step.answer.body.options.found
    assert.deepEqual(answered, [false, '{"active":true}'])
    assert.equal(failed[0], true)
    assert.match(JSON.stringify(failed[1]), /cannot be reached/)
    assert.deepEqual(
      step.requests.map((request: any) => [request.url, request.answered, request.headers['x-key']]),
      [
        [first, 'stub', '[secret]'],
        [second, 'nothing', '[secret]'],
      ],
    )
    assert.equal(JSON.stringify(step).includes(body.value), false)
  })

  test('does not let a service reach the node itself', async () => {
    const code = `function around(req, resp) {
      Requests().post({ uri: ClearBlade.URI + '/api/v/1/user/auth', body: {} }, function (err, text) {
        resp.error({ options: { err: err, text: String(text) } })
      })
    }`
    await useService('around', code, 'clearblade,http')
    const step = await one({ params: {} })
    assert.equal(step.answer.body.options.err, true)
    assert.match(step.answer.body.options.text, /does not reach its own node/)
  })

  test('takes a message that a service gives to Twilio itself, and finds the code in it', async () => {
    const code = `function byHand(req, resp) {
      var options = { uri: 'https://api.twilio.com/2010-04-01/Accounts/AC1/SMS/Messages.json', auth: { user: 'AC1', pass: 'x' },
        form: { To: '+14155550123', From: '+15005550006', Body: 'Your code is 4711' } }
      Requests().post(options, function (err, text) {
        resp[err ? 'error' : 'success']({ authToken: '', user_id: '', options: { code: req.params.code || '', text: text } })
      })
    }`
    await useService('byHand', code)
    const { steps } = await tried({ steps: [{ params: {} }, { params: { code: '$1.code' } }] })
    assert.equal(steps[0].messages[0].body, 'Your code is 4711', JSON.stringify(steps))
    assert.equal(steps[1].answer.body.options.code, '4711')
    const { body: inbox } = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
    assert.deepEqual(inbox, [])
  })

  test('comes from where and when it is said to come, and finds the past that it is given', async () => {
    const code = `function tell(req, resp) {
      resp.error({ options: { context: req.context, now: new Date().toISOString(), hour: new Date(Date.now()).getUTCHours(),
        is: new Date() instanceof Date, position: req.params.position } })
    }`
    await useService('tell', code)
    await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
    const position = { latitude: 52.5, longitude: 13.4 }
    const { steps } = await tried({
      context: {
        ...{
          address: '203.0.113.9',
          user_agent: 'plant app',
          time: '2031-03-04T05:06:07Z',
          position,
          device: 'scanner 7',
        },
        failures: { password: 3, second_factor: 2, address: 5 },
        last_sign_in: { time: '2031-03-03T00:00:00Z', address: '198.51.100.1', factors: 'password phone' },
      },
      steps: [
        { params: { email } },
        { params: { email }, context: { address: '203.0.113.10', time: '2031-03-04T23:00:00Z' } },
      ],
    })
    const told = steps[0].answer.body.options
    assert.ok(told.now.startsWith('2031-03-04T05:06:'), told.now)
    assert.deepEqual([told.hour, told.is, told.position], [5, true, position])
    assert.ok(told.context.proven.time.startsWith('2031-03-04T05:06:'))
    const { time: _, ...proven } = told.context.proven
    assert.deepEqual(proven, {
      address: '203.0.113.9',
      country: '',
      failures: { password: 3, second_factor: 2, address: 5 },
      last_sign_in: { time: '2031-03-03T00:00:00.000Z', address: '198.51.100.1', factors: 'password phone' },
    })
    assert.deepEqual(told.context.claimed, { email, user_agent: 'plant app', position, device: 'scanner 7' })
    const then = steps[1].answer.body.options
    assert.equal(then.hour, 23)
    assert.equal(then.context.proven.address, '203.0.113.10')
    const present = (await one({ params: { email } })).answer.body.options
    assert.ok(Math.abs(Date.parse(present.now) - Date.now()) < 60_000)
  })

  test('knows the last sign-in of the account, though no session is copied', async () => {
    await app.set(system, { auth_service: '' })
    await app.signIn(system, email, password)
    await useService('tell', 'function tell(req, resp) { resp.error({ options: req.context.proven.last_sign_in }) }')
    const { options } = (await one({ params: { email } })).answer.body
    assert.deepEqual([options.address, options.factors], ['127.0.0.1', 'password'])
  })

  test('asks an authenticator app and recovery codes that are its own: no trial tells what a real code is', async () => {
    const secret = newTotpSecret()
    const scope = { ...app.app.means, caller: { kind: 'nobody' }, origin: { address: '', userAgent: '' } } as const
    const data = app.app.means.store.forSystem(system.key)
    const inSystem = { ...scope, data, system: (await systemByKey(scope, system.key))! }
    const made = await makeRecoveryCodes(inSystem, userId)
    await data.transaction(async (tx) => {
      const id = 'app'
      const sealed = app.app.means.key.seal('authenticators', placeOf(system.key, { id, userId }), secret)
      await bindAuthenticator(tx, { id, userId, kind: 'totp', label: 'app', sealed, boundAt: 0, boundBy: 'test' })
      await bindRecoveryCodes({ ...inSystem, data: tx }, userId, made, 'test')
    })
    for (const kind of ['totp', 'recovery']) {
      const first = { params: { email, password, kind } }
      const { steps } = await tried({ steps: [first, twoSteps[1]] })
      assert.equal(steps[1].decision, 'granted', JSON.stringify(steps))
      assert.deepEqual(steps[1].factors, ['password', kind])
      const real = kind === 'totp' ? totpCode(secret, stepAt(app.app.means.clock.now())) : made.codes[0]
      const guessed = (await tried({ steps: [first, { params: { ...twoSteps[1]!.params, code: real } }] })).steps[1]
      assert.deepEqual([guessed.decision, guessed.answer.body.user_token], ['refused', ''])
      const { options } = (await app.call('POST', '/api/v/1/user/auth', { system, body: first.params })).body
      const body = { factor_id: options.factor_id, code: steps[0].code }
      assert.equal((await app.call('POST', '/api/v/1/user/auth', { system, body })).body.user_token, '')
    }
  })

  test('is asked for a passkey where the page that it comes from can use it', async () => {
    const page = `http://localhost:${new URL(app.app.means.publicUrl()).port}`
    const at = (path: string, body: unknown) =>
      app.call('POST', `/api/v/4/user/authenticators/${path}`, { system, body, headers: { origin: page } })
    const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
    const { enrolment } = (await app.call('POST', path, { developer: app.developer })).body
    const begun = await at('enrol', { email, password, enrolment, kind: 'passkey' })
    const code = new SoftwarePasskey().create(begun.body.passkey, page)
    const done = await at('confirm', { email, password, enrolment, code })
    assert.equal(done.body.state, 'bound', done.text)
    const params = { email, password }
    const [first, answered] = (
      await tried({ context: { page }, steps: [{ params }, { params: { ...twoSteps[1]!.params, code: '000000' } }] })
    ).steps
    assert.equal(first.answer.body.options.kind, 'passkey', JSON.stringify(first))
    assert.deepEqual([first.code, answered.decision], [undefined, 'refused'])
    // The passkey is good at the node's own page, and the portals of the system have another name.
    const portal = { page: app.app.means.portalOrigin(system.key) }
    assert.equal((await one({ params, context: portal })).answer.body.options.kind, 'phone')
    assert.match((await ask({ params, context: { page: `${page}/path` } })).body.error.detail, /origin of a web page/)
  })

  test('is for developers of the system alone', async () => {
    await app.set(system, { auth_service: '' })
    const token = await app.signIn(system, email, password)
    const asked = { service: 'secondFactor', params: { email, password } }
    assert.equal((await ask(asked)).status, 200)
    const person = { email: 'other@example.com', password: 'correct horse battery', fname: 'O', lname: 'D', org: 'x' }
    const other = await app.call('POST', '/admin/reg', { body: person })
    assert.equal(other.status, 200, other.text)
    for (const as of [{}, { token }, { system }, { system, token }, { developer: other.body.dev_token }]) {
      const { status, text } = await ask(asked, as)
      assert.ok([400, 401, 403].includes(status), text)
      assert.doesNotMatch(text, /decision/)
    }
  })

  test('says what is wrong with what it is asked, and then runs nothing', async () => {
    const params = { email, password }
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{}, /needs params, or a list/],
      [{ params, steps: [{ params }] }, /not both/],
      [{ steps: [] }, /1 to 10 steps/],
      [{ steps: Array.from({ length: 11 }, () => ({ params })) }, /1 to 10 steps/],
      [{ steps: [{ params: [] }] }, /Step 1 needs params/],
      [{ params: { grant_type: 'refresh_token' } }, /asks no auth service/],
      [{ params: { code: '$1.code' } }, /refers to step 1, which is no earlier one/],
      [{ params, service: 'nothing' }, /no service "nothing"/],
      [{ params, version: 9 }, /no version 9/],
      [{ params, version: 1, code: 'x' }, /not both/],
      [{ params, code: '' }, /code is empty/],
      [{ params, requires: 'x' }, /goes with code/],
      [{ params, candidate: 1 }, /knows no "candidate"/],
      [{ params, context: { address: 'here' } }, /IP address/],
      [{ params, context: { time: 'noon' } }, /must be a time/],
      [{ params, context: { failures: { password: -1 } } }, /whole number/],
      [{ params, context: { last_sign_in: 5 } }, /object or null/],
      [{ params, stubs: [{ url: 'ftp://x' }] }, /http/],
      [{ params, stubs: [{ url: 'https://x.example.com', status: 99 }] }, /status/],
      [{ params, stubs: {} }, /list/],
      [{ params: { email: 'x' }, assume_password: true }, /assume_password/],
      [{ params: { email: 'nobody@example.com', password }, assume_password: true }, /nobody has/],
      [
        {
          steps: [
            { params, context: { time: '2031-01-01T00:00:00Z' } },
            { params, context: { time: '2030-01-01T00:00:00Z' } },
          ],
        },
        /earlier than the step before/,
      ],
    ]
    const before = await everything()
    for (const [body, said] of wrong) {
      const { status, body: answer, text } = await ask(body)
      assert.equal(status, 400, `${JSON.stringify(body)} ${text}`)
      assert.match(answer.error.detail, said)
    }
    let deep: unknown = 1
    for (let depth = 0; depth < 5_000; depth++) deep = [deep]
    assert.equal((await ask({ params: { deep } })).status, 400)
    assert.deepEqual(await everything(), before)
    await app.set(system, { auth_service: '' })
    assert.match((await ask({ params })).text, /no auth service/)
  })

  test('stops where a step refers to what the step before was not answered', async () => {
    const { steps } = await tried({ steps: [{ params: { email, password: 'wrong' } }, ...twoSteps.slice(1)] })
    assert.deepEqual([steps[0].decision, steps[1].decision], ['refused', 'not run'])
    assert.match(steps[1].why, /Step 1 has no (options\.factor_id|code)/)
  })

  test('says of what it saw the newest rows alone', async () => {
    const id = await app.createCollection(system, 'Badges', { number: 'int' })
    const rows = Array.from({ length: copyLimits.rows + 5 }, (_, number) => ({ number }))
    const made = await app.call('POST', `/api/v/1/data/${id}`, { developer: app.developer, body: rows })
    assert.equal(made.status, 200, made.text)
    const code = `function badges(req, resp) {
      ClearBlade.init({ request: req })
      ClearBlade.Collection({ collectionName: 'Badges' }).count(ClearBlade.Query(), function (err, data) {
        resp.error({ options: { err: err, data: data } })
      })
    }`
    await useService('badges', code, 'clearblade')
    await app.grant(system, 'Anonymous', { collections: [{ itemInfo: { name: 'Badges' }, permissions: 1 }] })
    const report = await tried({ params: {} })
    assert.deepEqual(report.cut, [{ what: 'collection Badges', copied: copyLimits.rows }])
    assert.equal(report.steps[0].answer.body.options.data.count, copyLimits.rows, JSON.stringify(report.steps[0]))
  })

  test('runs for few at once', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask({ steps: twoSteps })))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 429, 429])
    assert.equal((await ask({ steps: twoSteps })).status, 200)
  })
})

test('in production no provider hears of a trial, whose code only its developer sees', async (t) => {
  const twilio = await fakeTwilio(t)
  const args = [
    '--mode',
    'production',
    '--insecure-http',
    '--weak-sandbox',
    '--route',
    `https://api.twilio.com=${twilio.url}`,
  ]
  const app = await createTestApp(t, { args })
  const system = await secondFactorSystem(app)
  await app.createUser(system, email, password, { sms_phone: '+14155550123' })
  const path = `/admin/v/4/system/${system.key}`
  const tryIt = async () =>
    (
      await app.call('POST', `${path}/auth-service/try`, {
        developer: app.developer,
        body: {
          steps: [{ params: { email, password } }, { params: { factor_id: '$1.options.factor_id', code: '$1.code' } }],
        },
      })
    ).body.steps
  assert.match((await tryIt())[0].answer.body.options.message, /no provider of messages/)
  await app.call('POST', `${path}/secrets`, { developer: app.developer, body: { name: 'TWILIO', value: token } })
  await app.set(system, { message_providers: [twilioProvider] })
  const before = await everythingIn({ store: app.app.means.store } as never)
  const steps = await tryIt()
  const [first, second] = steps
  assert.equal(first.messages[0].where, 'provider')
  assert.match(first.messages[0].body, /^Your code is \d{6}$/)
  assert.equal(first.answer.body.options.code, undefined, 'the service sees no code in production')
  assert.match(first.code, /^\d{6}$/)
  assert.equal(second.decision, 'granted')
  assert.deepEqual(twilio.taken, [])
  assert.equal(JSON.stringify(steps).includes(token), false)
  assert.deepEqual(await everythingIn({ store: app.app.means.store } as never), before)
  const real = await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
  assert.equal(twilio.taken.length, 1, real.text)
})
