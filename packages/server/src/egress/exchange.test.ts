import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { egressTo, failure, limits, selfSigned, serve, serveTcp, serveTls } from './loopback.fixture.ts'

const local = { allow: ['127.0.0.0/8'] }
const names = { 'api.example': '127.0.0.1' }

test('unpacks gzip, deflate in both forms, brotli and two layers', async (t) => {
  const text = Buffer.from('word '.repeat(1000))
  const bodies: Record<string, [encoding: string, body: Buffer]> = {
    '/gzip': ['gzip', gzipSync(text)],
    '/x-gzip': ['X-GZIP', gzipSync(text)],
    '/deflate': ['deflate', deflateSync(text)],
    '/raw': ['deflate', deflateRawSync(text)],
    '/br': ['br', brotliCompressSync(text)],
    '/two': ['gzip, br', brotliCompressSync(gzipSync(text))],
    '/plain': ['identity', text],
  }
  let asked: string | undefined
  const server = await serve(t, (request, response) => {
    asked = request.headers['accept-encoding']
    const [encoding, body] = bodies[request.url!]!
    response.writeHead(200, { 'content-encoding': encoding, 'content-length': body.length }).end(body)
  })
  const egress = egressTo(names, local)
  for (const path of Object.keys(bodies)) {
    const answer = await egress.get(`http://api.example:${server.port}${path}`, {
      headers: { 'Accept-Encoding': 'zz' },
    })
    assert.ok(answer.body.equals(text), path)
    if (path !== '/plain')
      assert.equal(answer.headers['content-encoding'] ?? answer.headers['content-length'], undefined)
  }
  assert.equal(asked, 'gzip, deflate, br')
})

test('an encoding nobody asked for, and a HEAD or empty answer, are handed on as they came', async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === '/zstd') return response.writeHead(200, { 'content-encoding': 'zstd' }).end('as it came')
    response.writeHead(200, {
      'content-encoding': 'gzip',
      ...(request.method === 'HEAD' ? { 'content-length': 1e9 } : {}),
    })
    response.end()
  })
  const egress = egressTo(names, local)
  const other = await egress.get(`http://api.example:${server.port}/zstd`)
  assert.deepEqual([other.body.toString(), other.headers['content-encoding']], ['as it came', ['zstd']])
  assert.equal((await egress.get(`http://api.example:${server.port}/`)).body.length, 0)
  const head = await egress.get(`http://api.example:${server.port}/`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, ['1000000000'], 0])
})

test('no answer is larger than the limit: announced, endless, or unpacked', async (t) => {
  const zeros = Buffer.alloc(20 * 1024 * 1024)
  const bombs: Record<string, [encoding: string, body: Buffer]> = {
    '/gzip': ['gzip', gzipSync(zeros)],
    '/deflate': ['deflate', deflateSync(zeros)],
    '/br': ['br', brotliCompressSync(zeros.subarray(0, 4 * 1024 * 1024))],
    '/two': ['gzip, gzip', gzipSync(gzipSync(zeros))],
    '/layers': ['gzip, gzip, gzip', gzipSync(gzipSync(gzipSync('x')))],
    '/damaged': ['gzip', gzipSync('x'.repeat(1000)).subarray(0, 20)],
    '/nonsense': ['br', Buffer.from('not packed at all')],
  }
  const server = await serve(t, (request, response) => {
    if (request.url === '/announced') return response.writeHead(200, { 'content-length': 1e12 }).flushHeaders()
    if (request.url === '/endless') return pour(response)
    if (request.url === '/exact') return response.end(Buffer.alloc(limits.maxResponseBytes, 'x'))
    if (request.url === '/over') return response.end(Buffer.alloc(limits.maxResponseBytes + 1, 'x'))
    const [encoding, body] = bombs[request.url!]!
    response.writeHead(200, { 'content-encoding': encoding }).end(body)
  })
  const egress = egressTo(names, local)
  const plain = (path: string) => egress.get(`http://api.example:${server.port}${path}`)
  for (const path of ['/announced', '/endless', '/over', '/gzip', '/deflate', '/br', '/two']) {
    await assert.rejects(plain(path), failure('egressFailed', /larger than the 65536 bytes/), path)
  }
  await assert.rejects(plain('/layers'), failure('egressFailed', /packed too many times/))
  await assert.rejects(plain('/damaged'), failure('egressFailed', /damaged: not valid gzip/))
  await assert.rejects(plain('/nonsense'), failure('egressFailed', /damaged: not valid br/))
  assert.equal((await plain('/exact')).body.length, limits.maxResponseBytes)
})

