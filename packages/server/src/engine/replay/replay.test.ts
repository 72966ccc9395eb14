/** What recording and replaying sign-ins promises: the flips are found, nothing is guessed, nothing happens, no secret is kept. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'
import { findSecret } from '../../../../../test/support/search.ts'
import { day } from '../../base/clock.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { type System, secondFactorService, secondFactorSystem } from '../../domain/auth/second-factor.fixture.ts'

const email = 'Op@example.com'
const password = 'the plant is quiet'
const phone = '+1 415 555 0123'

describe('a recorded sign-in', () => {
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
    await app.set(system, { record_sign_ins: { keep: 100 } })
  })

  const signIn = async (body: Record<string, unknown>) => {
    const answer = await app.call('POST', '/api/v/1/user/auth', { system, body })
    await app.app.settled()
    return answer
  }
  const bothSteps = async () => {
    const { options } = (await signIn({ email, password })).body
    const done = await signIn({ factor_id: options.factor_id, code: options.code })
    assert.match(done.body.user_token, /^ghu_/)
    return { ...options, token: done.body.user_token } as Record<string, string>
  }
  const at = () => `/admin/v/4/system/${system.key}/auth-service`
  const recorded = async () => (await app.call('GET', `${at()}/recorded`, { developer: app.developer })).body
  const replay = async (body: Record<string, unknown> = {}) => {
    const answer = await app.call('POST', `${at()}/replay`, { developer: app.developer, body })
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const everything = () => everythingIn({ store: app.app.means.store } as never)
  const decisions = (list: any[]) => list.map((one) => [one.was.decision, one.would.decision])
  const useService = async (name: string, code: string, requires = 'clearblade,signin,http', more = {}) => {
    await app.createService(system, name, code, { requires, executableBy: ['Anonymous'], ...more })
    await app.set(system, { auth_service: name })
  }

  test('is replayed to the same decision by the code that judged it', async () => {
    const { options } = (await signIn({ email, password, kind: 'phone', digits: 7 })).body
    assert.match((await signIn({ factor_id: options.factor_id, code: options.code })).body.user_token, /^ghu_/)
    await signIn({ email, password: 'wrong' })
    assert.deepEqual(
      (await recorded()).map((one: any) => [one.decision, one.factors]),
      [
        ['refused', []],
        ['granted', ['password', 'phone']],
        ['more', []],
      ],
    )
    const report = await replay()
    assert.deepEqual([report.replayed, report.same, report.flips, report.unknown], [3, 3, [], []])
    assert.deepEqual(report.counts, { refused: { refused: 1 }, granted: { granted: 1 }, more: { more: 1 } })
  })

  test('shows which decisions other code would turn round, and why', async () => {
    await bothSteps()
    await signIn({ email, password: 'wrong' })
    const careless = secondFactorService.replace(
      'signin.challenge({',
      "return resp.success({ authToken: body.authToken, user_id: '' })\n signin.challenge({",
    )
    const report = await replay({ code: careless })
    assert.deepEqual([report.tried, report.version, report.same], ['code', 0, 2])
    assert.deepEqual(decisions(report.flips), [['more', 'granted']])
    assert.deepEqual(report.flips[0].would.factors, ['password'])
    const closed = await replay({
      code: "function secondFactor(req, resp) { resp.error({ options: { message: 'closed' } }) }",
    })
    assert.deepEqual(decisions(closed.flips), [
      ['granted', 'refused'],
      ['more', 'refused'],
    ])
    assert.match(closed.flips[0].would.why, /closed/)
    const broken = await replay({ code: 'function secondFactor(req, resp) { nothing.at.all() }' })
    assert.deepEqual(broken.counts, { refused: { broken: 1 }, granted: { broken: 1 }, more: { broken: 1 } })
    assert.match(broken.flips[0].would.why, /nothing is not defined/)
    const proof = secondFactorService.replace('authToken: data.authToken', "authToken: 'ghp_made-up'")
    assert.deepEqual(decisions((await replay({ code: proof })).flips), [['granted', 'broken']])
    const reused = secondFactorService.replace(
      'asked(failed, data)',
      "resp.success({ authToken: body.authToken, user_id: '' })",
    )
    assert.deepEqual(decisions((await replay({ code: reused })).flips), [['more', 'broken']], 'the proof is spent')
  })

  test('is unknown where other code asks what was not recorded, and never guessed', async () => {
    await bothSteps()
    const curious = secondFactorService.replace(
      'ClearBlade.init({\n',
      "try { ClearBlade.Collection({ collectionName: 'Badges' }).fetch(ClearBlade.Query(), function () {}) } catch (e) {}\n ClearBlade.init({\n",
    )
    assert.notEqual(curious, secondFactorService)
    const report = await replay({ code: curious })
    assert.deepEqual(report.counts, { granted: { granted: 1 }, more: { unknown: 1 } })
    assert.match(report.unknown[0].would.why, /asks data\.fetch, which the record does not have/)
    const otherwise = await replay({ code: secondFactorService.replace("'Your code is {code}'", "'Code: {code}'") })
    assert.deepEqual(otherwise.counts.more, { unknown: 1 }, 'other words are another call')
  })

  test('follows libraries, versions and other services', async () => {
    await app.createLibrary(system, 'Rules', 'var rules = { open: true }')
    const code = `function ruled(req, resp) {
      if (!rules.open) return resp.error({ options: {} })
      ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
        callback: function (err, body) {
          if (err) return resp.error({ options: {} })
          resp.success({ authToken: body.authToken, user_id: '', options: {} })
        } })
    }`
    await useService('ruled', code, 'clearblade,Rules')
    await signIn({ email, password })
    const library = `/codeadmin/v/2/library/${system.key}/Rules`
    await app.call('PUT', library, { developer: app.developer, body: { code: 'var rules = { open: false }' } })
    assert.deepEqual(decisions((await replay()).flips), [['granted', 'refused']])
    await app.call('PUT', library, { developer: app.developer, body: { code: 'var rules = { open: true }' } })
    assert.equal((await replay()).same, 1)
    const service = `/admin/code/v/1/${system.key}/ruled`
    await app.call('PUT', service, { developer: app.developer, body: { code: 'resp.error({ options: {} })' } })
    assert.deepEqual(decisions((await replay()).flips), [['granted', 'refused']])
    const older = await replay({ version: 1 })
    assert.deepEqual([older.tried, older.same], ['version', 1])
    await app.createService(system, 'other', "resp.success({ authToken: '', user_id: '' })", {})
    assert.deepEqual(decisions((await replay({ service: 'other' })).flips), [['granted', 'more']])
  })

  test('goes by the time, the place and the random numbers of the sign-in', async () => {
    await app.createCollection(system, 'Notes', { id: 'string', at: 'timestamp' })
    await app.grant(system, 'Anonymous', { collections: [{ itemInfo: { name: 'Notes' }, permissions: 15 }] })
    const code = `function timed(req, resp) {
      ClearBlade.init({ request: req })
      var old = new Date(Date.now() - 15 * 60 * 1000).toISOString()
      ClearBlade.Query({ collectionName: 'Notes' }).lessThan('at', old).fetch(function () {})
      ClearBlade.Collection({ collectionName: 'Notes' }).create({ id: newUUID() + Math.random(), at: new Date().toISOString() },
        function (err) { if (err) resp.error({ options: { message: 'note' } }) })
      var near = req.context.claimed.position && Math.abs(req.context.claimed.position.latitude - 52) < 1
      if (!near || req.context.proven.address !== '127.0.0.1') resp.error({ options: { message: 'place' } })
      resp.success({ authToken: '', user_id: '', options: { kind: req.params.kind === 'app' } })
    }`
    await useService('timed', code, 'clearblade')
    await signIn({ email, password, kind: 'app', position: { latitude: 52, longitude: 134 } })
    await signIn({ email, password, kind: 'app', position: { latitude: 40.5, longitude: 134 } })
    app.advance(3 * 60 * 60 * 1000)
    const report = await replay()
    assert.deepEqual(report.counts, { refused: { refused: 1 }, more: { more: 1 } }, JSON.stringify(report.unknown))
    const later = await replay({ code: code.replace('15 * 60', '30 * 60') })
    assert.deepEqual(
      later.counts,
      { refused: { unknown: 1 }, more: { unknown: 1 } },
      'another quarter of an hour is another question',
    )
    const night = code.replace(
      'ClearBlade.init({ request: req })',
      'if (Math.abs(Date.parse(req.context.proven.time) - Date.now()) > 60000) nothing.at.all()\n ClearBlade.init({ request: req })',
    )
    assert.equal((await replay({ code: night })).same, 2)
  })

  test('sends, writes, counts and reads nothing', async () => {
    await bothSteps()
    await signIn({ email, password: 'wrong' })
    const before = await everything()
    assert.equal((await replay()).same, 3)
    assert.equal((await replay({ code: 'function secondFactor() { nothing.at.all() }' })).same, 0)
    assert.deepEqual(await everything(), before)
    // The user is gone, and with him all that the sign-in found; the record still answers.
    const { status } = await app.call('DELETE', `/admin/user/${system.key}`, {
      developer: app.developer,
      query: { user: userId },
    })
    assert.equal(status, 200)
    assert.equal((await replay()).same, 3)
  })

  test('keeps no secret, by whatever name it came and however a service turns it', async () => {
    const leaky = `function leaky(req, resp) {
      ClearBlade.init({ request: req })
      var row = { all: JSON.stringify(req.params), packed: crypto.createHash('sha256').update(req.params.password).digest('base64'), hashed: crypto.createHash('sha256').update(String(req.params.otp)).digest('hex') }
      ClearBlade.Collection({ collectionName: 'Seen' }).create(row, function () {})
      ClearBlade.Query({ collectionName: 'Seen' }).fetch(function (err, page) { log(page) })
      Requests().post({ uri: 'https://directory.example.com/', body: row }, function () {})
      ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
        callback: function (err, body) {
          if (err) return resp.error({ options: { message: String(err) } })
          signin.challenge({ authToken: body.authToken, message: 'Code {code}' }, function (failed, data) {
            resp.success({ authToken: '', user_id: '', options: data })
          })
        } })
    }`
    await app.createCollection(system, 'Seen', { all: 'string', packed: 'string', hashed: 'string' })
    await app.grant(system, 'Anonymous', { collections: [{ itemInfo: { name: 'Seen' }, permissions: 15 }] })
    await useService('leaky', leaky, 'clearblade,signin,http,crypto,log')
    const params = { email, password, otp: 481516, badge: 'badge-4242-secret', nested: { pin: '998877' } }
    const { options } = (await signIn(params)).body
    assert.match(options.challenge_id, /^ghf_/)
    const { recorded_sign_ins: rows } = await everything()
    const [row] = JSON.parse(rows!).filter((one: string) => JSON.parse(one).system_key === system.key)
    assert.ok(row, 'it is recorded')
    const kept = Buffer.from(row)
    const secrets = [
      password,
      '481516',
      params.badge,
      '998877',
      options.challenge_id,
      options.code,
      email,
      email.toLowerCase(),
      system.secret,
    ]
    for (const secret of [...secrets, phone, '4155550123']) assert.equal(findSecret(kept, secret), undefined, secret)
    assert.doesNotMatch(row, /gh(_[a-z]+|[a-z])_[A-Za-z0-9_-]{20,}/)
    assert.equal((await replay()).same, 1)
    const told = JSON.stringify([
      await recorded(),
      await replay({ code: 'function leaky(req, resp) { resp.error(req) }' }),
    ])
    for (const secret of secrets) assert.equal(findSecret(Buffer.from(told), secret), undefined, secret)
  })

  test('is not kept where the decision rests on what is marked', async () => {
    const code = `function picky(req, resp) {
      if (req.params.badge.length === 9) return resp.success({ authToken: '', user_id: '', options: {} })
      resp.error({ options: {} })
    }`
    await useService('picky', code)
    assert.equal((await signIn({ email, badge: 'badge-427' })).body.user_token, '')
    assert.deepEqual(await recorded(), [])
    await signIn({ email, badge: 'another one' })
    assert.equal((await recorded()).length, 1)
  })

  test('is kept where the system says so alone, the newest of them, and not for long', async () => {
    await app.set(system, { record_sign_ins: { keep: 2, days: 1 } })
    for (let count = 0; count < 3; count++) await signIn({ email, password: `wrong ${count}` })
    assert.equal((await recorded()).length, 2)
    app.advance(day)
    assert.deepEqual(await recorded(), [])
    assert.equal((await replay()).replayed, 0)
    await signIn({ email, password: 'wrong' })
    const { body } = await app.call('DELETE', `${at()}/recorded`, { developer: app.developer })
    assert.ok(body.forgotten > 0)
    await app.set(system, { record_sign_ins: null })
    await signIn({ email, password: 'wrong' })
    assert.deepEqual(await recorded(), [])
    for (const rule of [
      {},
      { keep: 0 },
      { keep: 1001 },
      { keep: 5, share: 0 },
      { keep: 5, days: 91 },
      { keep: 5, more: 1 },
      5,
    ]) {
      const { status } = await app.call('PUT', '/admin/v/4/systemmanagement', {
        developer: app.developer,
        body: { id: system.key, record_sign_ins: rule },
      })
      assert.equal(status, 400, JSON.stringify(rule))
    }
  })

  test('that cannot be kept is a sign-in all the same', async () => {
    const many = `function many(req, resp) {
      ClearBlade.init({ request: req })
      for (var count = 0; count < 250; count++) ClearBlade.Query({ collectionName: 'Seen' }).fetch(function () {})
      ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
        callback: function (err, body) { resp.success({ authToken: body.authToken, user_id: '', options: {} }) } })
    }`
    await useService('many', many, 'clearblade')
    assert.match((await signIn({ email, password })).body.user_token, /^ghu_/)
    assert.deepEqual(await recorded(), [])
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })),
    )
    assert.ok(answers.every(({ body }) => String(body.user_token).startsWith('ghu_')))
    await app.app.settled()
  })

  test('is for developers of the system, and says what is wrong with a replay', async () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ last: 0 }, /1 to 1000/],
      [{ last: 'all' }, /1 to 1000/],
      [{ params: {} }, /knows no "params"/],
      [{ service: 'nothing' }, /no service "nothing"/],
      [{ version: 7 }, /no version 7/],
      [{ version: 1, code: 'x' }, /not both/],
    ]
    for (const [body, said] of wrong) {
      const { status, body: answer } = await app.call('POST', `${at()}/replay`, { developer: app.developer, body })
      assert.equal(status, 400)
      assert.match(answer.error.detail, said)
    }
    await app.set(system, { auth_service: '' })
    const token = await app.signIn(system, email, password)
    for (const [method, path] of [
      ['POST', 'replay'],
      ['GET', 'recorded'],
      ['DELETE', 'recorded'],
    ] as const) {
      for (const as of [{}, { token }, { system }]) {
        assert.ok((await app.call(method, `${at()}/${path}`, { ...as, body: {} })).status >= 400)
      }
    }
  })
})
