/** The engine contract on what a service sends out: `Requests`, `fetch`, and the node's own URL, which is answered inside. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { email, openStage, password, results } from './stage.ts'

type Received = { method: string; url: string; headers: Record<string, unknown>; body: string }

/** A provider on loopback that tells what it was sent; `/status/404` and the like answer with that status. */
const provider = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    const { method, url, headers } = request
    const [, , wanted] = /^\/(status|moved|bytes|text|slow)\/?([^?]*)/.exec(url!) ?? []
    if (url!.startsWith('/moved')) response.writeHead(302, { location: '/echo' }).end()
    else if (url!.startsWith('/bytes')) response.end(Buffer.from([0xff, 0, 0xfe]))
    else if (url!.startsWith('/text')) response.writeHead(200, { 'content-type': 'text/plain' }).end('not json')
    else if (url!.startsWith('/silence')) void 0
    else {
      const status = url!.startsWith('/status') ? Number(wanted) : 200
      response.writeHead(status, { 'content-type': 'application/json', 'x-two': ['a', 'b'] })
      response.end(status === 500 ? '' : JSON.stringify({ method, url, headers, body }))
    }
  })
})
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
after(() => {
  provider.closeAllConnections()
  provider.close()
})
const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port

/** A port where nobody listens. */
const nobody = createServer()
await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve))
const closedPort = port(nobody)
await new Promise((resolve) => nobody.close(resolve))

const api = 'https://api.example.com'
const routes = `${api}=http://127.0.0.1:${port(provider)},https://down.example.com=http://127.0.0.1:${closedPort}`
const app = await createTestApp({ after }, { args: ['--route', routes] })
const { execute, run, runCode, serve, system, token } = await openStage(app)
const listening = port(app.app.server.server)

/** `send(method, options)` answers what the callback got. */
const send = `function send(method, options) { var got = "never called";
  Requests()[method](options, function (err, text) { got = [err, text]; }); return got; }`
const http = { requires: 'clearblade,http' }
const answered = async (body: string, params: unknown = {}) =>
  results(await run(`${send} ${body}`, { ...http, params }))
const echo = async (method: string, options: unknown): Promise<Received> => {
  const [err, text] = await answered('resp.success(send(req.params.method, req.params.options));', { method, options })
  assert.equal(err, false, text)
  return JSON.parse(text)
}

test('31: Requests().get/post/put/delete call back (false, string), before they return; JSON is not parsed for the service', async () => {
  for (const method of ['get', 'post', 'put', 'delete']) {
    const got = await answered(
      'var got = send(req.params.method, {uri: req.params.uri, body: {a: 1}}); resp.success([got[0], typeof got[1], got[1]]);',
      {
        method,
        uri: `${api}/echo`,
      },
    )
    assert.deepEqual(got.slice(0, 2), [false, 'string'])
    const received = JSON.parse(got[2])
    assert.equal(received.method, method.toUpperCase())
    assert.equal(received.body, method === 'post' || method === 'put' ? '{"a":1}' : '')
  }
  assert.deepEqual(await answered(`resp.success(send("get", {uri: "${api}/text"}));`), [false, 'not json'])
})

test('31: a callback that throws reaches the try of the service; a missing callback does no harm', async () => {
  const answer = await answered(`var caught;
    Requests().get({uri: "${api}/echo"});
    try { Requests().get({uri: "${api}/echo"}, function () { throw "from inside"; }); } catch (e) { caught = e; }
    resp.success(caught);`)
  assert.equal(answer, 'from inside')
})

test('32: HTTP failure (connection refused, missing host) gives err === true and no throw', async () => {
  const targets = [
    { uri: 'https://down.example.com/x' },
    { uri: 'https:///no/host' },
    { uri: '/admin/user/x/roles' },
    { uri: '' },
    {},
    { uri: 'not a url' },
    { uri: 'ftp://api.example.com/' },
    { uri: 'undefined/admin' },
    { uri: 'https://no-such-host.invalid/' },
    { uri: `${api}/silence`, timeout: 0.2 },
  ]
  const got = await answered(
    'resp.success(req.params.targets.map(function (options) { return send("get", options); }));',
    { targets },
  )
  for (const [i, [err, text]] of got.entries()) {
    assert.equal(err, true, JSON.stringify(targets[i]))
    assert.equal(typeof text, 'string')
    assert.ok(text.length > 5)
  }
})

