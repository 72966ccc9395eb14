/** The engine contract on what a service consists of: libraries, the one global scope, the entry, the classic dialect, versions. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openStage, problem, results } from './stage.ts'

const app = await createTestApp({ after })
const { execute, run, runCode, serve, system } = await openStage(app)
const library = (name: string, code: string, requires = '') => app.createLibrary(system, name, code, requires)
const developer = { developer: app.developer }

test('9: transitive library dependencies load without being listed', async () => {
  await library('Provider', 'function provider() { return typeof Requests + " " + typeof Deep; }', 'http,Deep')
  await library('Deep', 'var Deep = {works: true};')
  assert.equal(
    results(await run('resp.success(provider());', { requires: 'clearblade,log,Provider' })),
    'function object',
  )
  assert.equal(results(await run('resp.success(typeof Requests);', { requires: 'clearblade' })), 'undefined')
})

test("10: a library's dependencies run before it, even when the service lists them later", async () => {
  await library('Utility', 'var prefix = Configuration.topic + "/";', 'Configuration')
  await library('Configuration', 'const Configuration = {topic: "plant"};')
  assert.equal(results(await run('resp.success(prefix);', { requires: 'Utility,Configuration' })), 'plant/')
  for (const name of ['A', 'B', 'C', 'D']) {
    const needs = { A: '', B: 'D,C', C: '', D: 'C' }[name]!
    await library(name, `if (typeof order === "undefined") order = []; order.push("${name}");`, needs)
  }
  assert.deepEqual(results(await run('resp.success(order);', { requires: 'A,B,C,D' })), ['A', 'C', 'D', 'B'])
})

test('11: each library runs once per invocation; all share one global scope with the service', async () => {
  await library('Once', 'var runs = (typeof runs === "undefined" ? 0 : runs) + 1; counter = 0; const fixed = "f";')
  await library('First', 'function raise() { counter++; return helper(); }', 'Once')
  await library('Second', 'counter++;', 'Once')
  const code =
    'function helper() { return [runs, counter, fixed]; }\nfunction NAME(req, resp) { counter += 10; resp.success(raise()); }'
  assert.deepEqual(results(await runCode(code, { requires: 'Once,First,Second,Once' })), [1, 12, 'f'])
})

test('11: what a service puts into a global is there for the callback of a library', async () => {
  await library('Helpers', 'function finish(err, data) { response.success({err: err, count: data.count}); }')
  const answer = await run('response = resp; ClearBlade.User().count(finish);', {
    as: 'developer',
    requires: 'clearblade,Helpers',
  })
  assert.deepEqual(results(answer), { err: false, count: 1 })
})

test('11: libraries that require each other load, each once', async () => {
  await library('Ring1', 'rings = (typeof rings === "undefined" ? "" : rings) + "1";', 'Ring2')
  await library('Ring2', 'rings = (typeof rings === "undefined" ? "" : rings) + "2";', 'Ring1')
  assert.equal(results(await run('resp.success(rings);', { requires: 'Ring1' })), '21')
})

const declarations: Record<string, string> = {
  function: 'function clash() { return "WHO"; }',
  var: 'var clash = function () { return "WHO"; };',
  const: 'const clash = function () { return "WHO"; };',
}

for (const [first, earlier] of Object.entries(declarations)) {
  for (const [second, later] of Object.entries(declarations)) {
    test(`12: a ${second} may bear the name that a library gave to a ${first}, and the later wins`, async () => {
      const name = `Early${first}${second}`
      await library(name, earlier.replace('WHO', 'earlier'))
      await library(`${name}2`, later.replace('WHO', 'later'))
      assert.equal(results(await run('resp.success(clash());', { requires: `${name},${name}2` })), 'later')
      const service = `${later.replace('WHO', 'service')}\nfunction NAME(req, resp) { resp.success(clash()); }`
      assert.equal(results(await runCode(service, { requires: name })), 'service')
    })
  }
}

const globalObjects: Record<string, string> = {
  this: 'this',
  globalThis: 'globalThis',
  'this of a sloppy function': '(function () { return this; })()',
  'new Function': 'new Function("return this")()',
}

for (const [way, expression] of Object.entries(globalObjects)) {
  test(`13: the entry is found when it is only assigned to the global object, found through ${way}`, async () => {
    const bundle = `!function () { var root = ${expression}; root.NAME = function (req, resp) { resp.success("bundled"); }; }.call(this);`
    assert.equal(results(await runCode(bundle)), 'bundled')
  })
}

test('13: the entry may be a var, a const, an arrow or an async function; a script that answers while it loads needs none', async () => {
  assert.equal(results(await runCode('var NAME = function (req, resp) { resp.success("var"); };')), 'var')
  assert.equal(results(await runCode('const NAME = function (req, resp) { resp.success("const"); };')), 'const')
  assert.equal(results(await runCode('var NAME = (req, resp) => resp.success("arrow")')), 'arrow')
  const modern = { fields: { engine_type: 1 } }
  assert.equal(results(await runCode('async function NAME(req, resp) { resp.success(await 7) }', modern)), 7)
  assert.equal(results(await runCode('resp.success(req.params.a);', { params: { a: 'top' } })), 'top')
})

test('14: this in a sloppy function and new Function("return this")() give the global object', async () => {
  const answer = await runCode(`var mine = 7;
    function NAME(req, resp) {
      var root = (function () { return this; })();
      resp.success([root.mine, new Function("return this")() === root, this === root, root.NAME === NAME]);
    }`)
  assert.deepEqual(results(answer), [7, true, true, true])
})

test('15: const re-assignment, redeclaration and use outside its block behave as var', async () => {
  const answer = await runCode(`
    const limit = 1;
    const limit = 2;
    function twice(list) { const list = list || "own"; return list; }
    function NAME(req, resp) {
      const before = typeof later;
      try { const later = "seen"; } catch (e) {}
      for (const i = 0; i < 3; i++) {}
      limit = limit + 1;
      function limitless() {} const limitless = 5;
      resp.success([limit, later, before, i, twice("given"), twice(), limitless]);
    }`)
  assert.deepEqual(results(answer), [3, 'seen', 'undefined', 3, 'given', 'own', 5])
  const strict = await runCode('"use strict"; const a = 1; function NAME(req, resp) { a = 2; resp.success(a); }')
  assert.equal(results(strict), 2)
})

test('15: a service in newer syntax keeps its const and let as written', async () => {
  const answer = await run(
    'const list = []; for (const x of [1, 2]) list.push(() => x); resp.success(list.map((f) => f()));',
  )
  assert.deepEqual(results(answer), [1, 2])
})

test('16: shorthand properties parse; undeclared assignment creates a global; arguments.callee.name works', async () => {
  const answer = await run(`
    var a = 1, b = "two";
    (function helper() { madeHere = arguments.callee.name; })();
    resp.success({a, b, c: madeHere, d: arguments.callee.name});`)
  const value = results(answer)
  assert.deepEqual({ ...value, d: undefined }, { a: 1, b: 'two', c: 'helper', d: undefined })
  assert.match(value.d, /^service\d+$/)
})

test('16: the code is sloppy: with, octal literals and HTML comments are read', async () => {
  assert.deepEqual(results(await run('<!-- old\nvar o = {x: 010}; with (o) { resp.success([x, this.o]); }')), [8, null])
})

test('17: globals never leak from one invocation to the next', async () => {
  const code = `
    var seen = [typeof leaked, typeof kept, [].stray, ({}).stray, typeof JSON.stray, typeof ClearBlade.stray, req.params.stray, resp.stray];
    leaked = 1; this.kept = 2; var kept = 3;
    Array.prototype.stray = 4; Object.prototype.stray = 5; JSON.stray = 6; ClearBlade.stray = 7; resp.stray = 8;
    function leaks(req, resp) { resp.success(seen.map(function (x) { return x === undefined ? null : x; })); }`
  await serve('leaks', code)
  const clean = ['undefined', 'undefined', null, null, 'undefined', 'undefined', null, null]
  for (let i = 0; i < 3; i++) assert.deepEqual(results(await execute('leaks')), clean)
  await serve('peeks', 'function peeks(req, resp) { resp.success([typeof leaked, typeof seen, typeof leaks]); }')
  assert.deepEqual(results(await execute('peeks')), ['undefined', 'undefined', 'undefined'])
})

test('17: globals never leak between systems', async () => {
  await serve(
    'marksIt',
    'marked = req.systemKey; Object.prototype.marked = 1; function marksIt(req, resp) { resp.success(marked); }',
  )
  assert.equal(results(await execute('marksIt')), system.key)
  const other = await app.createSystem('other')
  await app.createService(other, 'looks', 'function looks(req, resp) { resp.success([typeof marked, req.systemKey]); }')
  const answer = await app.run(other, 'looks', {}, developer)
  assert.deepEqual(results(answer), ['undefined', other.key])
})

test('17: a timer or promise that outlived its run never acts in the next one', async () => {
  await serve(
    'lingers',
    `function lingers(req, resp) {
    setTimeout(function () { resp.success("too late"); }, 30);
    setInterval(function () { late = 1; }, 1);
    resp.success("now");
  }`,
  )
  await serve('waits', 'function waits(req, resp) { setTimeout(function () { resp.success(typeof late); }, 60); }')
  for (let i = 0; i < 3; i++) {
    assert.equal(results(await execute('lingers')), 'now')
    assert.equal(results(await execute('waits')), 'undefined')
  }
})

test('63: typeof process, setImmediate, MessageChannel, window, module are all "undefined"', async () => {
  const names = ['process', 'setImmediate', 'MessageChannel', 'window', 'module', 'exports', 'define', 'self', 'global']
  const body = `resp.success([${names.map((name) => `typeof ${name}`)}]);`
  assert.deepEqual(
    results(await run(body)),
    names.map(() => 'undefined'),
  )
  assert.deepEqual(
    results(await run(body, { requires: 'clearblade,clearblade_async,http,log,crypto,mqtt,jsutil' })),
    names.map(() => 'undefined'),
  )
})

test('what the classic engine had is there: typed arrays, coders, timers, escape, Promise, newUUID, sleep', async () => {
  const names = [
    'Uint8Array',
    'ArrayBuffer',
    'DataView',
    'TextEncoder',
    'TextDecoder',
    'Proxy',
    'Promise',
    'Symbol',
    'setTimeout',
    'setInterval',
    'clearTimeout',
    'clearInterval',
    'escape',
    'unescape',
    'newUUID',
    'sleep',
    'logStdErr',
    'fetch',
  ]
  assert.deepEqual(
    results(await run(`resp.success([${names.map((name) => `typeof ${name}`)}]);`)),
    names.map(() => 'function'),
  )
  const answer = await run(
    'resp.success([newUUID(), newUUID(), typeof cbmeta, typeof console, typeof performance.now()]);',
  )
  const [one, two, ...types] = results(answer)
  assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.notEqual(one, two)
  assert.deepEqual(types, ['object', 'object', 'number'])
})

test('bundles that replace built-ins do not break the libraries of the platform', async () => {
  await library(
    'Polyfills',
    `
    Reflect.construct = null; Reflect.apply = null; Object.prototype.toString = function () { return "[object Mine]"; };
    Array.prototype.push = null; Array.prototype.map = null; Array.prototype.concat = null; Array.prototype[Symbol.iterator] = null;
    JSON.stringify = null; JSON.parse = null; Object.keys = null; Object.assign = null; Promise.prototype.then = null;
    Function.prototype.call = null; Function.prototype.apply = null; String.prototype.slice = null; Date.now = null; WeakMap = null;`,
  )
  const answer = await run(
    `
    ClearBlade.init({request: req});
    ClearBlade.User().allUsers(ClearBlade.Query().equalTo("email", "op@example.com"), function (err, data) {
      log("rows", data);
      resp.success([err, data.Data[0].email, crypto.createHash("md5").update("a").digest("hex")]); });`,
    {
      as: 'developer',
      requires: 'clearblade,crypto,log,Polyfills',
      logging: true,
    },
  )
  assert.deepEqual(results(answer), [false, 'op@example.com', '0cc175b9c0f1b6a831c399e269772661'])
  assert.match(answer.body.logs, /^rows \{/)
})

test('a bundle of 1.6 MB is saved and runs', async () => {
  const line = (i: number) => `function f${i}(a) { try { return a + ${i}; } catch (e) { return {a, b: ${i}}; } }`
  const filler = Array.from({ length: 20_000 }, (_, i) => line(i)).join('\n')
  assert.ok(filler.length > 1_600_000)
  assert.equal(results(await runCode(`${filler}\nfunction NAME(req, resp) { resp.success(f19999(1)); }`)), 20_000)
})

test('every save makes a version; any is readable and can be made current again, for the next run', async () => {
  const path = `/admin/code/v/1/${system.key}/aged`
  const history = `/codeadmin/v/2/history/service/${system.key}/aged`
  const code = (text: string) => `function aged(req, resp) { resp.success("${text}"); }`
  await serve('aged', code('one'))
  const second = await app.call('PUT', path, { ...developer, body: { code: code('two') } })
  assert.equal(second.body.version_number, 2)
  await app.call('PUT', path, { ...developer, body: { code: 'function aged( {' } })
  assert.match(problem(await execute('aged')), /^SyntaxError/)
  const versions = await app.call('GET', history, developer)
  assert.deepEqual(
    versions.body.map((one: any) => [one.version, one.current]),
    [
      [3, true],
      [2, false],
      [1, false],
    ],
  )
  assert.equal((await app.call('GET', `${history}/1`, developer)).body.code, code('one'))
  assert.equal((await app.call('PUT', `${history}/1`, developer)).status, 200)
  assert.equal(results(await execute('aged')), 'one')
  assert.equal((await app.call('GET', path, developer)).body.current_version, 1)
  await app.call('PUT', path, { ...developer, body: { logging_enabled: true } })
  assert.equal(results(await execute('aged')), 'one', 'a setting makes no version')
  const fourth = await app.call('PUT', path, { ...developer, body: { code: code('four') } })
  assert.equal(fourth.body.version_number, 4, 'a number is never used twice')
  assert.equal(results(await execute('aged')), 'four')
})

test('a library has versions too, and the current one runs; cbmeta.code_versions names them', async () => {
  const history = `/codeadmin/v/2/history/library/${system.key}/Aged`
  await library('Aged', 'function age() { return "one"; }')
  await app.call('PUT', `/codeadmin/v/2/library/${system.key}/Aged`, {
    ...developer,
    body: { code: 'function age() { return "two"; }' },
  })
  await serve('usesAged', 'function usesAged(req, resp) { resp.success([age(), cbmeta.code_versions]); }', {
    requires: 'Aged',
  })
  assert.deepEqual(results(await execute('usesAged')), ['two', { Aged: 2, usesAged: 1 }])
  await app.call('PUT', `${history}/1`, developer)
  assert.deepEqual(results(await execute('usesAged')), ['one', { Aged: 1, usesAged: 1 }])
  assert.equal((await app.call('GET', `${history}/2`, developer)).body.code, 'function age() { return "two"; }')
})
