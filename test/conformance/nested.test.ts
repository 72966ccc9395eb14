/** The engine contract on services that call services, and on what a run writes into its log. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { email, openStage, problem, results } from './stage.ts'

const app = await createTestApp({ after })
const { anonymous, execute, failedRuns, run, runCode, serve, system, token } = await openStage(app)
const developer = { developer: app.developer }
const runnerId = await app.createUser(system, 'runner@example.com', 'runs the services')

const storedLogs = async (service: string): Promise<any[]> =>
  (await app.call('GET', `/codeadmin/v/2/logs/${system.key}/${service}`, developer)).body

/** Calls a service and answers what the callback got. */
const call = `function call(name, params, logging) { var got = "never called";
  ClearBlade.Code().execute(name, params, logging, function (err, data) { got = [err, data]; }); return got; }`

await serve(
  'adder',
  'function adder(req, resp) { log("adding", req.params); resp.success({sum: req.params.a + req.params.b}); }',
  {
    requires: 'log',
  },
)
await serve('refuser', 'function refuser(req, resp) { resp.error("not today"); }')
await serve('thrower', 'function thrower(req, resp) { null.x; }')
await serve(
  'identity',
  `function identity(req, resp) {
  var is; ClearBlade.User().getUser(function (err, me) { is = err ? "nobody" : me.email; });
  resp.success([is, req.userEmail, req.caller.userEmail]); }`,
)

test("29: Code().execute gives a JSON string whose results holds the callee's value", async () => {
  const [err, data] = results(await run(`${call} resp.success(call("adder", {a: 1, b: 2}, false));`))
  assert.equal(err, false)
  assert.equal(typeof data, 'string')
  assert.deepEqual(JSON.parse(data), { success: true, results: { sum: 3 } })
  const parsed = await run(`${call} resp.success(JSON.parse(call("adder", {a: "x", b: "y"}, false)[1]).results.sum);`)
  assert.equal(results(parsed), 'xy')
})

test('29: it blocks, also without the argument for logging; a callback that answers ends the caller', async () => {
  const answer = await run(`ClearBlade.Code().execute("adder", {a: 2, b: 2}, function (err, data) {
    resp.success(JSON.parse(data).results.sum); }); resp.error("went on");`)
  assert.equal(results(answer), 4)
  assert.equal(
    results(await run('ClearBlade.Code().execute("adder", {}, false); resp.success("no callback");')),
    'no callback',
  )
})

test('29: resp.error of the callee is an err with its envelope; a callee that throws, is closed or is missing is an err', async () => {
  await app.createService(system, 'closed', 'function closed(req, resp) { resp.success("open"); }')
  const answer =
    await run(`${call} resp.success(["refuser", "thrower", "closed", "nobodyWroteThis"].map(function (name) {
    var got = call(name, {}, false); return [got[0], String(got[1])]; }));`)
  const [refused, threw, closed, missing] = results(answer)
  assert.deepEqual([refused[0], JSON.parse(refused[1])], [true, { success: false, results: 'not today' }])
  assert.equal(threw[0], true)
  assert.match(threw[1], /TypeError/)
  assert.equal(closed[0], true)
  assert.doesNotMatch(closed[1], /open/)
  assert.equal(missing[0], true)
  assert.equal((await failedRuns('thrower')).length, 1, 'a callee that threw is kept as a failed run')
  assert.equal((await failedRuns('refuser')).length, 0)
})

test('29: ClearBladeAsync.Code().execute answers the envelope, and rejects what failed', async () => {
  const answer = await run(
    `ClearBladeAsync.Code().execute("adder", {a: 3, b: 4}, false).then(function (result) {
      return ClearBladeAsync.Code().execute("refuser", {}, false).catch(function (reason) { return [result.results.sum, reason.message]; });
    }).then(resp.success).catch(resp.error);`,
    { requires: 'clearblade_async' },
  )
  assert.deepEqual(results(answer), [7, 'not today'])
})

test('30: ... and logs as newline-separated text when logging is on', async () => {
  const body = `${call} resp.success(JSON.parse(call("talks", {}, req.params.logging)[1]));`
  await serve('talks', 'function talks(req, resp) { log("one"); log("two", {n: 3}); resp.success(4); }', {
    requires: 'log',
  })
  assert.deepEqual(results(await run(body, { params: { logging: true } })), {
    success: true,
    results: 4,
    logs: 'one\ntwo {"n":3}',
  })
  assert.deepEqual(results(await run(body, { params: { logging: false } })), { success: true, results: 4 })
})

