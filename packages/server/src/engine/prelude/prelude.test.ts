/** The library as a whole: answers, `req`, logs, timers, and which globals a service sees. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRuns } from './test-run.ts'

const { run, service } = await openRuns()

test('code after an answer does not run, also from inside callbacks, loops and library code', async () => {
  const plain = await service(`resp.success(1); log('after'); resp.error(2)`)
  assert.deepEqual(plain.result, ['success', 1])
  assert.deepEqual(plain.outcome.logs, [])
  const nested = await service(
    `ClearBlade.init({request: req})
     for (var i = 0; i < 3; i++) ClearBlade.Collection('c').fetch(function (err, data) { resp.success(data.TOTAL) })
     resp.error('fell through')`,
    { table: { 'data.fetch': { DATA: [], TOTAL: 7 } } },
  )
  assert.deepEqual(nested.result, ['success', 7])
  assert.equal(nested.calls.length, 1)
})

test('try, catch and finally around an answer cannot change it', async () => {
  const { result } = await service(`try { resp.success(1) } catch (e) { resp.error(2) } finally { resp.error(3) }`)
  assert.deepEqual(result, ['success', 1])
})

test('a library callback that answers inside try is not answered over by its catch', async () => {
  const { result } = await service(
    `try {
       ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: 'a@b', password: 'p',
         callback: function (err, body) { resp.success(body.authToken) }})
     } catch (e) { resp.error(String(e)) }`,
    { table: { 'auth.password': { authToken: 'proof', user_id: 'u' } } },
  )
  assert.deepEqual(result, ['success', 'proof'])
})

test('a promise that ends in resp.success and catches with resp.error answers once', async () => {
  const { result } = await service(`Promise.resolve('ok').then(resp.success).catch(resp.error)`)
  assert.deepEqual(result, ['success', 'ok'])
})

test('the answering methods work detached and ignore further arguments', async () => {
  const { result } = await service(`[{a: 1}].forEach(resp.success)`)
  assert.deepEqual(result, ['success', { a: 1 }])
})

test('an answer keeps its type, and may be missing', async () => {
  for (const value of ['7', '"text"', 'true', '[1,{"b":null}]', 'null']) {
    const { result } = await service(`resp.error(${value})`)
    assert.deepEqual(result, ['error', JSON.parse(value)])
  }
  assert.deepEqual((await service('resp.success()')).result, ['success', undefined])
  assert.deepEqual((await service('var x = 1')).result, ['silent'])
})

test('an answered Error shows its name and message', async () => {
  const top = await service(`resp.error(new TypeError('bad thing'))`)
  assert.deepEqual(top.result, ['error', { name: 'TypeError', message: 'bad thing' }])
  const inside = await service(`resp.error({error: new Error('inner'), n: 1})`)
  assert.deepEqual(inside.result, ['error', { error: { name: 'Error', message: 'inner' }, n: 1 }])
})

test('a custom response carries its status and headers', async () => {
  const { result } = await service(`resp.set({'X-A': 1}); resp.status(201); resp.send('made')`)
  assert.deepEqual(result, ['send', { send: 'made', status: 201, headers: { 'X-A': '1' } }])
})

test('req holds what the contract names, and params may be changed', async () => {
  const { result } = await service(
    `req.params.extra = 1; delete req.params.gone; var before = Object.keys(req); req.params = {mine: req.params}; resp.success([before, req])`,
    { req: { params: { gone: true } } },
  )
  assert.deepEqual(result, [
    'success',
    [
      [
        'params',
        'systemKey',
        'systemSecret',
        'userEmail',
        'userid',
        'userToken',
        'isLogging',
        'service_instance_id',
        'caller',
      ],
      {
        params: { mine: { extra: 1 } },
        systemKey: 'c0ffee',
        systemSecret: 'SECRET',
        userEmail: 'ann@example.com',
        userid: 'ann-id',
        userToken: 'run-token',
        isLogging: false,
        service_instance_id: 'instance-1',
        caller: { userid: 'bob-id', userToken: 'caller-token', userEmail: 'bob@example.com' },
      },
    ],
  ])
})

test('a token is asked of the node once, and only when it is read', async () => {
  assert.deepEqual((await service(`resp.success(req.userid)`)).calls, [])
  const read = await service(`resp.success([req.userToken, req.userToken, JSON.stringify(req).length > 0])`)
  assert.deepEqual(read.result, ['success', ['run-token', 'run-token', true]])
  assert.deepEqual(
    read.calls.map((call) => call.name),
    ['run.token', 'run.callerToken'],
  )
  const replaced = await service(`req.userToken = 'mine'; resp.success(req.userToken)`)
  assert.deepEqual([replaced.result, replaced.calls], [['success', 'mine'], []])
})

test('params is an object even when none came', async () => {
  assert.deepEqual((await service('resp.success(req.params.x === undefined)', { req: { params: null } })).result, [
    'success',
    true,
  ])
})

test('req and resp are globals too', async () => {
  const { result } = await run(`function helper() { resp.success(req.userid) }\nfunction svc() { helper() }`)
  assert.deepEqual(result, ['success', 'ann-id'])
})

test('sloppy code keeps its ways: undeclared globals, callee names, shorthand properties', async () => {
  const { result } = await run(
    `function svc(req, resp) { made = arguments.callee.name; var a = 1; resp.success({a, made, same: this === new Function('return this')()}) }`,
    { dialect: 'classic' },
  )
  assert.deepEqual(result, ['success', { a: 1, made: 'svc', same: true }])
})

test('nothing of one run is seen by the next', async () => {
  await service(`leak = 1; Array.prototype.leak = 1; resp.success.leak = 1; resp.success()`)
  const { result } = await service(`resp.success([typeof leak, typeof [].leak, typeof resp.success.leak])`)
  assert.deepEqual(result, ['success', ['undefined', 'undefined', 'undefined']])
})

test('names that bundled libraries take for a browser or Node stay undefined', async () => {
  const names = [
    'process',
    'setImmediate',
    'MessageChannel',
    'window',
    'module',
    'exports',
    'define',
    'global',
    'native',
  ]
  const { result } = await service(`resp.success([${names.map((name) => `typeof ${name}`).join()}])`)
  assert.deepEqual(result, ['success', names.map(() => 'undefined')])
})

test('only what is required is there, and http brings what it needs', async () => {
  const kinds = `[typeof ClearBlade, typeof Requests, typeof log, typeof ClearBladeAsync, typeof crypto, typeof MQTT]`
  const none = await service(`resp.success(${kinds})`, { natives: [] })
  assert.deepEqual(none.result, ['success', Array(6).fill('undefined')])
  const http = await service(
    `resp.success(${kinds}.concat(typeof fetch, typeof setTimeout, typeof cbmeta, typeof newUUID))`,
    { natives: ['http'] },
  )
  assert.deepEqual(http.result, [
    'success',
    [
      'undefined',
      'function',
      'undefined',
      'undefined',
      'undefined',
      'undefined',
      'function',
      'function',
      'object',
      'function',
    ],
  ])
})

test('developers may declare over every global of the library', async () => {
  const { result } = await run(
    `var log = 1; function fetch() { return 'mine' } let Requests = 2; const ClearBlade = 3\n
     function svc(req, resp) { resp.success([log, fetch(), Requests, ClearBlade]) }`,
  )
  assert.deepEqual(result, ['success', [1, 'mine', 2, 3]])
})

test('the library goes on working when built-ins are replaced', async () => {
  const { result } = await service(
    `Reflect.construct = null; Reflect.apply = null; JSON.stringify = null; JSON.parse = null
     Object.keys = Object.assign = Object.create = Object.defineProperty = null
     Array.isArray = null; String = Number = null
     Array.prototype.push = Array.prototype.map = Array.prototype.join = Array.prototype.slice = null
     Array.prototype[Symbol.iterator] = null
     Object.prototype.toString = Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null
     Promise.prototype.then = null
     RegExp.prototype.exec = RegExp.prototype.test = null
     log('still', {here: 1})
     ClearBlade.init({request: req})
     var got
     ClearBlade.Collection({collectionName: 'c'}).fetch(ClearBlade.Query().equalTo('a', 1).setPage(5, 1), function (e, d) { got = d })
     Requests().post({uri: 'http://x.example/', qs: {q: 'a b'}, body: {k: 1}, auth: {user: 'u', pass: 'p'}}, function (e, text) { got.text = text })
     got.hash = crypto.createHash('sha256').update('a').digest('hex')
     got.id = newUUID().length
     resp.success(got)`,
    {
      table: {
        'data.fetch': { DATA: [], TOTAL: 0 },
        'http.request': { status: 200, statusText: '200 OK', url: '', headers: { a: ['b'] }, text: 'ok' },
        'crypto.hash': { base64: 'AQID' },
      },
    },
  )
  assert.deepEqual(result, ['success', { DATA: [], TOTAL: 0, text: 'ok', hash: '010203', id: 36 }])
})

test('log takes anything: objects, several arguments, errors, circles', async () => {
  const { outcome } = await service(
    `log('a', 1, {b: [2]}, null, undefined); var c = {}; c.c = c; log(c); log({get x() { throw 1 }})
     console.warn(new RangeError('far')); console.debug(function f() {}); console.alert('!'); console.error('e')`,
  )
  assert.deepEqual(outcome.ending, { kind: 'silent' })
  assert.deepEqual(
    outcome.logs.map((entry) => [entry.level, entry.text.split('\n')[0]]),
    [
      ['info', 'a 1 {"b":[2]} null undefined'],
      ['info', '[object that JSON cannot hold]'],
      ['info', '[object that JSON cannot hold]'],
      ['warn', 'RangeError: far'],
      ['debug', 'function f() {}'],
      ['alert', '!'],
      ['error', 'e'],
    ],
  )
})

test('with logging off nothing is logged', async () => {
  const { outcome } = await service(`log('a'); console.error('b'); ClearBlade.logger('c'); logStdErr('d')`, {
    facts: { logging: false },
  })
  assert.deepEqual([outcome.ending, outcome.logs], [{ kind: 'silent' }, []])
})

test('a run lives until its timers have fired', async () => {
  const { result } = await service(
    `var n = 0; var id = setInterval(function (step) { n += step; if (n === 6) { clearInterval(id); setTimeout(resp.success, 5, n) } }, 1, 2)`,
  )
  assert.deepEqual(result, ['success', 6])
})

test('a cleared timer neither fires nor holds the run for its time', async () => {
  const { result, outcome } = await service(`clearTimeout(setTimeout(function () { resp.error('fired') }, 15000))`)
  assert.deepEqual(result, ['silent'])
  assert.ok(outcome.usage.wallMs < 5000, `${outcome.usage.wallMs} ms`)
})

test('an exception in a timer ends the run with its message', async () => {
  const { result } = await service(`setTimeout(function () { throw new Error('late') }, 1)`)
  assert.deepEqual(result, ['threw', 'late'])
})

test('the clock advances during a run, and sleep waits', async () => {
  const { result } = await service(
    `var t = Date.now(); while (Date.now() - t < 20) {} var u = +new Date(); sleep(30); resp.success([u - t >= 20, new Date() - u >= 29])`,
  )
  assert.deepEqual(result, ['success', [true, true]])
})

test('cbmeta names the host without scheme; ClearBlade.URI has one and no slash at its end', async () => {
  const { result } = await service(
    `resp.success([cbmeta.platform_url, ClearBlade.URI, ClearBlade.edgeId(), ClearBlade.isEdge(), typeof ClearBlade.about().version])`,
    { facts: { platformUrl: 'http://gatehouse.example:9000/' } },
  )
  assert.deepEqual(result, [
    'success',
    ['gatehouse.example:9000', 'http://gatehouse.example:9000', '', false, 'string'],
  ])
})

test('newUUID makes random UUIDs of version 4', async () => {
  const { result } = await service(`resp.success([newUUID(), newUUID()])`)
  const [first, second] = result[1] as string[]
  assert.match(first!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.notEqual(first, second)
})

test('texts survive the coders, and broken bytes become the replacement character', async () => {
  const { result } = await service(
    `var t = 'aé€😀\\ud800'; var bytes = new TextEncoder().encode(t)
     resp.success([Array.from(bytes), new TextDecoder().decode(bytes), new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0x41, 0xc0, 0xf0, 0x9f]))])`,
  )
  const text = 'aé€😀\ud800'
  const bytes = new TextEncoder().encode(text)
  assert.deepEqual(result, [
    'success',
    [
      Array.from(bytes),
      new TextDecoder().decode(bytes),
      new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0x41, 0xc0, 0xf0, 0x9f])),
    ],
  ])
})

test('crypto encodes here and hashes at the node', async () => {
  const { result, calls } = await service(
    `resp.success([
       crypto.encode('base64', 'myDatä'), crypto.encode('hex', new Uint8Array([1, 255])),
       Array.from(crypto.decode('base64', 'aGVsbG8=')), Array.from(crypto.decode('hex', '01fF')),
       crypto.createHash('sha1').update('Hello').update(' World').digest('base64'),
       Array.from(crypto.hmac('d', 'k', 'sha256')), crypto.create_jwt({uid: 1}, 'HS256', 'k')])`,
    {
      table: { 'crypto.hash': { base64: 'AQID' }, 'crypto.hmac': { base64: 'BA==' }, 'crypto.jwt': { token: 'a.b.c' } },
    },
  )
  assert.deepEqual(result, [
    'success',
    [Buffer.from('myDatä').toString('base64'), '01ff', [...Buffer.from('hello')], [1, 255], 'AQID', [4], 'a.b.c'],
  ])
  assert.deepEqual(calls[0]!.args, { algorithm: 'sha1', dataBase64: Buffer.from('Hello World').toString('base64') })
})

test('a key object shows nothing; only exporting gives its text', async () => {
  const { result } = await service(
    `crypto.generateKey({name: 'RSA', modulusLength: 2048}).then(function (pair) {
       return crypto.exportKey('PEM', pair.privateKey).then(function (pem) { resp.success([pem, JSON.stringify(pair)]) })
     }).catch(resp.error)`,
    { table: { 'crypto.generateKey': { publicPem: 'PUBLIC', privatePem: 'PRIVATE' } } },
  )
  assert.deepEqual(result, [
    'success',
    ['PRIVATE', '{"publicKey":{"type":"public","algorithm":"RSA"},"privateKey":{"type":"private","algorithm":"RSA"}}'],
  ])
})

test('util formats texts, numbers and JSON', async () => {
  const { result } = await service(
    `resp.success([util.format('Hello %s, %d %j 100%%', 'Steve', '4', {a: 1}), util.format('%s'), util.inspect({b: 2})])`,
  )
  assert.deepEqual(result, ['success', ['Hello Steve, 4 {"a":1} 100%', '%s', '{"b":2}']])
})

test('libraries that are not built load, construct and refuse', async () => {
  const { result } = await service(
    `var mqtt = new MQTT.Client(); var message = new MQTT.Message('hi'); var m = mailer().createTransport({}); var g = new geo('polar')
     var said = []
     m.sendMail({}, function (err, data) { said.push(err, String(data)) })
     try { g.Point(1, 2) } catch (e) { said.push(e.message) }
     mqtt.subscribe('t', function () {}).catch(function (e) { resp.success(said.concat(e.message, message.payload)) })`,
    { natives: ['mqtt', 'mailer', 'geo'] },
  )
  assert.deepEqual(result, [
    'success',
    [true, 'not available yet: mailer', 'not available yet: geo', 'not available yet: MQTT', 'hi'],
  ])
})

test('bundles of the build kit load: they patch built-ins and inherit from emitters and streams', async () => {
  const { result } = await service(
    `Reflect.construct = null; Array.prototype[Symbol.iterator] = Array.prototype.values
     Object.defineProperty(Uint8Array.prototype, Symbol.toStringTag, {configurable: false, enumerable: false, get: function () { return 'Uint8Array' }})
     var said = []
     function Mine() { cb_node.events.call(this) }
     Mine.prototype = Object.create(cb_node.events.prototype)
     var mine = new Mine(); var other = new cb_node.events.EventEmitter()
     mine.on('a', function (x, y) { said.push(x + y) }).once('a', function () { said.push('once') })
     said.push(mine.emit('a', 1, 2), mine.emit('a', 3, 4), other.emit('a'))
     function Out() { cb_node.stream.Writable.call(this) }
     Out.prototype = Object.create(cb_node.stream.Writable.prototype)
     try { new Out().write('x') } catch (e) { said.push(e.message) }
     try { new cb_node.net.Socket().connect(1) } catch (e) { said.push(e.message) }
     try { mine.emit('error', new Error('unheard')) } catch (e) { said.push(e.message) }
     Requests().get({uri: 'http://x/'}, function (err, text) { resp.success(said.concat(text)) })`,
    { table: { 'http.request': { status: 200, statusText: '200 OK', url: '', headers: {}, text: 'ok' } } },
  )
  assert.deepEqual(result, [
    'success',
    [3, 'once', 7, true, true, false, 'not available yet: streams', 'not available yet: sockets', 'unheard', 'ok'],
  ])
})

test('a service without an entry function may answer while it loads', async () => {
  const { result } = await run(
    `ClearBlade.init({systemKey: req.systemKey, systemSecret: req.systemSecret, email: 'a@b.c', password: 'pw',
       callback: function (err, body) { if (err) { resp.error('initialization error ' + JSON.stringify(body)) } else { body.options = {a: 1}; resp.success(body) } }})`,
    { table: { 'auth.password': { authToken: 'proof', user_id: 'u' } } },
  )
  assert.deepEqual(result, ['success', { authToken: 'proof', user_id: 'u', options: { a: 1 } }])
})

test('stack frames give a service no function and no object of the library or the sandbox', async () => {
  const { result } = await service(
    `var reached = []; var files = []
     Error.prepareStackTrace = function (error, sites) {
       sites.forEach(function (site) {
         if (site.getFileName() === 'svc') return
         files.push(site.getFileName())
         if (site.getFunction() !== undefined) reached.push('function ' + site.getFunctionName())
         if (site.getThis() !== undefined && site.getThis() !== globalThis) reached.push('this of ' + site.getFunctionName())
       })
       return ''
     }
     var look = function () { new Error().stack; return 1 }
     ClearBlade.User().getUser(look)
     ClearBlade.Collection('c').create({ a: { toJSON: look } })
     Requests().get({ uri: { toString: look } })
     try { log({ get a() { return look() } }) } catch (e) {}
     resp.success({ toJSON: function () { look(); return [files.indexOf('(library)') >= 0, reached] } })`,
    {
      table: {
        'users.self': {},
        'data.create': [],
        'http.request': { status: 200, statusText: '200 OK', url: '', headers: {}, text: '' },
      },
    },
  )
  assert.deepEqual(result, ['success', [true, []]])
})
