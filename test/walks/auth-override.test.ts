/** The walk of the guide "Override User Authentication", and what must never come of it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createTestApp, type TestApp } from '../support/app.ts'

const service = (name: string): string =>
  readFileSync(new URL(`../services/${name}.service.js`, import.meta.url), 'utf8')

const email = 'op@example.com'
const password = 'the plant is quiet'

type Walk = { app: TestApp; system: { key: string; secret: string }; userId: string }

/** A system with one user, and the given code as its auth service. */
async function walk(
  t: Parameters<typeof createTestApp>[0],
  code: string,
  more: { requires?: string; runAs?: string } = {},
): Promise<Walk> {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  await app.createService(system, 'authOverride', code, { executableBy: ['Anonymous'], ...more })
  await app.set(system, { auth_service: 'authOverride' })
  return { app, system, userId }
}

const auth = ({ app, system }: Walk, body: unknown = { email, password }) =>
  app.call('POST', '/api/v/1/user/auth', { system, body })

const traces = async ({ app, system }: Walk): Promise<any[]> =>
  (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: app.developer })).body

const checkAuth = async ({ app, system }: Walk, token: string): Promise<number> =>
  (await app.call('POST', '/api/v/1/user/checkauth', { system, token })).status

test('a service written as the guide shows lets in who knows the password, with its own options', async (t) => {
  const walked = await walk(t, service('init-at-top-level'))
  const answer = await auth(walked)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.user_id, walked.userId)
  assert.deepEqual(answer.body.options, { shift: 'day' })
  assert.equal(await checkAuth(walked, answer.body.user_token), 200)
  const [trace] = await traces(walked)
  assert.equal(trace.decision, 'granted')
  assert.equal(trace.service, 'authOverride')
  assert.equal(trace.version, 1)
  assert.equal(trace.userId, walked.userId)
})

test('the same service, inside its entry function, refuses a wrong password with 200 and an empty token', async (t) => {
  const walked = await walk(t, service('init-in-function'))
  const answer = await auth(walked, { email, password: 'the plant is loud' })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.user_token, '')
  assert.match(answer.body.options.message, /^initialization error/)
  assert.equal((await auth(walked)).status, 200)
  assert.equal((await traces(walked))[1].decision, 'refused')
})

test('the whole body reaches the service, with the door in its context', async (t) => {
  const walked = await walk(t, 'resp.error({options: {params: req.params, door: req.context.door}})')
  const body = { email: 'a', password: 'b', factor: 2, factor_id: 'x', code: '123456' }
  const answer = await auth(walked, body)
  assert.deepEqual(answer.body, { user_token: '', user_id: '', options: { params: body, door: 'password' } })
})

test('the setting auth_error_status makes a refusal 401, in a shape that every client reads', async (t) => {
  const walked = await walk(t, 'resp.error({options: {why: "not on shift"}})')
  await walked.app.set(walked.system, { auth_error_status: 401 })
  const answer = await auth(walked)
  assert.equal(answer.status, 401)
  assert.equal(answer.body.user_token, '')
  assert.deepEqual(answer.body.options, { why: 'not on shift' })
  assert.equal(answer.body.error.code, 918)
  assert.equal(answer.body.statusCode, 401)
})

test('an empty token asks for more: 200, options passed on, no session and no failure counted', async (t) => {
  const walked = await walk(t, 'resp.success({authToken: "", user_id: "", options: {factor_id: "f1"}})')
  for (let i = 0; i < 7; i++) {
    const answer = await auth(walked)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body, { user_token: '', user_id: '', options: { factor_id: 'f1' } })
  }
  const sessions = await walked.app.call('GET', `/admin/v/4/session/${walked.system.key}/user`, {
    developer: walked.app.developer,
  })
  assert.deepEqual(sessions.body, [])
})