test("a nested run acts as its caller's identity, or as its own run-as user; the caller's session goes on", async () => {
  await serve(
    'asRunner',
    `function asRunner(req, resp) {
    ClearBlade.User().getUser(function (err, me) { resp.success([me.email, req.userEmail, req.caller.userEmail]); }); }`,
    { runAs: runnerId },
  )
  const body = `${call} function inner(name) { return JSON.parse(call(name, {}, false)[1]).results; }
    var seen = [inner("identity"), inner("asRunner"), inner("identity")];
    ClearBlade.User().getUser(function (err, me) { seen.push(me.email); });
    resp.success(seen);`
  const runner = 'runner@example.com'
  assert.deepEqual(results(await run(body)), [
    [email, email, email],
    [runner, runner, email],
    [email, email, email],
    email,
  ])
  assert.deepEqual(results(await run(body, { runAs: runnerId, as: 'developer' })).slice(0, 2), [
    [runner, runner, runner],
    [runner, runner, runner],
  ])
})

test('a nested run needs its own right to be executed: that of the identity, not of the first caller', async () => {
  await app.createService(system, 'forRunner', 'function forRunner(req, resp) { resp.success("ran"); }')
  await app.call('POST', `/admin/user/${system.key}/roles`, { ...developer, body: { name: 'runner' } })
  await app.grant(system, 'runner', { services: [{ itemInfo: { name: 'forRunner' }, permissions: 1 }] })
  await app.call('PUT', `/admin/user/${system.key}`, {
    ...developer,
    body: { user: runnerId, changes: { roles: { add: ['runner'] } } },
  })
  const body = `${call} resp.success(call("forRunner", {}, false)[0]);`
  assert.equal(results(await run(body)), true)
  assert.equal(results(await run(body, { as: 'anonymous', runAs: runnerId })), false)
})

test('a session that a service signed in to is the one it calls with', async () => {
  const answer = await run(`${call}
    ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: "runner@example.com", password: "runs the services",
      callback: function (err) { if (err) resp.error("no"); }});
    resp.success(JSON.parse(call("identity", {}, false)[1]).results);`)
  assert.deepEqual(results(answer), ['runner@example.com', 'runner@example.com', 'runner@example.com'])
})

test('services call services at most eight deep; the ninth is refused, and the others end', async () => {
  await serve(
    'deeper',
    `function deeper(req, resp) {
    ClearBlade.Code().execute("deeper", {depth: req.params.depth + 1}, false, function (err, data) {
      if (err) resp.success({deepest: req.params.depth, why: String(data)});
      resp.success(JSON.parse(data).results); }); }`,
  )
  const { deepest, why } = results(await execute('deeper', { params: { depth: 0 } }))
  assert.equal(deepest, 8)
  assert.match(why, /at most 8 deep/)
  assert.equal(results(await run('resp.success("goes on");')), 'goes on')
})

test('many callers at once, each of which waits for a nested run, all come to an end', async () => {
  await serve('inner', 'function inner(req, resp) { sleep(10); resp.success(req.params.i); }')
  await serve(
    'outer',
    'function outer(req, resp) { ClearBlade.Code().execute("inner", req.params, false, function (err, data) { resp.success([err, JSON.parse(data)]); }); }',
  )
  const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => execute('outer', { params: { i } })))
  for (const [i, answer] of answers.entries()) assert.deepEqual(results(answer), [false, { success: true, results: i }])
  const deep = await Promise.all(Array.from({ length: 4 }, () => execute('deeper', { params: { depth: 0 } })))
  for (const answer of deep) assert.equal(results(answer).deepest, 8)
})

test('a service that calls itself over HTTP is stopped by the same limit', async () => {
  await serve(
    'rounds',
    `function rounds(req, resp) {
    Requests().post({uri: ClearBlade.URI + "/api/v/1/code/" + req.systemKey + "/rounds", headers: {"ClearBlade-UserToken": req.userToken},
      body: {depth: req.params.depth + 1}}, function (err, text) {
      if (err) resp.success({deepest: req.params.depth, why: text});
      resp.success(JSON.parse(text).results); }); }`,
    { requires: 'clearblade,http' },
  )
  const { deepest, why } = results(await execute('rounds', { params: { depth: 0 } }))
  assert.equal(deepest, 8)
  assert.match(why, /at most 8 deep/)
})

test('a nested run is ended with the run that waits for it', async () => {
  await serve('sleeps', 'function sleeps(req, resp) { sleep(8000); resp.success("woke"); }')
  await serve(
    'waitsFor',
    'function waitsFor(req, resp) { ClearBlade.Code().execute("sleeps", {}, false, function () { resp.success("waited"); }); }',
    {
      fields: { execution_timeout: 1 },
    },
  )
  const began = performance.now()
  assert.match(problem(await execute('waitsFor')), /execution timeout/)
  assert.ok(performance.now() - began < 4000)
})

test('names of all services, for those who may list them', async () => {
  const body = 'ClearBlade.Code().getAllServices(function (err, names) { resp.success([err, err ? [] : names]); });'
  const [err, names] = results(await run(body, { as: 'developer' }))
  assert.equal(err, false)
  assert.ok(names.includes('adder'))
  assert.equal(results(await run(body))[0], true)
})

