/** The engine contract on who a service acts as: `init` in its forms, `req`, run-as, rights, run tokens, developer runs. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, developerEmail } from '../support/app.ts'
import { email, openStage, password, problem, results } from './stage.ts'

const app = await createTestApp({ after })
const stage = await openStage(app)
const { anonymous, execute, run, runCode, serve, system, token, userId } = stage
const developer = { developer: app.developer }
const developerId: string = (await app.call('GET', '/admin/userinfo', developer)).body.userid

const runnerPassword = 'runs the services'
const runnerId = await app.createUser(system, 'runner@example.com', runnerPassword)
await app.call('POST', `/admin/user/${system.key}/roles`, { ...developer, body: { name: 'keeper' } })
await app.createCollection(system, 'Ledger', { line: 'string' })
await app.grant(system, 'keeper', {
  collections: [{ itemInfo: { name: 'Ledger' }, permissions: 15 }],
  users: { permissions: 15 },
})
await app.call('PUT', `/admin/user/${system.key}`, {
  ...developer,
  body: { user: runnerId, changes: { roles: { add: ['keeper'] } } },
})

/** Who a session is, as text: e-mail of the user, or what refuses it. */
const who = `function who() { var is; ClearBlade.User().getUser(function (err, me) { is = err ? "nobody" : me.email; }); return is; }`
/** Who a token is for the API of the platform. */
const whose = `function whose(token, header) {
  var headers = {}; headers[header || "ClearBlade-UserToken"] = token; var is;
  Requests().get({uri: ClearBlade.URI + "/api/v/1/user/info", headers: headers}, function (err, body) {
    is = err ? "refused" : JSON.parse(body).email; });
  return is; }`
const create = `function create() { var done; ClearBlade.Collection({collectionName: "Ledger"}).create({line: "a"},
  function (err, data) { done = err ? "refused" : data.length; }); return done; }`

test("18: ClearBlade.init({request:req}), with quoted key, and init(req) all give the effective user's session", async () => {
  const forms = ['({request: req})', '({"request": req})', '(req)']
  for (const form of forms) {
    const answer = await run(
      `${who} ClearBlade.init${form}; resp.success([who(), ClearBlade.user.email, ClearBlade.systemKey]);`,
    )
    assert.deepEqual(results(answer), [email, email, system.key])
  }
  assert.equal(results(await run(`${who} resp.success(who());`)), email, 'and so does no init at all')
})

test("18: under a run-as user the session is the run-as user's", async () => {
  const answer = await run(`${who} ClearBlade.init({request: req}); resp.success(who());`, { runAs: runnerId })
  assert.equal(results(answer), 'runner@example.com')
})

const login = (given: string, more = '') => `
  ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: "${email}", password: "${given}",
    callback: function (err, body) { called = [err, body]; ${more} }});`

test('19: init with email and password calls back (false, {authToken})', async () => {
  const answer = await run(
    `${who} ${login(password)} resp.success([called[0], typeof called[1].authToken, called[1].user_id, who()]);`,
    {
      as: 'anonymous',
    },
  )
  assert.deepEqual(results(answer), [false, 'string', userId, email])
})

test('19: a wrong password reaches the service as throw or err, never as success', async () => {
  const body = `${who} var caught = "nothing";
    try { ${login('the plant is loud')} } catch (e) { caught = String(e); }
    resp.success({err: called[0], body: String(called[1]), caught: caught, now: who()});`
  const answer = results(await run(body))
  assert.equal(answer.err, true)
  assert.ok(answer.body.length > 0)
  assert.equal(answer.now, 'nobody', 'and the service goes on as nobody, not as its caller')
  const silent = `ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: "${email}", password: "x"});
    resp.success("in");`
  assert.match(problem(await run(silent)), /^Error: /)
  for (const given of [
    'email: "op@example.com"',
    'email: "op@example.com", password: undefined',
    'email: {}, password: []',
  ]) {
    const half = `ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, ${given},
      callback: function (err) { resp.success(err); }}); resp.success("not called");`
    assert.equal(results(await run(half)), true)
  }
})

test('19: another system cannot be named', async () => {
  const other = await app.createSystem('other')
  await app.createUser(other, email, password)
  const body = `ClearBlade.init({systemKey: "${other.key}", systemSecret: "${other.secret}", email: "${email}", password: "${password}",
    callback: function (err, body) { resp.success([err, body]); }});`
  assert.equal(results(await run(body))[0], true)
})

test('20: init with registerUser creates the user and calls back with user_id', async () => {
  const body = `${who}
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, registerUser: true,
      email: req.params.email, password: "made by a service",
      callback: function (err, body) { resp.success([err, body.user_id, typeof body.authToken, who()]); }});`
  const answer = await run(body, { as: 'developer', params: { email: 'made@example.com' } })
  const [err, madeId, tokenType, now] = results(answer)
  assert.deepEqual([err, tokenType, now], [false, 'string', 'made@example.com'])
  const listed = await app.call('GET', `/admin/user/${system.key}`, developer)
  const rows = listed.body.Data ?? listed.body
  assert.ok(rows.some((row: any) => row.user_id === madeId && row.email === 'made@example.com'))
})