test('a proof kept from the first step opens a session in the second, once', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  const runAs = await app.createUser(system, 'runner@example.com', 'runs the services')
  await app.createCollection(system, 'Pending', { token: 'string', code: 'string' })
  await app.call('POST', `/admin/user/${system.key}/roles`, { developer: app.developer, body: { name: 'authRole' } })
  await app.grant(system, 'authRole', { collections: [{ itemInfo: { name: 'Pending' }, permissions: 15 }] })
  await app.call('PUT', `/admin/user/${system.key}`, {
    developer: app.developer,
    body: { user: runAs, changes: { roles: { add: ['authRole'] } } },
  })
  await app.createService(system, 'authOverride', service('two-steps'), { executableBy: ['Anonymous'], runAs })
  await app.set(system, { auth_service: 'authOverride' })
  const walked = { app, system, userId }
  const first = await auth(walked, { email, password, factor: 1 })
  assert.equal(first.body.user_token, '', first.text)
  const { factor_id: factorId } = first.body.options
  const wrong = await auth(walked, { email: 'a', password: 'b', factor: 2, factor_id: factorId, code: '000000' })
  assert.equal(wrong.body.user_token, '')
  const second = await auth(walked, { email: 'a', password: 'b', factor: 2, factor_id: factorId, code: '424242' })
  assert.equal(second.body.user_id, userId, second.text)
  assert.equal(await checkAuth(walked, second.body.user_token), 200)
  const again = await auth(walked, { email: 'a', password: 'b', factor: 2, factor_id: factorId, code: '424242' })
  assert.equal(again.status, 401)
  assert.equal(again.body.error.code, 918)
  const rows = await app.call('GET', `/api/v/1/collection/${system.key}/Pending`, { developer: app.developer })
  const stored = rows.body.DATA[0].token
  assert.notEqual(stored, second.body.user_token)
  assert.notEqual(await checkAuth(walked, stored), 200, 'the proof in the collection opens no door')
})

const forgeries: Record<string, string> = {
  'a literal': '"let me in"',
  "the run's own token": 'req.userToken',
  "the caller's token": 'req.caller.userToken',
  'a number': '7',
  'a client-sent token': 'req.params.stolen',
}

for (const [what, expression] of Object.entries(forgeries)) {
  test(`an auth service that answers with ${what} lets nobody in`, async (t) => {
    const walked = await walk(t, `resp.success({authToken: ${expression}, user_id: "", options: {}})`)
    const { app, system } = walked
    await app.set(system, { auth_service: '' })
    const stolen = await app.signIn(system, email, password)
    await app.set(system, { auth_service: 'authOverride', keep_sessions: true })
    for (const body of [
      { email, password, stolen },
      { email, password, stolen: app.developer },
    ]) {
      const answer = await auth(walked, body)
      assert.equal(answer.status, 401, answer.text)
      assert.equal(answer.body.error.code, 918)
      assert.equal(answer.body.user_token, undefined)
    }
    assert.equal((await traces(walked))[0].decision, 'failed')
  })
}

test("another system's proof is refused", async (t) => {
  const walked = await walk(t, 'resp.success({authToken: req.params.proof, user_id: "", options: {}})')
  const { app } = walked
  const other = await app.createSystem('other')
  await app.createUser(other, email, password)
  await app.createService(other, 'leak', service('leak-proof'), { executableBy: ['Anonymous'] })
  await app.createService(other, 'stands', 'resp.error("no")', { executableBy: ['Anonymous'] })
  await app.set(other, { auth_service: 'stands' })
  const anonymous = (await app.call('POST', '/api/v/1/user/anon', { system: other })).body.user_token
  const leaked = await app.run(other, 'leak', { email, password }, { token: anonymous })
  assert.match(leaked.body.results.authToken, /^ghp_/)
  const answer = await auth(walked, { proof: leaked.body.results.authToken })
  assert.equal(answer.status, 401)
})

const brokenServices: Record<string, string> = {
  throws: 'throw new Error("no")',
  'never answers': 'var x = 1; function authOverride(req, resp) {}',
  'loops for ever': 'while (true) { try { throw 1 } catch (e) { continue } }',
  'does not compile': 'function authOverride(req, resp) { resp.success({',
  'answers a text': 'resp.success("welcome")',
  'answers nothing': 'resp.success()',
  'sends a page': 'resp.send({user_token: "x"})',
  'uses up memory': 'var a = []; while (true) a.push(new Array(100000).join("x"))',
}

for (const [what, code] of Object.entries(brokenServices)) {
  test(`an auth service that ${what} lets nobody in, and the trace says why`, async (t) => {
    const app = await createTestApp(t)
    const system = await app.createSystem()
    await app.createUser(system, email, password)
    await app.createService(system, 'authOverride', code, {
      executableBy: ['Anonymous'],
      fields: { execution_timeout: 1 },
    })
    await app.set(system, { auth_service: 'authOverride' })
    const answer = await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
    assert.equal(answer.status, 401, answer.text)
    assert.equal(answer.body.error.code, 918)
    assert.equal(typeof answer.body.error.id, 'string')
    const walked = { app, system, userId: '' }
    const [trace] = await traces(walked)
    assert.equal(trace.decision, 'failed')
    assert.ok(trace.why.length > 0)
    const developer = await app.call('POST', '/admin/auth', {
      body: { email: 'dev@example.com', password: 'correct horse battery' },
    })
    assert.equal(developer.status, 200, 'developers come in whatever a service does')
  })
}

