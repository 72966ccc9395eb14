import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { ConfigError } from '../config/config.ts'
import { createEgress, type EgressResponse, type InsideAnswer, type OwnNodeRequest } from './egress.ts'
import { egressTo, failure, limits, resolved, serve } from './loopback.fixture.ts'

/** Answers with what arrived, as JSON. */
async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += chunk
  const { method, url, headers, rawHeaders } = request
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, url, headers, rawHeaders, body }))
}

type Echo = { method: string; url: string; headers: Record<string, string>; rawHeaders: string[]; body: string }

function echoed(answer: EgressResponse): Echo {
  return JSON.parse(answer.body.toString())
}

const local = { allow: ['127.0.0.0/8'] }

test('sends method, path, query, headers and body, and answers with status, headers and body', async (t) => {
  const server = await serve(t, (request, response) => {
    response.setHeader('X-Many', ['a', 'b'])
    response.statusMessage = 'Made Up'
    response.statusCode = 418
    return echo(request, response)
  })
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  const answer = await egress.get(`http://api.example:${server.port}/a%20b?x=1&y=%2F#part`, {
    method: 'post',
    headers: { 'Content-Type': 'text/plain', 'X-Key': ['1', '2'] },
    body: 'grüße',
  })
  assert.equal(answer.status, 418)
  assert.equal(answer.statusText, 'Made Up')
  assert.deepEqual(answer.headers['x-many'], ['a', 'b'])
  assert.equal(answer.url, `http://api.example:${server.port}/a%20b?x=1&y=%2F`)
  const seen = echoed(answer)
  assert.equal(seen.method, 'POST')
  assert.equal(seen.url, '/a%20b?x=1&y=%2F')
  assert.equal(seen.body, 'grüße')
  assert.equal(seen.headers.host, `api.example:${server.port}`)
  assert.equal(seen.headers['content-type'], 'text/plain')
  assert.equal(seen.headers['content-length'], '7')
  assert.equal(seen.headers['x-key'], '1, 2')
})

test('code sets neither the host nor the framing of a message', async (t) => {
  const server = await serve(t, echo)
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  const answer = await egress.get(`http://api.example:${server.port}/`, {
    method: 'POST',
    headers: {
      Host: 'admin.internal',
      'Content-Length': '1',
      'Transfer-Encoding': 'chunked',
      Connection: 'keep-alive',
    },
    body: 'whole',
  })
  const { headers, body } = echoed(answer)
  assert.equal(headers.host, `api.example:${server.port}`)
  assert.equal(body, 'whole')
  assert.equal(headers['transfer-encoding'], undefined)
  assert.equal(headers.connection, 'close')
})

test('refuses URLs, methods and headers that are not what they should be, before anything is looked up', async () => {
  const egress = egressTo({ 'api.example': '8.8.8.8' })
  for (const url of [
    '',
    'api.example/path',
    '/relative',
    'ftp://api.example/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:1',
    'gopher://api.example/',
    'http://',
    'http:// /',
    'http://api.example:0/',
    'http://api.example:99999/',
    'http://[fe80::1%25eth0]/',
    'http://api.exa\r\nmple/',
    'http://api.example/a\tb',
    'http://256.1.1.1/',
    'http://user:secret@/',
  ]) {
    await assert.rejects(egress.get(url), (error: unknown) => {
      failure('egressRefused')(error)
      return !String(error).includes('secret')
    })
  }
  for (const method of ['', 'CONNECT', 'trace', 'GET / HTTP/1.1\r\n', 'A B']) {
    await assert.rejects(egress.get('http://api.example', { method }), failure('egressRefused', /method/))
  }
  await assert.rejects(egress.get('http://api.example', { headers: { a: 'b\r\nc: d' } }), failure('egressRefused'))
  await assert.rejects(egress.get('http://api.example', { body: 'x' }), failure('egressRefused', /carries no body/))
  await assert.rejects(
    egress.get('http://api.example', { method: 'POST', body: Buffer.alloc(limits.maxRequestBytes) }),
    failure('egressRefused', /larger than/),
  )
  assert.deepEqual(egress.lookups, [])
})