test('20: an e-mail that is taken is an err, and nobody is signed in by it', async () => {
  const body = `${who}
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, registerUser: true, email: "${email}", password: "made by a service",
      callback: function (err, body) { resp.success([err, who()]); }});`
  assert.deepEqual(results(await run(body, { as: 'developer' })), [true, 'nobody'])
})

test("21: init may be called inside another init's callback; the last one is in force", async () => {
  const nested = `${who} ${login(password, 'inner = who(); ClearBlade.init({request: req});')} resp.success([inner, who()]);`
  assert.deepEqual(results(await run(nested, { runAs: runnerId })), [email, 'runner@example.com'])
  const turned = `${who} ClearBlade.init({request: req}); var before = who(); ${login(password)} resp.success([before, who()]);`
  assert.deepEqual(results(await run(turned, { runAs: runnerId })), ['runner@example.com', email])
})

test('36: req holds params, systemKey, systemSecret, userEmail, userid, userToken, isLogging, service_instance_id', async () => {
  const answer = await run('var copy = {}; for (var k in req) copy[k] = req[k]; resp.success(copy);', {
    params: { a: [1] },
  })
  const { userToken, service_instance_id: instance, caller, ...rest } = results(answer)
  assert.deepEqual(rest, {
    params: { a: [1] },
    systemKey: system.key,
    systemSecret: system.secret,
    userEmail: email,
    userid: userId,
    isLogging: false,
  })
  assert.match(userToken, /^\S{20,}$/)
  assert.match(instance, /^\S{10,}$/)
  assert.equal(caller.userid, userId)
  assert.equal(caller.userEmail, email)
  assert.match(caller.userToken, /^\S{20,}$/)
})

test('36: req of a developer and of an anonymous session; every run is an instance of its own', async () => {
  const body = 'resp.success([req.userEmail, req.userid, typeof req.userToken, req.service_instance_id]);'
  const byDeveloper = results(await run(body, { as: 'developer' }))
  assert.deepEqual(byDeveloper.slice(0, 3), [developerEmail, developerId, 'string'])
  await serve('instance', `function instance(req, resp) { ${body} }`)
  const first = results(await execute('instance', { as: 'anonymous' }))
  const second = results(await execute('instance', { as: 'anonymous' }))
  assert.deepEqual(first.slice(0, 3), ['', '', 'string'])
  assert.notEqual(first[3], second[3])
})

test('36: req and resp are globals too, the same objects', async () => {
  const answer = await runCode(
    `var same = [req, resp];
    function inner() { return globalReq.params.a; } var globalReq = req;
    function NAME(r, s) { s.success([same[0] === r, same[1] === s, inner()]); }`,
    { params: { a: 1 } },
  )
  assert.deepEqual(results(answer), [true, true, 1])
})

test('37: req.params is an object for an empty request body and may be changed by the service', async () => {
  await serve(
    'changes',
    `function changes(req, resp) {
    var before = JSON.stringify(req.params); delete req.params.a; req.params.b = 2; var between = JSON.stringify(req.params);
    req.params = {c: 3}; resp.success([before, between, req.params.c]); }`,
  )
  for (const params of [undefined, '', '{}', 'null', {}]) {
    assert.deepEqual(results(await execute('changes', { params })), ['{}', '{"b":2}', 3])
  }
  assert.deepEqual(results(await execute('changes', { params: { a: 1 } })), ['{"a":1}', '{"b":2}', 3])
})

test("38: with run_user, data access and req.userToken are the run-as account's; req.caller is the caller's", async () => {
  const body = `${create} ${whose}
    resp.success({created: create(), token: whose(req.userToken), email: req.userEmail, id: req.userid,
      caller: [req.caller.userEmail, req.caller.userid, whose(req.caller.userToken)]});`
  const requires = 'clearblade,http'
  assert.deepEqual(results(await run(body, { requires, runAs: 'runner@example.com' })), {
    created: 1,
    token: 'runner@example.com',
    email: 'runner@example.com',
    id: runnerId,
    caller: [email, userId, email],
  })
  assert.deepEqual(results(await run(body, { requires })), {
    created: 'refused',
    token: email,
    email,
    id: userId,
    caller: [email, userId, email],
  })
  const byAnonymous = results(await run(body, { as: 'anonymous', requires, runAs: runnerId }))
  assert.equal(byAnonymous.created, 1)
  assert.equal(byAnonymous.token, 'runner@example.com')
  assert.deepEqual(byAnonymous.caller.slice(0, 2), ['', ''])
})