/** Writes for as long as the other side takes it. */
function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write('x'.repeat(16384))) {}
  if (!response.destroyed) response.once('drain', () => pour(response))
}

test('the timeout ends silence, a trickling body, a chain of slow hops and a lookup that hangs', async (t) => {
  const gone: Promise<unknown>[] = []
  const server = await serve(t, (request, response) => {
    gone.push(once(response, 'close'))
    if (request.url === '/silent') return
    if (request.url === '/slow') {
      setTimeout(() => response.writeHead(302, { location: '/slow' }).end(), 60)
      return
    }
    const drip = setInterval(() => response.write('.'), 10)
    response.on('close', () => clearInterval(drip))
  })
  const egress = egressTo(names, local)
  for (const path of ['/silent', '/trickle', '/slow']) {
    const request = egress.get(`http://api.example:${server.port}${path}`, { timeoutMs: 150 })
    await assert.rejects(request, failure('egressFailed', /did not answer completely within 150 ms/), path)
  }
  // Nothing is left open towards the server.
  await Promise.all(gone)
  const mute = await serveTcp(t, (socket) => gone.push(once(socket.resume(), 'close')))
  const handshake = egress.get(`https://api.example:${mute.port}/`, { timeoutMs: 50 })
  await assert.rejects(handshake, failure('egressFailed', /within 50 ms/))
  await Promise.all(gone)
  const stuck = egressTo({}, { ...local, resolve: () => new Promise(() => {}) })
  await assert.rejects(stuck.get('http://api.example/', { timeoutMs: 50 }), failure('egressFailed', /within 50 ms/))
  const node = { matches: () => true, answer: () => new Promise<never>(() => {}) }
  const inside = egressTo({}, { ...local, ownNode: node })
  await assert.rejects(inside.get('http://gate.example/', { timeoutMs: 50 }), failure('egressFailed', /within 50 ms/))
})

test('a timeout is never longer than the node permits, and rubbish means the default', async (t) => {
  const server = await serve(t, () => {})
  const short = egressTo(names, { ...local, limits: { ...limits, defaultTimeoutMs: 40, maxTimeoutMs: 60 } })
  const url = `http://api.example:${server.port}/`
  await assert.rejects(short.get(url, { timeoutMs: 1e9 }), failure('egressFailed', /within 60 ms/))
  for (const timeoutMs of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY]) {
    await assert.rejects(short.get(url, { timeoutMs }), failure('egressFailed', /within 40 ms/))
  }
})

test('a cancelled request closes its connection, and one cancelled before is never sent', async (t) => {
  const server = await serve(t, () => {})
  const egress = egressTo(names, local)
  const url = `http://api.example:${server.port}/`
  await assert.rejects(egress.get(url, { signal: AbortSignal.abort() }), failure('egressFailed', /was cancelled/))
  assert.equal(server.connections(), 0)
  const controller = new AbortController()
  const pending = egress.get(url, { signal: controller.signal })
  setTimeout(() => controller.abort(), 30)
  await assert.rejects(pending, failure('egressFailed', /was cancelled/))
})