test('32: a status from 400 on is an err too, with the body as text; a redirect is followed unless the service says otherwise', async () => {
  const got =
    await answered(`resp.success([send("get", {uri: "${api}/status/404"}), send("post", {uri: "${api}/status/500", body: {}}),
    send("get", {uri: "${api}/moved"}), send("get", {uri: "${api}/moved", followRedirect: 0, full: true})[1].Status]);`)
  assert.equal(got[0][0], true)
  assert.equal(JSON.parse(got[0][1]).url, '/status/404')
  assert.equal(got[1][0], true)
  assert.match(got[1][1], /500/)
  assert.equal(JSON.parse(got[2][1]).url, '/echo')
  assert.equal(got[3], 302)
})

test('32: private, loopback and metadata addresses are refused, whatever their spelling', async () => {
  const hosts = [
    '127.0.0.1:1',
    'localhost:1',
    '10.0.0.1',
    '169.254.169.254',
    '[::1]:1',
    '0x7f000001:1',
    '2130706433:1',
    '[::ffff:10.0.0.1]',
  ]
  const got = await answered(
    'resp.success(req.params.hosts.map(function (host) { return send("get", {uri: "http://" + host + "/latest/"}); }));',
    { hosts },
  )
  for (const [i, [err, text]] of (got as [boolean, string][]).entries()) {
    assert.equal(err, true, hosts[i]!)
    assert.match(text, /may not|not reach|refused|not allowed|private|loopback/i, hosts[i]!)
  }
})

test('33: form:true sends url-encoded data; auth:{user,pass} sends basic auth; qs is appended; headers are sent', async () => {
  const received = await echo('post', {
    uri: `${api}/Messages.json?kept=1`,
    qs: { to: 'x y', list: ['a', 'b'] },
    form: true,
    body: { To: '+15005550006', Body: 'Your code is 1 & 2', Empty: '' },
    auth: { user: 'key', pass: 'secret', sendImmediately: true },
    headers: { 'X-Own': 'header', Accept: 'application/json' },
  })
  assert.equal(received.body, 'To=%2B15005550006&Body=Your%20code%20is%201%20%26%202&Empty=')
  assert.match(String(received.headers['content-type']), /^application\/x-www-form-urlencoded/)
  assert.equal(received.headers.authorization, `Basic ${Buffer.from('key:secret').toString('base64')}`)
  assert.equal(received.url, '/Messages.json?kept=1&to=x%20y&list=a&list=b')
  assert.equal(received.headers['x-own'], 'header')
  assert.equal(received.headers.accept, 'application/json')
  const get = await echo('get', { uri: `${api}/echo`, qs: { a: 1 } })
  assert.equal(get.url, '/echo?a=1')
})

test('33: a body that is an object goes out as JSON', async () => {
  const received = await echo('put', { uri: `${api}/echo`, body: { a: [1, { b: null }] } })
  assert.equal(received.body, '{"a":[1,{"b":null}]}')
  assert.match(String(received.headers['content-type']), /^application\/json/)
})

test('34: full:true gives Body, Status, Header', async () => {
  const [err, full] = await answered(`resp.success(send("get", {uri: "${api}/status/404", full: true}));`)
  assert.equal(err, false)
  assert.deepEqual(Object.keys(full).sort(), ['Body', 'Header', 'Status'])
  assert.equal(full.Status, 404)
  assert.equal(JSON.parse(full.Body).method, 'GET')
  assert.deepEqual(full.Header['Content-Type'], ['application/json'])
  const parsed = await answered(
    `resp.success(JSON.parse(JSON.parse(send("get", {uri: "${api}/echo", full: true})[1]).Body).url);`,
  )
  assert.equal(parsed, '/echo', 'it can be parsed as JSON text, too')
})