test('38: a run-as user narrows a developer, too, and what ClearBladeAsync does', async () => {
  const weak = await app.createUser(system, 'weak@example.com', 'has no rights at all')
  const body = `${create} ClearBladeAsync.Collection("Ledger").create({line: "b"}).then(function () { resp.error("created"); },
    function (reason) { resp.success([create(), typeof reason.message]); });`
  const requires = 'clearblade,clearblade_async'
  assert.deepEqual(results(await run(body, { as: 'developer', requires, runAs: weak })), ['refused', 'string'])
})

test('38: a run-as user who is gone or switched off runs nothing', async () => {
  const leaving = await app.createUser(system, 'leaving@example.com', 'will be switched off')
  await serve('byLeaving', 'function byLeaving(req, resp) { resp.success(req.userEmail); }', { runAs: leaving })
  assert.equal(results(await execute('byLeaving')), 'leaving@example.com')
  await app.call('PUT', `/admin/user/${system.key}`, {
    ...developer,
    body: { user: leaving, changes: { disabled: true } },
  })
  assert.match(problem(await execute('byLeaving')), /gone or switched off/)
  const none = await app.call('PUT', `/admin/code/v/1/${system.key}/byLeaving`, {
    ...developer,
    body: { run_user: 'nobody@example.com' },
  })
  assert.equal(none.status, 400)
})

test('39: run by a developer, req.userToken is accepted as ClearBlade-DevToken', async () => {
  const body = `Requests().get({uri: ClearBlade.URI + "/admin/user/" + req.systemKey + "/roles",
    headers: {"ClearBlade-DevToken": req.userToken}, body: {}}, function (err, body) { resp.success([err, body]); });`
  const [err, text] = results(await run(body, { as: 'developer', requires: 'clearblade,http' }))
  assert.equal(err, false, text)
  assert.ok(JSON.parse(text).some((role: any) => role.Name === 'Administrator' && typeof role.ID === 'string'))
  const [refused] = results(await run(body, { requires: 'clearblade,http' }))
  assert.equal(refused, true, "a user's run token is no developer token")
})

test("39: a developer's run token makes no systems, opens no other system, and nothing of the developer's own", async () => {
  const other = await app.createSystem('another')
  const attempts: [string, string, unknown?][] = [
    ['post', '/admin/systemmanagement', { name: 'made by a service' }],
    ['get', '/admin/allsystems'],
    ['get', `/admin/user/${other.key}/roles`],
    ['get', `/admin/code/v/1/${other.key}`],
    ['post', `/api/v/1/code/${other.key}/any`, {}],
    ['get', '/codeadmin/failed'],
    ['put', '/admin/putpass', { old_password: 'correct horse battery', new_password: 'stolen stolen stolen' }],
    ['get', '/admin/userinfo'],
    [
      'post',
      '/admin/reg',
      { email: 'x@example.com', password: 'fifteen characters and more', fname: '', lname: '', org: '' },
    ],
  ]
  const body = `var answers = [];
    req.params.attempts.forEach(function (attempt) {
      Requests()[attempt[0]]({uri: ClearBlade.URI + attempt[1], headers: {"ClearBlade-DevToken": req.userToken}, body: attempt[2]},
        function (err, text) { answers.push([attempt[1], err, text]); });
    });
    resp.success(answers);`
  const before = (await app.call('GET', '/admin/allsystems', developer)).body.length
  const answers = results(await run(body, { as: 'developer', requires: 'clearblade,http', params: { attempts } }))
  assert.equal(answers.length, attempts.length)
  for (const [path, err, text] of answers) {
    assert.equal(err, true, `${path} was refused: ${text}`)
    assert.match(text, /of its own system alone|not for this system|no such system|and nothing else on it/, path)
  }
  assert.equal((await app.call('GET', '/admin/allsystems', developer)).body.length, before)
})

test('a run token is dead after the run, and worth nothing outside while it lasts', async () => {
  const body = 'resp.success([req.userToken, req.caller.userToken]);'
  const tokens = [
    ...results(await run(body)),
    ...results(await run(body, { runAs: runnerId })),
    ...results(await run(body, { as: 'developer' })),
  ]
  assert.equal(new Set(tokens).size, tokens.length)
  for (const one of tokens) {
    assert.notEqual(one, token)
    for (const credential of [{ token: one }, { developer: one }]) {
      assert.equal((await app.call('GET', '/api/v/1/user/info', credential)).status, 401)
      assert.equal((await app.call('GET', `/admin/user/${system.key}/roles`, credential)).status, 401)
      assert.equal(
        (await app.call('POST', `/api/v/1/code/${system.key}/instance`, { ...credential, body: {} })).status,
        401,
      )
    }
  }
  const again = `${whose} resp.success([whose(req.params.old), whose(req.userToken)]);`
  assert.deepEqual(results(await run(again, { requires: 'clearblade,http', params: { old: tokens[0] } })), [
    'refused',
    email,
  ])
  const used = `ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, useUser: {email: "${email}", authToken: req.params.old}});
    ${who} resp.success(who());`
  assert.equal(results(await run(used, { params: { old: tokens[2] } })), 'nobody')
})