test('a user in the URL becomes basic authorization, unless the headers hold one, and shows nowhere', async (t) => {
  const server = await serve(t, echo)
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  const url = `http://me:p%40ss@api.example:${server.port}/`
  const first = await egress.get(url)
  assert.equal(echoed(first).headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  assert.equal(first.url, `http://api.example:${server.port}/`)
  const second = await egress.get(url, { headers: { authorization: 'Bearer x' } })
  assert.equal(echoed(second).headers.authorization, 'Bearer x')
  await assert.rejects(egress.get('http://me:secret@gone.example/?k=secret'), (error: unknown) => {
    failure('egressFailed', /gone\.example/)(error)
    return !String(error).includes('secret')
  })
})

test('dials the address that was judged, whatever the name means to the machine', async (t) => {
  const judged = await serve(t, (_request, response) => response.end('judged'), '127.0.0.2')
  const other = await serve(t, (_request, response) => response.end('other'), '127.0.0.1', judged.port)
  const egress = egressTo({ localhost: '127.0.0.2' }, { allow: ['127.0.0.2'] })
  const answer = await egress.get(`http://localhost:${judged.port}/`)
  assert.equal(answer.body.toString(), 'judged')
  assert.deepEqual(egress.lookups, ['localhost'])
  assert.equal(other.connections(), 0)
})

test('a name that changes its address between two hops is judged at each', async (t) => {
  const inside = await serve(t, (_request, response) => response.end('inside'), '127.0.0.1')
  const outside = await serve(
    t,
    (_request, response) => response.writeHead(302, { location: '/again' }).end(),
    '127.0.0.2',
    inside.port,
  )
  const answers = ['127.0.0.2', '127.0.0.1']
  const egress = egressTo({}, { allow: ['127.0.0.2'], resolve: async () => [resolved(answers.shift()!)] })
  await assert.rejects(egress.get(`http://rebind.example:${inside.port}/`), failure('egressRefused', /loopback/))
  assert.equal(outside.connections(), 1)
  assert.equal(inside.connections(), 0)
})

test('keeps no cookie, no connection and reads no proxy setting', async (t) => {
  const ports = new Set<number | undefined>()
  const server = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort)
    response.setHeader('set-cookie', 'a=b')
    return echo(request, response)
  })
  const proxy = await serve(t, (_request, response) => response.end('proxy'))
  const before = { ...process.env }
  for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy']) process.env[name] = `http://127.0.0.1:${proxy.port}`
  process.env.NODE_USE_ENV_PROXY = '1'
  t.after(() => {
    process.env = before
  })
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  for (let round = 0; round < 3; round++) {
    const answer = await egress.get(`http://api.example:${server.port}/`)
    assert.deepEqual(answer.headers['set-cookie'], ['a=b'])
    assert.equal(echoed(answer).headers.cookie, undefined)
  }
  assert.equal(ports.size, 3)
  assert.equal(proxy.connections(), 0)
})

test('follows redirects with the method and body that Fetch prescribes', async (t) => {
  const server = await serve(t, (request, response) => {
    const status = /^\/(\d+)$/.exec(request.url!)?.[1]
    if (status === undefined) return echo(request, response)
    request.resume()
    response.writeHead(Number(status), { location: 'end?x#part' }).end('never read')
  })
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  const rows: [status: number, method: string, then: string, body: string][] = [
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', 'data'],
    [302, 'DELETE', 'DELETE', 'data'],
    [307, 'POST', 'POST', 'data'],
    [308, 'PUT', 'PUT', 'data'],
  ]
  for (const [status, method, then, body] of rows) {
    const answer = await egress.get(`http://api.example:${server.port}/${status}`, {
      method,
      body: 'data',
      headers: { 'Content-Type': 'text/plain', 'X-Token': 'kept on the same origin' },
    })
    const seen = echoed(answer)
    assert.equal(answer.url, `http://api.example:${server.port}/end?x`)
    assert.deepEqual([seen.method, seen.url, seen.body], [then, '/end?x', body], `${status} ${method}`)
    assert.equal(seen.headers['content-type'], body === '' ? undefined : 'text/plain')
    assert.equal(seen.headers['x-token'], 'kept on the same origin')
  }
})

test('a redirect to another origin carries no credentials along', async (t) => {
  const target = await serve(t, echo)
  const server = await serve(t, (_request, response) =>
    response.writeHead(307, { location: `http://eve:x@other.example:${target.port}/` }).end(),
  )
  const egress = egressTo({ 'api.example': '127.0.0.1', 'other.example': '127.0.0.1' }, local)
  const answer = await egress.get(`http://me:pw@api.example:${server.port}/`, {
    headers: { Cookie: 'a=b', 'X-Api-Key': 'k', 'ClearBlade-UserToken': 't', 'X-Plain': 'p' },
  })
  const { headers } = echoed(answer)
  for (const name of ['authorization', 'cookie', 'x-api-key', 'clearblade-usertoken']) {
    assert.equal(headers[name], undefined, name)
  }
  assert.equal(headers['x-plain'], 'p')
})