test('35: url works like uri; body:{} on GET does no harm; a string body is sent as is', async () => {
  assert.equal((await echo('get', { url: `${api}/by-url`, body: {} })).url, '/by-url')
  const get = await echo('get', { uri: `${api}/echo`, body: {} })
  assert.equal(get.body, '')
  assert.equal(get.headers['content-length'], undefined)
  assert.equal((await echo('post', { uri: `${api}/echo`, body: '{"ready": "made"}' })).body, '{"ready": "made"}')
  assert.equal((await echo('post', { uri: `${api}/echo`, body: 'é😀' })).body, 'é😀')
})

test('59: fetch(...).then(function(r){ return r.json(); }) works, and r.json()/r.text() are plain values', async () => {
  const answer = await run(`
    fetch("${api}/echo", {method: "POST", body: "sent", headers: {"X-Own": "header"}}).then(function (r) {
      facts = [r.status, r.statusText, r.ok, r.url, r.headers.get("content-type"), r.headers.has("x-nothing"), typeof r.text(), r.text() === r.text(), r.json().method];
      return r.json();
    }).then(function (body) { resp.success([facts, body.body, body.headers["x-own"]]); }).catch(resp.error);`)
  const [facts, body, header] = results(answer)
  assert.deepEqual(facts, [200, '200 OK', true, `${api}/echo`, 'application/json', false, 'string', true, 'POST'])
  assert.deepEqual([body, header], ['sent', 'header'])
})

test('59: in the modern dialect await works on values as on promises; bytes travel both ways', async () => {
  const answer = await runCode(
    `async function NAME(req, resp) {
    const page = await fetch('${api}/status/404')
    const text = await page.text()
    const bytes = (await fetch('${api}/bytes')).body
    const sent = (await fetch('${api}/echo', { method: 'PUT', body: new Uint8Array([104, 105]), headers: new Map([['X-Own', 'm']]) })).json()
    resp.success([page.ok, page.status, JSON.parse(text).url, Array.from(bytes), sent.body, sent.headers['x-own']])
  }`,
    { fields: { engine_type: 1 } },
  )
  assert.deepEqual(results(answer), [false, 404, '/status/404', [255, 0, 254], 'hi', 'm'])
})

test('59: fetch rejects what never got an answer, a relative URL, and what was aborted', async () => {
  const answer = await run(`
    var aborting = new AbortController(); setTimeout(function () { aborting.abort(); }, 20);
    var given = [["https://down.example.com/"], ["/relative"], ["${api}/silence", {signal: aborting.signal}],
      ["${api}/silence", {signal: AbortSignal.timeout(50)}], ["${api}/echo", {signal: AbortSignal.abort()}], ["http://127.0.0.1:1/"]];
    Promise.all(given.map(function (one) {
      return fetch(one[0], one[1]).then(function (r) { return "answered " + r.status; }, function (e) { return [e.name, typeof e.message]; });
    })).then(resp.success).catch(resp.error);`)
  const got = results(answer)
  for (const one of got) assert.equal(one[1], 'string', JSON.stringify(got))
  assert.deepEqual([got[2][0], got[4][0]], ['AbortError', 'AbortError'])
  assert.equal(got[3][0], 'TimeoutError')
})

test('59: a run waits for its fetches, and several are under way at once', async () => {
  const answer = await run(`var n = 0;
    for (var i = 0; i < 5; i++) fetch("${api}/echo").then(function () { n++; if (n === 5) resp.success(n); }, resp.error);`)
  assert.equal(results(answer), 5)
})

test('a run sends at most a hundred requests', async () => {
  const [refusedAt, text] = await answered(`
    for (var i = 1; i <= 101; i++) { var got = send("get", {uri: "http://127.0.0.1:1/"}); if (/at most/.test(got[1])) resp.success([i, got[1]]); }
    resp.success("never refused");`)
  assert.equal(refusedAt, 101)
  assert.match(text, /100/)
})

const spellings: Record<string, string> = {
  'ClearBlade.URI': 'ClearBlade.URI',
  'https:// and cbmeta.platform_url': '"https://" + cbmeta.platform_url',
  'http:// and cbmeta.platform_url': '"http://" + cbmeta.platform_url',
  'localhost with its port': `"http://localhost:${listening}"`,
  'https://localhost with its port': `"https://localhost:${listening}"`,
  '127.0.0.1': `"http://127.0.0.1:${listening}"`,
  '[::1]': `"http://[::1]:${listening}"`,
  'a name under localhost': `"http://plant.localhost:${listening}"`,
}

