/** The engine contract on auth services, in the two shapes that the guide to overriding authentication shows. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { email, openStage, password, problem, results } from './stage.ts'

const app = await createTestApp({ after })
const { execute, run, serve, system, userId } = await openStage(app)
const developer = { developer: app.developer }

/** The shape of the guide's first sample: a decision of one's own, answered from either branch. */
const decides = `
  var refused = req.params.shift !== "day" // what the service decides by
  var response = {
    authToken: req.params.literal || "",
    user_id: "", // may stay empty
    options: {} // what the service wants to say
  }
  if (refused) {
    response.options.reason = "Not on this shift.";
    resp.error(response)
  }
  else {
    response.options.reason = "Which badge?";
    resp.success(response)
  }
`
/** The shape of the second: the password decides, the answer of \`init\` is passed on with options added. */
const passesOn = `
ClearBlade.init({
     systemKey: req.systemKey,
     systemSecret: req.systemSecret,
     email: req.params.email,
     password: req.params.password,
     callback: function(err, body) {
       if(err) {
         resp.error("could not begin " + JSON.stringify(body));
       } else {
         body.options = {shift: "day", nested: {list: [1, null]}};
         resp.success(body);
       }
     }
});
`

const auth = (body: unknown) => app.call('POST', '/api/v/1/user/auth', { system, body })

/** Makes this code the auth service from now on. */
async function become(name: string, code: string, more: { runAs?: string; requires?: string } = {}): Promise<void> {
  await app.createService(system, name, code, { executableBy: ['Anonymous'], requires: 'clearblade,log', ...more })
  await app.set(system, { auth_service: name, keep_sessions: true })
}

const entry = (name: string, body: string): string => `function ${name}(req, resp) {${body}}`

async function infoOf(token: string) {
  return (await app.call('GET', '/api/v/1/user/info', { token })).body
}

for (const shape of ['at the top level', 'inside its function']) {
  const wrap = (name: string, body: string) => (shape === 'at the top level' ? body : entry(name, body))
  const suffix = shape === 'at the top level' ? 'Top' : 'Inside'

  test(`the first sample, ${shape}: options arrive from either branch, and no token that the service made up`, async () => {
    await become(`decides${suffix}`, wrap(`decides${suffix}`, decides))
    const refused = await auth({ email, password, literal: '<AUTH_TOKEN>' })
    assert.equal(refused.status, 200, refused.text)
    assert.deepEqual(refused.body, { user_token: '', user_id: '', options: { reason: 'Not on this shift.' } })
    const asked = await auth({ email, password, shift: 'day' })
    assert.deepEqual(asked.body, { user_token: '', user_id: '', options: { reason: 'Which badge?' } })
    const literal = await auth({ email, password, shift: 'day', literal: '<AUTH_TOKEN>' })
    assert.equal(literal.status, 401)
    assert.equal(literal.body.error.code, 918)
  })

  test(`the second sample, ${shape}: whoever knows the password comes in, with the options of the service`, async () => {
    await become(`passesOn${suffix}`, wrap(`passesOn${suffix}`, passesOn))
    const granted = await auth({ email, password })
    assert.equal(granted.status, 200, granted.text)
    assert.equal(granted.body.user_id, userId)
    assert.deepEqual(granted.body.options, { shift: 'day', nested: { list: [1, null] } })
    assert.equal((await infoOf(granted.body.user_token)).email, email)
    const refused = await auth({ email, password: 'the plant is loud' })
    assert.equal(refused.status, 200)
    assert.equal(refused.body.user_token, '')
    assert.match(refused.body.options.message, /^could not begin/)
  })
}

test('41: the whole /user/auth body arrives in params; authToken comes back as user_token, options intact, also from the error branch', async () => {
  await become(
    'whole',
    entry(
      'whole',
      `
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
      callback: function (err, body) {
        var answer = {authToken: body.authToken, user_id: body.user_id, options: {params: req.params, list: [1, {a: null}]}};
        req.params.refuse ? resp.error(answer) : resp.success(answer); }});`,
    ),
  )
  const sent = { email, password, factor: 1, factor_id: 'f', code: '123456', extra: { deep: [true] } }
  const granted = await auth(sent)
  assert.deepEqual(granted.body.options, { params: sent, list: [1, { a: null }] })
  assert.equal((await infoOf(granted.body.user_token)).email, email)
  const refused = await auth({ ...sent, refuse: true })
  assert.equal(refused.status, 200)
  assert.deepEqual(refused.body.options, { params: { ...sent, refuse: true }, list: [1, { a: null }] })
  assert.equal(refused.body.user_token, '', 'the error branch lets nobody in, whatever it holds')
})