test('a redirect to a refused place ends the request, and nothing is dialled there', async (t) => {
  const inside = await serve(t, (_request, response) => response.end('inside'), '127.0.0.1')
  let location = ''
  const server = await serve(t, (_request, response) => response.writeHead(302, { location }).end(), '127.0.0.2')
  const egress = egressTo({ 'api.example': '127.0.0.2', 'inside.example': '127.0.0.1' }, { allow: ['127.0.0.2'] })
  for (location of [
    `http://127.0.0.1:${inside.port}/`,
    `//127.1:${inside.port}/`,
    `http://inside.example:${inside.port}/`,
    `http://[::ffff:127.0.0.1]:${inside.port}/`,
    'http://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
    'gopher://api.example/',
    'http://',
  ]) {
    await assert.rejects(egress.get(`http://api.example:${server.port}/`), failure('egressRefused'), location)
  }
  assert.equal(inside.connections(), 0)
})

test('counts redirects, and hands the redirect itself back when none are wanted', async (t) => {
  let requests = 0
  const server = await serve(t, (request, response) => {
    requests++
    const left = Number(request.url!.slice(1))
    if (left === 0) return response.end('end')
    response.writeHead(302, { location: `/${left - 1}` }).end('moved')
  })
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  const url = (left: number) => `http://api.example:${server.port}/${left}`
  assert.equal((await egress.get(url(5))).body.toString(), 'end')
  requests = 0
  await assert.rejects(egress.get(url(6)), failure('egressFailed', /redirects more than 5 times/))
  assert.equal(requests, 6)
  await assert.rejects(egress.get(url(50), { maxRedirects: 1000 }), failure('egressFailed', /more than 5 times/))
  await assert.rejects(egress.get(url(2), { maxRedirects: 1 }), failure('egressFailed', /more than 1 time\./))
  const moved = await egress.get(url(3), { maxRedirects: 0 })
  assert.deepEqual([moved.status, moved.headers.location, moved.body.toString()], [302, ['/2'], 'moved'])
})

test('a redirect status without a location is an answer', async (t) => {
  const server = await serve(t, (_request, response) => response.writeHead(304).end())
  const other = await serve(t, (_request, response) => response.writeHead(302).end('here'))
  const egress = egressTo({ 'api.example': '127.0.0.1' }, local)
  assert.equal((await egress.get(`http://api.example:${server.port}/`)).status, 304)
  assert.equal((await egress.get(`http://api.example:${other.port}/`)).body.toString(), 'here')
})

function ownNode(matches: (url: URL) => boolean, port?: number) {
  const asked: { request: OwnNodeRequest; context: unknown }[] = []
  return {
    asked,
    matches,
    port: () => port,
    answer: async (request: OwnNodeRequest, context: unknown): Promise<EgressResponse> => {
      asked.push({ request, context })
      const location = request.url.searchParams.get('to')
      return {
        status: location === null ? 200 : 302,
        statusText: 'OK',
        url: '',
        headers: location === null ? {} : { location: [location] },
        body: Buffer.from('from inside'),
      }
    },
  }
}

test("the node's own URL is answered inside, with whose request it is, and never looked up or dialled", async (t) => {
  const server = await serve(t, (_request, response) => response.end('socket'))
  const node = ownNode((url) => url.hostname === 'gate.example' || url.hostname === '127.0.0.1')
  const egress = egressTo({ 'gate.example': '127.0.0.1' }, { ...local, ownNode: node })
  const context = { service: 'S', system: 'K' }
  for (const host of ['gate.example', '127.0.0.1']) {
    const answer = await egress.get(`http://${host}:${server.port}/api/x?y=1`, {
      method: 'POST',
      body: 'data',
      headers: { Host: 'evil', 'ClearBlade-UserToken': 't', 'X-Forwarded-For': '10.0.0.1' },
      context,
    })
    assert.equal(answer.body.toString(), 'from inside')
    assert.equal(answer.url, `http://${host}:${server.port}/api/x?y=1`)
  }
  const { request, context: handed } = node.asked[0]!
  assert.equal(handed, context)
  assert.equal(request.method, 'POST')
  assert.equal(request.url.pathname + request.url.search, '/api/x?y=1')
  assert.equal(request.body?.toString(), 'data')
  assert.equal(request.headers['clearblade-usertoken'], 't')
  assert.equal(request.headers.host, undefined)
  assert.equal(request.headers['x-forwarded-for'], undefined)
  assert.equal(server.connections(), 0)
  assert.deepEqual(egress.lookups, [])
})

test('nobody outside sends a request into the node by a redirect', async (t) => {
  const node = ownNode((url) => url.hostname === 'gate.example')
  const server = await serve(t, (_request, response) =>
    response.writeHead(307, { location: 'http://gate.example/admin' }).end(),
  )
  const egress = egressTo({ 'api.example': '127.0.0.1' }, { ...local, ownNode: node })
  const url = `http://api.example:${server.port}/`
  await assert.rejects(egress.get(url), failure('egressRefused', /redirects to this node/))
  // Not by way of the node either.
  await assert.rejects(egress.get(`http://gate.example/?to=${encodeURIComponent(url)}`), failure('egressRefused'))
  assert.deepEqual(
    node.asked.map(({ request }) => request.url.pathname),
    ['/'],
  )
})