test('46: log with object, several arguments, and an object literal does not throw; entries appear in logs', async () => {
  const answer = await run(
    `
    var circle = {}; circle.self = circle;
    log("text"); log({a: 1}); log("several", 2, true, null, undefined, [1, "x"]); log({nested: {deep: [1]}, s: "q"});
    log(circle); log(new Error("told")); log(function named() {}); log(); log({get x() { throw 1; }}); log("line\\nbreak");
    console.log("c1"); console.info("c2"); console.debug("c3"); console.warn("c4", {b: 2}); console.error("c5"); console.alert("c6");
    resp.success("logged");`,
    { as: 'developer', requires: 'log', logging: true },
  )
  assert.equal(results(answer), 'logged')
  const { logs } = answer.body
  assert.equal(typeof logs, 'string')
  const lines = logs.split('\n')
  assert.deepEqual(lines.slice(0, 4), [
    'text',
    '{"a":1}',
    'several 2 true null undefined [1,"x"]',
    '{"nested":{"deep":[1]},"s":"q"}',
  ])
  assert.match(logs, /Error: told/)
  for (const entry of ['line\nbreak', 'c1', 'c2', 'c3', 'c4 {"b":2}', 'c5', 'c6'])
    assert.ok(logs.includes(entry), entry)
})

test('46: a service that logs always does so for every caller, and its logs are stored and listed, newest first', async () => {
  await serve(
    'chatty',
    'function chatty(req, resp) { log("call " + req.params.n + " " + req.isLogging); resp.success(1); }',
    {
      requires: 'log',
      fields: { logging_enabled: 'true' },
    },
  )
  const first = await execute('chatty', { params: { n: 1 } })
  assert.deepEqual(first.body, { success: true, results: 1, logs: 'call 1 true' })
  await execute('chatty', { as: 'anonymous', params: { n: 2 } })
  const stored = await storedLogs('chatty')
  assert.deepEqual(
    stored.map((entry) => entry.log),
    ['call 2 true', 'call 1 true'],
  )
  for (const entry of stored) assert.ok(Math.abs(Date.parse(entry.service_execution_time) - Date.now()) < 60_000)
  assert.equal(
    (await app.call('GET', `/codeadmin/v/2/logs/${system.key}/chatty/active`, developer)).body.logging_enabled,
    'true',
  )
})

test('46: a run that fails keeps what it logged before', async () => {
  const answer = await run('log("so far"); throw new Error("and no further");', {
    as: 'developer',
    requires: 'log',
    logging: true,
  })
  assert.equal(problem(answer), 'Error: and no further (line 2)')
  assert.equal(answer.body.logs, 'so far')
})

test('47: logging off: no logs key, no stored entry', async () => {
  await serve(
    'quiet',
    'function quiet(req, resp) { log("unheard"); console.error("unheard"); resp.success(req.isLogging); }',
    { requires: 'log' },
  )
  assert.deepEqual((await execute('quiet')).body, { success: true, results: false })
  assert.deepEqual(await storedLogs('quiet'), [])
  const switched = await app.call('POST', `/codeadmin/v/2/logs/${system.key}/quiet`, {
    ...developer,
    body: { logging: true },
  })
  assert.equal(switched.status, 200)
  assert.deepEqual((await execute('quiet')).body, { success: true, results: true, logs: 'unheard\nunheard' })
  await app.call('POST', `/codeadmin/v/2/logs/${system.key}/quiet`, { ...developer, body: { logging: false } })
  assert.equal('logs' in (await execute('quiet')).body, false)
  assert.equal((await storedLogs('quiet')).length, 1)
})

test('the header Logging-enabled makes one run of a developer log; what a service logs is not for its other callers', async () => {
  const asDeveloper = await execute('quiet', { as: 'developer', logging: true })
  assert.deepEqual(asDeveloper.body, { success: true, results: true, logs: 'unheard\nunheard' })
  assert.equal('logs' in (await execute('quiet', { as: 'developer' })).body, false)
  for (const credential of [token, anonymous]) {
    const path = `/api/v/1/code/${system.key}/quiet`
    const answer = await app.call('POST', path, { token: credential, headers: { 'logging-enabled': 'true' }, body: {} })
    assert.deepEqual(answer.body, { success: true, results: false })
  }
})

test('a log without end is cut, and says so', async () => {
  const answer = await run('for (var i = 0; i < 5000; i++) log(new Array(200).join("x")); resp.success("done");', {
    as: 'developer',
    requires: 'log',
    logging: true,
  })
  assert.equal(results(answer), 'done')
  assert.ok(answer.body.logs.length < 300_000)
  assert.match(answer.body.logs, /cut here/)
})

test('log is there for those who require it, console for everybody', async () => {
  assert.deepEqual(results(await run('resp.success([typeof log, typeof console.log]);', { requires: 'clearblade' })), [
    'undefined',
    'function',
  ])
  assert.equal(
    results(
      await runCode('console.log("top"); function NAME(req, resp) { resp.success(typeof log); }', { requires: 'log' }),
    ),
    'function',
  )
})