test('41: the service is asked as an anonymous caller, with its run-as user, and needs the right of Anonymous', async () => {
  const runnerId = await app.createUser(system, 'runner@example.com', 'runs the services')
  await become(
    'tellsWho',
    entry(
      'tellsWho',
      'resp.error({options: {user: req.userEmail, caller: req.caller.userEmail, anyone: req.caller.userid}});',
    ),
    {
      runAs: runnerId,
    },
  )
  assert.deepEqual((await auth({ email, password })).body.options, {
    user: 'runner@example.com',
    caller: '',
    anyone: '',
  })
})

test('42: a login made by the override service does not start the override again', async () => {
  await app.createCollection(system, 'Asked', { by: 'string' })
  await app.grant(system, 'Anonymous', { collections: [{ itemInfo: { name: 'Asked' }, permissions: 15 }] })
  await become(
    'counts',
    entry(
      'counts',
      `
    ClearBlade.Collection({collectionName: "Asked"}).create({by: req.params.email}, function (err, data) { if (err) resp.error(data); });
    ClearBlade.loginUser(req.params.email, req.params.password, function () {});
    ClearBladeAsync.Auth().authUser(req.params.email, req.params.password).then(function () {${passesOn}}).catch(resp.error);`,
    ),
    {
      requires: 'clearblade,clearblade_async',
    },
  )
  assert.equal((await auth({ email, password })).body.user_id, userId)
  const rows = await app.call('GET', `/api/v/1/collection/${system.key}/Asked`, developer)
  assert.equal(rows.body.DATA.length, 1)
})

test('42: a sign-in that the service makes over HTTP is one from outside: it asks again, and stops at the limit of depth', async () => {
  await become(
    'circles',
    entry(
      'circles',
      `
    Requests().post({uri: ClearBlade.URI + "/api/v/1/user/auth", body: req.params,
      headers: {"ClearBlade-SystemKey": req.systemKey, "ClearBlade-SystemSecret": req.systemSecret}}, function (err, text) {
        resp.error(err ? "the innermost was refused" : "refused"); });`,
    ),
    { requires: 'clearblade,http' },
  )
  const answer = await auth({ email, password })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.user_token, '')
  const traces = (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, developer)).body
  const circled = traces.filter((trace: any) => trace.service === 'circles' || /deep/.test(trace.why ?? ''))
  assert.equal(circled.filter((trace: any) => trace.decision === 'refused').length, 9)
  assert.equal(circled.filter((trace: any) => /at most 8 deep/.test(trace.why ?? '')).length, 1)
})

test('a service other than the auth service cannot let anybody in by what it answers', async () => {
  await become('stands', entry('stands', 'resp.error("closed");'))
  await serve('imitates', entry('imitates', passesOn))
  const answer = await execute('imitates', { as: 'anonymous', params: { email, password } })
  assert.equal(results(answer).user_id, userId)
  assert.notEqual((await app.call('GET', '/api/v/1/user/info', { token: results(answer).authToken })).status, 200)
})

test('the auth service, executed like any other, gives no session either, and of its failed runs only names are kept', async () => {
  await become('breaks', entry('breaks', 'log(req.params); throw new Error("broke on " + req.params.password);'))
  const called = await execute('breaks', { as: 'anonymous', params: { email, password, code: 123456 } })
  assert.match(problem(called), /^Error: broke on/)
  assert.equal((await auth({ email, password, code: 123456 })).status, 401)
  const failed = await app.call('GET', `/codeadmin/failed/${system.key}`, developer)
  const records = failed.body[system.key].filter((one: any) => one.Service === 'breaks')
  assert.equal(records.length, 2)
  for (const record of records)
    assert.deepEqual(record.Args, { email: '[not kept]', password: '[not kept]', code: '[not kept]' })
  assert.doesNotMatch(failed.text, /the plant is quiet/)
  await app.set(system, { auth_service: '', keep_sessions: true })
  assert.equal(results(await run('resp.success(1);')), 1)
})