test('what is answered inside in the place of the world is not dialled, but where the operator has a route', async (t) => {
  const server = await serve(t, (_request, response) => response.end('routed'))
  const asked: unknown[] = []
  const inside: InsideAnswer = (url, context) => {
    asked.push(context)
    if (url.hostname !== 'sms.example.com') return undefined
    return async () => ({ status: 201, statusText: '', url: '', headers: {}, body: Buffer.from('from inside') })
  }
  const url = 'https://sms.example.com/x'
  const plain = egressTo({}, { inside })
  assert.equal((await plain.get(url, { context: 'run' })).body.toString(), 'from inside')
  assert.deepEqual([asked, plain.lookups], [['run'], []])
  await assert.rejects(plain.get('https://other.example.com/'), failure('egressFailed', /not found/))
  const routes = [{ from: 'https://sms.example.com', to: `http://127.0.0.1:${server.port}` }]
  assert.equal((await egressTo({}, { inside, routes }).get(url)).body.toString(), 'routed')
})

test('nobody outside sends a request by a redirect to what is answered inside', async (t) => {
  const server = await serve(t, (_request, response) =>
    response.writeHead(307, { location: 'https://sms.example.com/' }).end(),
  )
  const inside: InsideAnswer = (url) => {
    if (url.hostname !== 'sms.example.com') return undefined
    return async () => assert.fail('asked')
  }
  const egress = egressTo({ 'api.example': '127.0.0.1' }, { ...local, inside })
  await assert.rejects(egress.get(`http://api.example:${server.port}/`), failure('egressRefused', /redirects to this/))
})

test('the port of the node is not dialled under another name, even where loopback is permitted', async (t) => {
  const server = await serve(t, (_request, response) => response.end('socket'))
  const node = ownNode(() => false, server.port)
  const egress = egressTo({ 'alias.example': '127.0.0.1' }, { ...local, ownNode: node })
  for (const host of ['alias.example', '127.0.0.1']) {
    await assert.rejects(egress.get(`http://${host}:${server.port}/`), failure('egressRefused', /this node itself/))
  }
  assert.equal(server.connections(), 0)
})

test('a route sends one origin to another, with path and host unchanged, and needs no permission', async (t) => {
  const server = await serve(t, echo)
  const egress = egressTo({}, { routes: [{ from: 'https://api.example.com', to: `http://127.0.0.1:${server.port}` }] })
  for (const path of ['/v1/send?to=a%20b', '//evil.example/x', '/\\evil.example', '/@evil.example/', '/%2e%2e/']) {
    const answer = await egress.get(`https://api.example.com${path}`)
    const seen = echoed(answer)
    assert.equal(seen.url, new URL(`https://api.example.com${path}`).href.slice('https://api.example.com'.length))
    assert.equal(seen.headers.host, 'api.example.com')
    assert.equal(answer.url, new URL(`https://api.example.com${path}`).href)
  }
  await egress.get('https://API.example.com.:443/')
  const reached = server.connections()
  assert.equal(reached, 6)
  for (const url of ['http://api.example.com/', 'https://api.example.com:8443/', 'https://sub.api.example.com/']) {
    await assert.rejects(egress.get(url), failure('egressFailed', /not found/))
  }
  await assert.rejects(egress.get(`http://127.0.0.1:${server.port}/`), failure('egressRefused'))
  assert.equal(server.connections(), reached)
})

test('a routed answer opens no other door: its redirects are judged, and it does not lead into the node', async (t) => {
  const inside = await serve(t, (_request, response) => response.end('inside'))
  const server = await serve(t, (_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${inside.port}/` }).end(),
  )
  const to = `http://127.0.0.1:${server.port}`
  const routes = [{ from: 'https://api.example.com', to }]
  await assert.rejects(egressTo({}, { routes }).get('https://api.example.com/'), failure('egressRefused', /loopback/))
  assert.equal(inside.connections(), 0)
  const node = ownNode((url) => url.origin === to)
  await assert.rejects(
    egressTo({}, { routes, ownNode: node }).get('https://api.example.com/'),
    failure('egressRefused', /leads to this node itself/),
  )
  assert.equal(server.connections(), 1)
})

test('a route that cannot be read stops the start', () => {
  for (const [from, to] of [
    ['api.example.com', 'http://127.0.0.1:1'],
    ['https://api.example.com/path', 'http://127.0.0.1:1'],
    ['https://api.example.com', 'ftp://127.0.0.1'],
    ['https://api.example.com', 'http://me:pw@127.0.0.1'],
  ] as const) {
    assert.throws(() => createEgress({ allow: [], routes: [{ from, to }], limits }), ConfigError)
  }
})