test('a missing auth service lets nobody in until the setting is cleared', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  await app.set(system, { auth_service: 'nobodyWroteThis' })
  const walked = { app, system, userId }
  assert.equal((await auth(walked)).status, 401)
  const check = await app.call('GET', `/admin/v/4/system/${system.key}/auth-service/check`, {
    developer: app.developer,
  })
  assert.equal(check.body.ok, false)
  assert.equal(check.body.findings[0].check, 'service')
  await app.set(system, { auth_service: '' })
  const answer = await auth(walked)
  assert.equal(answer.status, 200)
  assert.equal(await checkAuth(walked, answer.body.user_token), 200)
})

test('an auth service that Anonymous may not execute lets nobody in, and the check names it', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  await app.createService(system, 'authOverride', service('init-in-function'))
  await app.set(system, { auth_service: 'authOverride' })
  const walked = { app, system, userId }
  assert.equal((await auth(walked)).status, 401)
  const check = await app.call('GET', `/admin/v/4/system/${system.key}/auth-service/check`, {
    developer: app.developer,
  })
  assert.deepEqual(
    check.body.findings.map((finding: any) => finding.check),
    ['anonymous'],
  )
  await app.grant(system, 'Anonymous', { services: [{ itemInfo: { name: 'authOverride' }, permissions: 1 }] })
  assert.equal((await auth(walked)).body.user_id, userId)
})

test('setting an auth service ends the sessions that it did not grant; keep_sessions keeps them', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  await app.createService(system, 'authOverride', service('init-in-function'), { executableBy: ['Anonymous'] })
  const walked = { app, system, userId }
  const before = await app.signIn(system, email, password)
  await app.set(system, { auth_service: 'authOverride' })
  assert.notEqual(await checkAuth(walked, before), 200)
  const granted = (await auth(walked)).body.user_token
  await app.set(system, { auth_service: '' })
  const kept = await app.signIn(system, email, password)
  await app.set(system, { auth_service: 'authOverride', keep_sessions: true })
  assert.equal(await checkAuth(walked, kept), 200)
  assert.equal(await checkAuth(walked, granted), 200)
})

test('without an auth service, what init gives a service is a session; with one it is a proof that opens nothing', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  const walked = { app, system, userId }
  await app.createService(system, 'leak', service('leak-proof'), { executableBy: ['Anonymous'] })
  const anonymous = (await app.call('POST', '/api/v/1/user/anon', { system })).body.user_token
  const open = await app.run(system, 'leak', { email, password }, { token: anonymous })
  assert.equal(await checkAuth(walked, open.body.results.authToken), 200)
  await app.createService(system, 'authOverride', 'resp.error("closed")', { executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'authOverride' })
  const shut = await app.run(system, 'leak', { email, password }, { token: anonymous })
  assert.match(shut.body.results.authToken, /^ghp_/)
  assert.equal(shut.body.results.me, userId, 'inside its run the proof acts as the user')
  assert.notEqual(await checkAuth(walked, shut.body.results.authToken), 200)
  const info = await app.call('GET', '/api/v/1/user/info', { token: shut.body.results.authToken })
  assert.equal(info.status, 401)
})

test('signin.grant lets in a user whom the service vouches for, only while it runs as the auth service', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  const code =
    'function authOverride(req, resp) { resp.success(signin.grant({user_id: req.params.badge, options: {by: "badge"}})) }'
  await app.createService(system, 'authOverride', code, { requires: 'signin', executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'authOverride' })
  const walked = { app, system, userId }
  const answer = await auth(walked, { badge: userId })
  assert.equal(answer.body.user_id, userId, answer.text)
  assert.deepEqual(answer.body.options, { by: 'badge' })
  assert.equal((await auth(walked, { badge: 'nobody' })).status, 401)
  const anonymous = (await app.call('POST', '/api/v/1/user/anon', { system })).body.user_token
  const called = await app.run(system, 'authOverride', { badge: userId }, { token: anonymous })
  assert.equal(called.body.success, false)
})

test('a user who is switched off, or changes the password, between the steps is not let in', async (t) => {
  const walked = await walk(t, service('two-calls-in-memory'))
  const { app, system, userId } = walked
  const proof = async () => (await auth(walked, { email, password, step: 1 })).body.options.proof
  const manage = (changes: unknown) =>
    app.call('PUT', `/admin/user/${system.key}`, { developer: app.developer, body: { user: userId, changes } })
  const off = await proof()
  await manage({ disabled: true })
  assert.equal((await auth(walked, { proof: off, step: 2 })).status, 401)
  await manage({ disabled: false })
  const changed = await proof()
  await manage({ password: 'another quiet plant' })
  assert.equal((await auth(walked, { proof: changed, step: 2 })).status, 401)
  const old = await app.call('POST', '/api/v/1/user/auth', {
    system,
    body: { email, password: 'another quiet plant', step: 1 },
  })
  app.advance(11 * 60 * 1000)
  assert.equal((await auth(walked, { proof: old.body.options.proof, step: 2 })).status, 401, 'proofs live ten minutes')
})