test('says what went wrong on the network', async (t) => {
  const tcp = (answer: string) => serveTcp(t, (socket) => socket.once('data', () => socket.end(answer)))
  const closed = await serveTcp(t, (socket) => socket.destroy())
  const nonsense = await tcp('SSH-2.0-OpenSSH\r\n')
  const cut = await tcp('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
  const headers = await tcp(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  const both = await tcp(
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  )
  const egress = egressTo({ ...names, 'two.example': ['127.0.0.1', '127.0.0.2'] }, local)
  const get = (port: number) => egress.get(`http://api.example:${port}/`)
  await assert.rejects(egress.get('http://gone.example/'), failure('egressFailed', /gone\.example was not found/))
  await assert.rejects(get(closed.port), failure('egressFailed', /closed the connection/))
  await assert.rejects(get(nonsense.port), failure('egressFailed', /did not answer in valid HTTP/))
  await assert.rejects(get(cut.port), failure('egressFailed', /closed the connection before the answer was complete/))
  await assert.rejects(get(headers.port), failure('egressFailed', /more headers than are accepted/))
  await assert.rejects(get(both.port), failure('egressFailed', /did not answer in valid HTTP/))
  await assert.rejects(
    egress.get(`https://api.example:${nonsense.port}/`),
    failure('egressFailed', /No secure connection|closed the connection/),
  )
  const free = await serve(t, () => {}, '127.0.0.3')
  await assert.rejects(get(free.port), failure('egressFailed', /refused the connection/))
  await assert.rejects(
    egress.get(`http://two.example:${free.port}/`),
    failure('egressFailed', /two\.example:\d+ refused the connection/),
  )
})

test('tries the next address of a name when one does not answer', async (t) => {
  const server = await serve(t, (_request, response) => response.end('second'), '127.0.0.2')
  const egress = egressTo({ 'two.example': ['127.0.0.1', '127.0.0.2'] }, local)
  assert.equal((await egress.get(`http://two.example:${server.port}/`)).body.toString(), 'second')
})

test('verifies certificates against the name asked for; strictSSL false skips that and nothing else', async (t) => {
  const trusted = selfSigned(['secure.example', '127.0.0.1'])
  const stranger = selfSigned(['secure.example', '127.0.0.1'])
  setDefaultCACertificates([trusted.cert])
  let serverName: string | false | undefined
  const good = await serveTls(t, trusted, (request, response) => {
    serverName = (request.socket as unknown as { servername?: string | false }).servername
    response.end('secure')
  })
  const bad = await serveTls(t, stranger, (_request, response) => response.end('stranger'))
  const hosts = { 'secure.example': '127.0.0.1', 'secure.example.': '127.0.0.1', 'wrong.example': '127.0.0.1' }
  const egress = egressTo(hosts, local)
  const url = (host: string, port: number) => `https://${host}:${port}/`

  assert.equal((await egress.get(url('secure.example', good.port))).body.toString(), 'secure')
  assert.equal(serverName, 'secure.example')
  assert.equal((await egress.get(url('secure.example.', good.port))).body.toString(), 'secure')
  assert.equal((await egress.get(url('127.0.0.1', good.port))).body.toString(), 'secure')

  const unverified = failure('egressFailed', /certificate of .* could not be verified/, /strictSSL/)
  await assert.rejects(egress.get(url('secure.example', bad.port)), unverified)
  await assert.rejects(egress.get(url('wrong.example', good.port)), unverified)
  // Nothing but false counts as false.
  await assert.rejects(egress.get(url('secure.example', bad.port), { strictSSL: true }), unverified)
  await assert.rejects(egress.get(url('secure.example', bad.port), { strictSSL: 0 as unknown as boolean }), unverified)
  const environment = process.env.NODE_TLS_REJECT_UNAUTHORIZED
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  await assert.rejects(egress.get(url('secure.example', bad.port)), unverified)
  if (environment === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  else process.env.NODE_TLS_REJECT_UNAUTHORIZED = environment

  const careless = await egress.get(url('secure.example', bad.port), { strictSSL: false })
  assert.equal(careless.body.toString(), 'stranger')
  const closed = egressTo(hosts)
  const reached = bad.connections()
  await assert.rejects(
    closed.get(url('secure.example', bad.port), { strictSSL: false }),
    failure('egressRefused', /loopback/),
  )
  assert.equal(bad.connections(), reached)
})

test('a careless request leaves the next one careful', async (t) => {
  const stranger = selfSigned(['secure.example'])
  const server = await serveTls(t, stranger, (_request, response) => response.end('stranger'))
  const egress = egressTo({ 'secure.example': '127.0.0.1' }, local)
  const url = `https://secure.example:${server.port}/`
  await egress.get(url, { strictSSL: false })
  await assert.rejects(egress.get(url), failure('egressFailed', /could not be verified/))
})