for (const [spelling, expression] of Object.entries(spellings)) {
  test(`the node's own URL is answered inside when spelled ${spelling}, for Requests and fetch`, async () => {
    const answer = await run(
      `${send}
      var uri = ${expression} + "/api/v/1//user/info", headers = {"ClearBlade-UserToken": req.userToken};
      var got = send("get", {uri: uri, headers: headers});
      if (got[0]) resp.error(got[1]);
      fetch(uri, {headers: headers}).then(function (r) { resp.success([JSON.parse(got[1]).email, r.json().email]); }).catch(resp.error);`,
      http,
    )
    assert.deepEqual(results(answer), [email, email])
  })
}

test("a request inside arrives as the service's, and signs in like anybody", async () => {
  await serve(
    'knocks',
    `${send} function knocks(req, resp) { resp.success(send("post", {uri: ClearBlade.URI + "/api/v/1/user/auth",
    headers: {"ClearBlade-SystemKey": req.systemKey, "ClearBlade-SystemSecret": req.systemSecret, "X-Forwarded-For": "203.0.113.7"},
    body: {email: "${email}", password: req.params.password}})); }`,
    http,
  )
  const [err, text] = results(await execute('knocks', { params: { password } }))
  assert.equal(err, false, text)
  const info = await app.call('GET', '/api/v/1/user/info', { token: JSON.parse(text).user_token })
  assert.equal(info.body.email, email)
  assert.equal(results(await execute('knocks', { params: { password: 'the plant is loud' } }))[0], true)
  const traces = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer: app.developer })
  for (const trace of traces.body.slice(0, 2)) assert.equal(trace.address, `service knocks of ${system.key}`)
})

test('inside there is the user and developer API and nothing else', async () => {
  const paths = [
    '/',
    '/healthz',
    '/metrics',
    '/setup',
    '/admin/reg',
    '/admin//reg',
    '/api/../metrics',
    '/api/v/1/%2e%2e/%2e%2e/%2e%2e/metrics',
    '/admin/%72eg',
  ]
  const got = await answered(
    `resp.success(req.params.paths.map(function (path) {
    return [send("get", {uri: ClearBlade.URI + path}), send("post", {uri: ClearBlade.URI + path, body: {email: "x@example.com", password: "long enough for all of them"}})]; }));`,
    { paths },
  )
  for (const [i, answers] of got.entries())
    for (const [err, text] of answers) assert.equal(err, true, `${paths[i]}: ${text}`)
  const developers = await app.call('POST', '/admin/auth', {
    body: { email: 'x@example.com', password: 'long enough for all of them' },
  })
  assert.notEqual(developers.status, 200)
})

test('a request inside has the credential that it carries and no other', async () => {
  const [none, wrong, other] = await answered(
    `
    var uri = ClearBlade.URI + "/api/v/1/user/info";
    resp.success([send("get", {uri: uri}), send("get", {uri: uri, headers: {"ClearBlade-UserToken": "guess"}}),
      send("get", {uri: uri, headers: {"ClearBlade-UserToken": req.params.token}})]);`,
    { token },
  )
  assert.equal(none[0], true)
  assert.equal(wrong[0], true)
  assert.equal(JSON.parse(other[1]).email, email)
})

test('a made-up mark of a request from inside gives nothing, neither outside nor inside', async () => {
  const marked = { headers: { 'gatehouse-inside': 'gh_inside_x' } }
  assert.equal((await app.call('GET', '/api/v/1/user/info', { token, ...marked })).status, 200)
  assert.notEqual((await app.call('GET', '/api/v/1/user/info', marked)).status, 200)
  const run1 = await answered(`resp.success(send("get", {uri: ClearBlade.URI + "/api/v/1/user/info",
    headers: {"Gatehouse-Inside": "x", "ClearBlade-UserToken": req.userToken}}));`)
  assert.equal(JSON.parse(run1[1]).email, email)
})