test('a run token is no session: none is listed, and it cannot be renewed or ended', async () => {
  const list = () => app.call('GET', `/admin/v/4/session/${system.key}/user`, developer)
  const before = (await list()).body
  await run('resp.success(req.userToken);')
  assert.deepEqual((await list()).body.length, before.length)
  const logout = `Requests().post({uri: ClearBlade.URI + "/api/v/1/user/logout", headers: {"ClearBlade-UserToken": req.userToken}, body: {}},
    function () {}); ClearBlade.logoutUser(function () {}); resp.success(1);`
  assert.equal(results(await run(logout, { requires: 'clearblade,http' })), 1)
  assert.equal((await app.call('GET', '/api/v/1/user/info', { token })).status, 200, "the caller's own session goes on")
})

test('a live token can be used with useUser and setUser, and a wrong one is nobody', async () => {
  const body = `${who}
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, useUser: {authToken: req.params.token}}); var first = who();
    ClearBlade.setUser("x@example.com", "no such token"); var second = who();
    ClearBlade.setUser("${email}", req.params.token); var third = who();
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret}); resp.success([first, second, third, who()]);`
  assert.deepEqual(results(await run(body, { as: 'anonymous', params: { token } })), [email, 'nobody', email, 'nobody'])
})

test('loginUser, loginAnon, isCurrentUserAuthenticated and logoutUser', async () => {
  const body = `${who} var seen = [];
    ClearBlade.loginUser("${email}", "${password}", function (err, data) { seen.push(err, typeof data.authToken, who()); });
    ClearBlade.isCurrentUserAuthenticated(function (err, yes) { seen.push(yes); });
    ClearBlade.logoutUser(function (err, data) { seen.push(data); });
    ClearBlade.isCurrentUserAuthenticated(function (err, yes) { seen.push(yes, who()); });
    ClearBlade.loginAnon(function (err, data) { seen.push(err, typeof data.authToken); });
    resp.success(seen);`
  assert.deepEqual(results(await run(body, { as: 'anonymous' })), [
    false,
    'string',
    email,
    true,
    { authToken: null, email: null },
    false,
    'nobody',
    false,
    'string',
  ])
})

test('40: a caller without level 1 on the service is refused; an anonymous caller is accepted iff Anonymous has it', async () => {
  await app.createService(system, 'locked', 'function locked(req, resp) { resp.success("open"); }')
  const refused = async (credential: Record<string, string>) => {
    const answer = await app.call('POST', `/api/v/1/code/${system.key}/locked`, { ...credential, body: {} })
    assert.equal(answer.status, 403, answer.text)
    assert.equal(answer.body.error.code, 200)
  }
  await refused({ token })
  await refused({ token: anonymous })
  await app.grant(system, 'Anonymous', { services: [{ itemInfo: { name: 'locked' }, permissions: 1 }] })
  assert.equal(results(await execute('locked', { as: 'anonymous' })), 'open')
  await refused({ token })
  await app.grant(system, 'Anonymous', { services: [{ itemInfo: { name: 'locked' }, permissions: 0 }] })
  await refused({ token: anonymous })
  await app.grant(system, 'keeper', { services: [{ itemInfo: { name: 'locked' }, permissions: 1 }] })
  await app.set(system, { run_as_sign_in: 'allowed' })
  const runner = await app.signIn(system, 'runner@example.com', runnerPassword)
  assert.equal(results(await app.run(system, 'locked', {}, { token: runner })), 'open')
  assert.equal(results(await execute('locked', { as: 'developer' })), 'open')
})

test('40: no token, a dead one and one of another system are refused; a missing service is not told from a closed one', async () => {
  const path = `/api/v/1/code/${system.key}/instance`
  const other = await app.createSystem('third')
  await app.createUser(other, email, password)
  const stranger = await app.signIn(other, email, password)
  for (const credential of [{}, { token: 'no such token' }, { token: stranger }, { developer: 'no such token' }]) {
    const answer = await app.call('POST', path, { ...credential, body: {} })
    assert.equal(answer.status, 401, answer.text)
    assert.equal(typeof answer.body.error.id, 'string')
  }
  const missing = await execute('nobodyWroteThis')
  const closed = await execute('closedToo')
  assert.equal(missing.status, 403)
  assert.equal(closed.status, 403)
  const seen = await execute('nobodyWroteThis', { as: 'developer' })
  assert.equal(seen.body.error.code, 419)
})