test('a proof spent by fifty at once opens exactly one session', async (t) => {
  const walked = await walk(t, service('two-calls-in-memory'))
  const { proof } = (await auth(walked, { email, password, step: 1 })).body.options
  const answers = await Promise.all(Array.from({ length: 50 }, () => auth(walked, { proof, step: 2 })))
  assert.equal(answers.filter((answer) => answer.body.user_token).length, 1)
})

test('registration makes the account, asks with the same body, and lets in only who was granted', async (t) => {
  const walked = await walk(t, service('init-in-function'))
  const { app, system } = walked
  const made = await app.call('POST', '/api/v/1/user/reg', {
    system,
    body: { email: 'new@example.com', password: 'nine lives here' },
  })
  assert.equal(made.status, 200, made.text)
  assert.equal(typeof made.body.user_id, 'string')
  assert.equal(typeof made.body.expires_at, 'number')
  assert.equal(await checkAuth(walked, made.body.user_token), 200)
  await app.createService(system, 'closed', 'resp.error("come back tomorrow")', { executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'closed' })
  const waiting = await app.call('POST', '/api/v/1/user/reg', {
    system,
    body: { email: 'later@example.com', password: 'nine lives here' },
  })
  assert.equal(waiting.status, 200)
  assert.ok(waiting.body.user_id)
  assert.equal(waiting.body.user_token, '')
  assert.equal(waiting.body.expires_at, 0)
})

test('what was passed to init never reaches the log, a failed run or the trace', async (t) => {
  const code = `function authOverride(req, resp) {
    log("trying " + req.params.email + " with " + req.params.password);
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
      callback: function (err, body) { log(body); throw new Error("broke on " + req.params.password + body.authToken) }});
  }`
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createUser(system, email, password)
  await app.createService(system, 'authOverride', code, {
    requires: 'clearblade,log',
    executableBy: ['Anonymous'],
    fields: { logging_enabled: true },
  })
  await app.set(system, { auth_service: 'authOverride' })
  assert.equal((await app.call('POST', '/api/v/1/user/auth', { system, body: { email, password } })).status, 401)
  const asDeveloper = { developer: app.developer }
  const logs = await app.call('GET', `/codeadmin/v/2/logs/${system.key}/authOverride`, asDeveloper)
  const failed = await app.call('GET', `/codeadmin/failed/${system.key}`, asDeveloper)
  const seen = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, asDeveloper)
  assert.match(logs.text, /trying/)
  for (const { text } of [logs, failed, seen]) {
    assert.doesNotMatch(text, new RegExp(password))
    assert.doesNotMatch(text, /ghp_|ghu_/)
  }
})

test('a registration service makes the account, and its proof opens one session', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createService(system, 'welcome', service('registration'), { executableBy: ['Anonymous'] })
  await app.set(system, { reg_service: 'welcome' })
  const body = { email: 'new@example.com', password: 'nine lives here', invited: true }
  const made = await app.call('POST', '/api/v/1/user/reg', { system, body })
  assert.equal(made.status, 200, made.text)
  assert.deepEqual(made.body.options, { greeting: 'hello' })
  assert.equal(typeof made.body.expires_at, 'number')
  const me = await app.call('GET', '/api/v/1/user/info', { token: made.body.user_token })
  assert.equal(me.body.user_id, made.body.user_id)
  const sessions = await app.call('GET', `/admin/v/4/session/${system.key}/user`, { developer: app.developer })
  assert.equal(sessions.body.length, 1, 'no second session that nobody was given')
  const refused = await app.call('POST', '/api/v/1/user/reg', {
    system,
    body: { email: 'x@example.com', password: 'nine lives here' },
  })
  assert.equal(refused.status, 200)
  assert.equal(refused.body.user_token, '')
  assert.equal(
    (
      await app.call('POST', '/api/v/1/user/auth', {
        system,
        body: { email: 'x@example.com', password: 'nine lives here' },
      })
    ).status,
    401,
  )
})

test('with both services set, the registration service makes the account and the auth service decides', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createService(system, 'welcome', service('registration'), { executableBy: ['Anonymous'] })
  await app.createService(system, 'authOverride', 'resp.error("later")', { executableBy: ['Anonymous'] })
  await app.set(system, { reg_service: 'welcome', auth_service: 'authOverride' })
  const body = { email: 'new@example.com', password: 'nine lives here', invited: true }
  const made = await app.call('POST', '/api/v/1/user/reg', { system, body })
  assert.equal(made.status, 200, made.text)
  assert.ok(made.body.user_id)
  assert.equal(made.body.user_token, '')
})
