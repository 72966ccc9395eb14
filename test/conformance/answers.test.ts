/** The engine contract on answers and endings: what stops a run, what comes back, what is kept of a run that failed. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openStage, problem, results } from './stage.ts'

const app = await createTestApp({ after })
const { execute, failedRuns, run, runCode, serve, system } = await openStage(app)
await app.createCollection(system, 'Marks', { mark: 'string' })
await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Marks' }, permissions: 15 }] })

const mark = (text: string): string =>
  `ClearBlade.Collection({collectionName: "Marks"}).create({mark: "${text}"}, function () {});`

async function marks(text: string): Promise<number> {
  const { body } = await app.call('GET', `/api/v/1/collection/${system.key}/Marks`, {
    developer: app.developer,
    query: { query: JSON.stringify({ FILTERS: [[{ EQ: [{ mark: text }] }]] }) },
  })
  return body.DATA.length
}

test('1: a callback of a library call has run before the call returns', async () => {
  const answer = await run(`
    var rows = "not called";
    var collection = ClearBlade.Collection({collectionName: "Marks"});
    collection.fetch(function (err, data) { rows = err ? "failed" : data.DATA.length; });
    function count() { var n; collection.count(function (err, data) { n = data.count; }); return n; }
    resp.success([rows, count()]);`)
  assert.deepEqual(results(answer), [0, 0])
})

test('2: code after resp.success or resp.error in the same function does not run', async () => {
  assert.deepEqual(results(await run(`resp.success("first"); ${mark('2a')} resp.error("second");`)), 'first')
  assert.deepEqual(
    problem(await run(`if (true) { resp.error("first"); } ${mark('2b')} resp.success("second");`)),
    'first',
  )
  assert.equal((await marks('2a')) + (await marks('2b')), 0)
})

const innerPlaces: Record<string, string> = {
  'a callback of a library call': `ClearBlade.Collection({collectionName: "Marks"}).fetch(function () { resp.success("inner"); });`,
  'a loop': 'for (var i = 0; i < 3; i++) { if (i === 1) { resp.success("inner"); } }',
  'a callback in a callback in a loop': `while (true) { [1].forEach(function () {
    ClearBlade.User().getUser(function () { resp.success("inner"); }); }); }`,
  'a comparison while sorting': '[2, 1].sort(function () { resp.success("inner"); });',
  'a getter while answering': 'resp.error({get x() { resp.success("inner"); }});',
  'a toJSON of a row': `ClearBlade.Collection({collectionName: "Marks"}).create({mark: {toJSON: function () { resp.success("inner"); }}});`,
}

for (const [place, code] of Object.entries(innerPlaces)) {
  test(`3: nothing runs after an answer given in ${place}`, async () => {
    const answer = await run(`${code} ${mark('3')} resp.error("outer");`)
    assert.equal(results(answer), 'inner')
    assert.equal(await marks('3'), 0)
  })
}

test('3: nothing runs after an answer given in a library', async () => {
  await app.createLibrary(system, 'answering', 'function finish(value) { resp.success(value); }')
  const answer = await run(`finish("from the library"); ${mark('3')} resp.error("outer");`, {
    requires: 'clearblade,answering',
  })
  assert.equal(results(answer), 'from the library')
  assert.equal(await marks('3'), 0)
})

const holders: Record<string, string> = {
  catch: 'try { resp.success(1); } catch (e) { resp.error(2); } resp.error(3);',
  'finally with an answer': 'try { resp.success(1); } finally { resp.error(2); }',
  'finally with a return': 'try { resp.success(1); } finally { return 2; }',
  'a loop that goes on':
    'for (var i = 0; i < 1000; i++) { try { resp.success(1); } catch (e) { continue; } finally { continue; } }',
  'catch round a library call':
    'try { ClearBlade.User().count(function () { resp.success(1); }); } catch (e) { resp.error(2); }',
  'catch in a promise': 'new Promise(function () { resp.success(1); }).catch(function () { resp.error(2); });',
  'catch without a name': 'try { resp.success(1); } catch { resp.error(2); }',
  'nested catches':
    'try { try { resp.success(1); } catch (e) { throw e; } } catch (e) { resp.error(2); } finally { resp.error(3); }',
}

for (const [holder, code] of Object.entries(holders)) {
  test(`4: an answer cannot be taken back by ${holder}`, async () => {
    assert.equal(results(await run(code)), 1)
  })
}

test('5: .then(resp.success).catch(resp.error) answers once, with success', async () => {
  assert.equal(results(await run('Promise.resolve(5).then(resp.success).catch(resp.error);')), 5)
  assert.equal(problem(await run('Promise.reject(6).then(resp.success).catch(resp.error);')), 6)
  const late = await run(
    'Promise.resolve().then(function () { return 7; }).then(resp.success, resp.error).then(function () { resp.error(8); });',
  )
  assert.equal(results(late), 7)
})

const values = [7, 0, -1.5, 'text', '', true, false, null, [], [1, [2]], {}, { a: { b: 'c' } }, 'é😀\n"']

test('6: POST /api/v/1/code/{key}/{name} answers 200 {"success":true,"results":v} with v as typed JSON', async () => {
  await serve('echo', 'function echo(req, resp) { resp.success(req.params.v); }')
  for (const value of values) {
    const answer = await execute('echo', { params: { v: value } })
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.deepEqual(answer.body, { success: true, results: value })
  }
})

test('6: query parameters and doubled slashes in the URL do no harm', async () => {
  const path = `//api/v/1//code/${system.key}/echo?id=items.read`
  const answer = await app.call('POST', path, { developer: app.developer, body: { v: 1 } })
  assert.deepEqual(answer.body, { success: true, results: 1 })
})

test('7: resp.error(v) answers 200 {"success":false,"results":v}', async () => {
  await serve('refuse', 'function refuse(req, resp) { resp.error(req.params.v); }')
  for (const value of values) {
    const answer = await execute('refuse', { params: { v: value } })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body, { success: false, results: value })
  }
})

test('7: an Error given to resp.error arrives with its name and message', async () => {
  assert.deepEqual(problem(await run('resp.error(new TypeError("no such valve"));')), {
    name: 'TypeError',
    message: 'no such valve',
  })
  const thrown = await run(
    'Promise.resolve().then(function () { return missing.x; }).then(resp.success).catch(resp.error);',
  )
  assert.equal(problem(thrown).name, 'ReferenceError')
})

test('7: resp.success and resp.error work detached and ignore further arguments', async () => {
  assert.equal(results(await run('var done = resp.success; done("a", "b", 3);')), 'a')
  assert.equal(problem(await run('[1].forEach(resp.error);')), 1)
})

test('6: what JSON cannot hold is a failure that says so, or null; never another shape', async () => {
  assert.match(problem(await run('var ring = {}; ring.ring = ring; resp.success(ring);')), /^TypeError: .*circular/)
  assert.match(problem(await run('resp.success({big: 10n});')), /^TypeError: .*BigInt/)
  for (const value of ['undefined', 'null', 'function () {}', 'Symbol("x")', 'NaN']) {
    assert.deepEqual((await run(`resp.success(${value});`)).body, { success: true, results: null }, value)
  }
  assert.deepEqual(results(await run('resp.success({at: new Date(0), gone: undefined, bytes: [].concat(1)});')), {
    at: '1970-01-01T00:00:00.000Z',
    bytes: [1],
  })
})

test('8: a service that returns without answering gives success:true', async () => {
  for (const body of ['', 'return 7;', 'ClearBlade.User().count(function () {});', 'setTimeout(function () {}, 1);']) {
    assert.deepEqual((await run(body)).body, { success: true, results: null })
  }
  assert.deepEqual((await run('resp.success();')).body, { success: true, results: null })
})

test('48: the timeout stops while(true){} and while(true){try{...}catch(e){}}', async () => {
  const endless = {
    plain: 'while (true) {}',
    catching:
      'while (true) { try { ClearBlade.about(); throw 1; } catch (e) { resp.status(200); } finally { continue; } }',
    calling: 'while (true) { try { ClearBlade.User().count(function () {}); } catch (e) {} }',
    waiting: 'new Promise(function () {}); setInterval(function () {}, 10);',
  }
  const ended = Object.entries(endless).map(async ([kind, body]) => {
    const name = `endless_${kind}`
    await serve(name, `function ${name}(req, resp) { ${body} }`, { fields: { execution_timeout: 1 } })
    const began = performance.now()
    // A fast machine makes all the calls that a run may make before the second is over.
    const expected = kind === 'calling' ? /^execution timeout|more calls to the platform/ : /^execution timeout/
    assert.match(problem(await execute(name)), expected, kind)
    assert.ok(performance.now() - began < 8000, `${kind} was ended in time`)
    assert.match((await failedRuns(name))[0].Error.error, expected)
  })
  await Promise.all(ended)
  assert.equal(results(await run('resp.success(1);')), 1, 'the system goes on')
})

test('49: execution_timeout -1 never times out; 60 is the default', async () => {
  const slow = async (execution_timeout: number) => {
    const name = `slow${execution_timeout + 1}`
    await serve(name, `function ${name}(req, resp) { sleep(1300); resp.success("at the end"); }`, {
      fields: { execution_timeout },
    })
    return execute(name)
  }
  const [limited, never, zero] = await Promise.all([slow(1), slow(-1), slow(0)])
  assert.match(problem(limited), /execution timeout/)
  assert.equal(results(never), 'at the end')
  assert.equal(results(zero), 'at the end')
  const read = await app.call('GET', `/api/v/1/code/${system.key}/echo`, { developer: app.developer })
  assert.equal(read.body.execution_timeout, 60)
})

test('50: an uncaught exception ends the run with a failure that names error type, message and line', async () => {
  const failures: [string, RegExp][] = [
    ['\nmissingName.x = 1;', /^ReferenceError: missingName is not defined \(line 3\)$/],
    ['throw new RangeError("too hot");', /^RangeError: too hot \(line 2\)$/],
    ['\n\nClearBlade.User().count(function () {\nnull.x; });', /^TypeError: .*null.* \(line 5\)$/],
    ['setTimeout(function () { throw new Error("later"); }, 1);', /^Error: later \(line 2\)$/],
    ['throw "only a text";', /only a text/],
    ['throw {code: 7};', /^\{"code":7\}$/],
    ['throw null;', /without a text/],
  ]
  for (const [body, expected] of failures) {
    const answer = await run(body)
    assert.match(problem(answer), expected)
    assert.equal('logs' in answer.body, false)
  }
})

test('50: an exception of a library names the library and its line', async () => {
  await app.createLibrary(system, 'broken', 'function fail() {\n  throw new Error("inside");\n}')
  assert.equal(problem(await run('fail();', { requires: 'broken' })), 'Error: inside (broken, line 2)')
  await app.createLibrary(system, 'brokenAtLoad', '\nvar x = nothing.there;')
  const answer = await run('resp.success(1);', { requires: 'brokenAtLoad' })
  assert.equal(problem(answer), 'ReferenceError: nothing is not defined (brokenAtLoad, line 2)')
})

test('50: a promise that is rejected and never caught is a failure too', async () => {
  assert.match(
    problem(await run('Promise.reject(new RangeError("nobody caught it"));')),
    /^RangeError: nobody caught it/,
  )
  const modern = await runCode('async function NAME(req, resp) { await null; throw new TypeError("late"); }', {
    fields: { engine_type: 1 },
  })
  assert.match(problem(modern), /^TypeError: late/)
})

test('50: an exception in a callback passes through the library call to the try of the service', async () => {
  const answer = await run(`
    try { ClearBlade.User().count(function () { throw "from the callback"; }); }
    catch (e) { resp.success("caught: " + e); }`)
  assert.equal(results(answer), 'caught: from the callback')
})

test('51: a syntax error in a service gives a failure with type, message and line, not a crash', async () => {
  const path = `/admin/code/v/1/${system.key}/halfWritten`
  const code = 'function halfWritten(req, resp) {\n  resp.success({;\n}'
  const saved = await app.call('POST', path, { developer: app.developer, body: { code, dependencies: '' } })
  assert.equal(saved.status, 200, 'it is saved, since half-written code must not be lost')
  assert.equal(saved.body.problem.line, 2)
  const answer = await execute('halfWritten', { as: 'developer', params: { a: 1 } })
  assert.match(problem(answer), /^SyntaxError: .+ \(line 2\)$/)
  const [failed] = await failedRuns('halfWritten')
  assert.match(failed.Error.error, /^SyntaxError: .+ \(line 2\)$/)
  assert.deepEqual(failed.Args, { a: 1 })
})

test('51: a syntax error in a library gives a failure that names the library', async () => {
  await app.createLibrary(system, 'halfWrittenToo', 'var a = 1;\nvar b = ;')
  const answer = await run('resp.success(1);', { requires: 'halfWrittenToo' })
  assert.match(problem(answer), /^SyntaxError: .+ \(halfWrittenToo, line 2\)$/)
  assert.match(problem(await run('resp.success(eval("1 +"));')), /^SyntaxError: /)
})

test('51: what is required and not there is a failure that names it', async () => {
  assert.match(problem(await run('resp.success(1);', { requires: 'log,nobodyWroteThis' })), /nobodyWroteThis/)
  assert.match(problem(await runCode('function otherName(req, resp) { resp.success(1); }')), /no function "service\d+"/)
})

test("a failed run is kept in the contract's shape, and can be forgotten", async () => {
  await serve(
    'failing',
    'function failing(req, resp) { log("before"); throw new Error("valve " + req.params.valve); }',
    {
      requires: 'log',
      fields: { logging_enabled: true },
    },
  )
  const answer = await execute('failing', { params: { valve: 3 } })
  assert.deepEqual(Object.keys(answer.body).sort(), ['logs', 'results', 'success'])
  const [record] = await failedRuns('failing')
  const { Id, Datetime, UserId, ...rest } = record
  assert.deepEqual(rest, {
    Service: 'failing',
    Version: 1,
    Args: { valve: 3 },
    Response: { logs: 'before', results: 'Error: valve 3 (line 1)', success: false },
    Error: { status_code: 500, error: 'Error: valve 3 (line 1)' },
    UserType: 2,
  })
  assert.ok(Id.length > 0)
  assert.ok(UserId.length > 0)
  assert.ok(Math.abs(Date.parse(Datetime) - Date.now()) < 60_000)
  const everywhere = await app.call('GET', '/codeadmin/failed', { developer: app.developer })
  assert.ok(everywhere.body[system.key].some((run: any) => run.Id === Id))
  const forgotten = await app.call('DELETE', `/codeadmin/failed/${system.key}`, {
    developer: app.developer,
    body: { id: [Id] },
  })
  assert.equal(forgotten.status, 200, forgotten.text)
  assert.deepEqual(await failedRuns('failing'), [])
})

test('resp.error is an answer, not a failed run', async () => {
  await serve('saysNo', 'function saysNo(req, resp) { resp.error("no"); }')
  await execute('saysNo')
  assert.deepEqual(await failedRuns('saysNo'), [])
})

test('58: a run with pending promises, fetch or timers stays alive until they settle or it answers', async () => {
  const answer = await run(`
    var steps = [];
    setTimeout(function () { steps.push("timer");
      Promise.resolve().then(function () { steps.push("promise");
        setTimeout(function () { resp.success(steps); }, 5); }); }, 20);
    steps.push("returned");`)
  assert.deepEqual(results(answer), ['returned', 'timer', 'promise'])
  const began = performance.now()
  assert.equal(
    results(await run('setTimeout(function () {}, 20000); setTimeout(function () { resp.success("now"); }, 10);')),
    'now',
  )
  assert.ok(performance.now() - began < 5000, 'an answer does not wait for what is pending')
})

test('58: setInterval repeats until it is cleared; a cleared timer does not run', async () => {
  const answer = await run(`
    var ticks = 0, never = setTimeout(function () { resp.error("cleared"); }, 5);
    clearTimeout(never);
    var every = setInterval(function (step) {
      ticks += step;
      if (ticks === 6) { clearInterval(every); setTimeout(function () { resp.success(ticks); }, 20); }
    }, 2, 2);`)
  assert.equal(results(answer), 6)
})

test('65: new Date() advances during a run; Date.now() busy-waits end', async () => {
  const answer = await run(`
    var began = new Date();
    while (Date.now() - began.getTime() < 30) {}
    resp.success(new Date() - began);`)
  assert.ok(results(answer) >= 30 && results(answer) < 5000)
})

test('resp.send answers without the envelope, with status and headers of its own', async () => {
  const answer = await run(`
    resp.set({"Content-Type": "text/html", "X-Made-By": "us"});
    resp.status(418);
    resp.send("<h1>tea</h1>");
    resp.error("after");`)
  assert.equal(answer.status, 418)
  assert.equal(answer.text, '<h1>tea</h1>')
  assert.match(String(answer.headers['content-type']), /^text\/html/)
  assert.equal(answer.headers['x-made-by'], 'us')
  const json = await run('resp.send({a: [1]});')
  assert.equal(json.status, 200)
  assert.deepEqual(json.body, { a: [1] })
  assert.match(String(json.headers['content-type']), /^application\/json/)
  assert.equal((await run('resp.send();')).text, '')
})

test('what resp.send answers is no page of ours: nosniff, a sandboxing policy, no cookie, whatever the service sets', async () => {
  const answer = await run(`
    resp.set({
      "Set-Cookie": "session=1", "set-cookie": "b=2", "Content-Security-Policy": "default-src *",
      "X-Content-Type-Options": "none", "Access-Control-Allow-Origin": "https://example.com",
      "Strict-Transport-Security": "max-age=1", "Content-Length": "2", "Bad\\r\\nName": "x", "X-Split": "a\\r\\nSet-Cookie: c=3"
    });
    resp.send("page");`)
  assert.equal(answer.text, 'page')
  const { headers } = answer
  assert.equal(headers['set-cookie'], undefined)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.match(String(headers['content-security-policy']), /^sandbox/)
  assert.doesNotMatch(String(headers['content-security-policy']), /\*/)
  assert.notEqual(headers['access-control-allow-origin'], 'https://example.com')
  assert.equal(headers['strict-transport-security'], undefined)
  assert.equal(headers['x-split'], undefined)
})

test('resp.status and resp.set do not end the run, and do not change an enveloped answer into another shape', async () => {
  const answer = await run('resp.status(500); resp.set({"X-A": "b"}); resp.success("still here");')
  assert.deepEqual(answer.body, { success: true, results: 'still here' })
  assert.equal(answer.status, 200)
})
