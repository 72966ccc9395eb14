/** What `resp.send` may put into an answer of the node, and what it may not. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'

const app = await createTestApp({ after })
const { developer } = app
const system = await app.createSystem()
await app.createService(
  system,
  'sends',
  `function sends(req, resp) {
    var p = req.params
    if (p.headers) resp.set(p.headers)
    if (p.status !== undefined) resp.status(p.status)
    resp.send(p.body)
  }`,
)
const send = (params: unknown) => app.run(system, 'sends', params, { developer })

/** What stands on every such answer, whatever the service asks for. */
function demandWalls(headers: Record<string, unknown>): void {
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.match(String(headers['content-security-policy']), /^sandbox; default-src 'none'$/)
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['set-cookie'], undefined)
  assert.equal(headers['access-control-allow-credentials'], undefined)
  assert.equal(headers['service-worker-allowed'], undefined)
  assert.equal(headers['clear-site-data'], undefined)
  assert.equal(headers['strict-transport-security'], undefined)
  assert.equal(headers['access-control-allow-origin'], '*')
}

test('a page with a script goes out behind a sandboxing policy, without sniffing and without a cookie', async () => {
  const answer = await send({
    headers: {
      'Content-Type': 'text/html',
      'Set-Cookie': 'session=stolen; Path=/',
      'set-cookie': 'a=b',
      'SET-COOKIE2': 'x',
      'Alt-Svc': 'h3="evil.example.com:443"',
      NEL: '{"report_to":"x","max_age":1000}',
      'Report-To': '{"group":"x"}',
      'WWW-Authenticate': 'Basic realm="Sign in again"',
      'Content-Security-Policy': "default-src *; script-src 'unsafe-inline'",
      'content-security-policy-report-only': 'x',
      'X-Content-Type-Options': 'sniff',
      'Access-Control-Allow-Origin': 'https://evil.example.com',
      'Access-Control-Allow-Credentials': 'true',
      'Service-Worker-Allowed': '/',
      'Clear-Site-Data': '"*"',
      'Strict-Transport-Security': 'max-age=0',
      'X-Frame-Options': 'ALLOWALL',
      'X-Mine': 'kept',
    },
    body: '<script>alert(document.cookie)</script>',
  })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.text, '<script>alert(document.cookie)</script>')
  demandWalls(answer.headers)
  assert.equal(answer.headers['content-type'], 'text/html')
  assert.equal(answer.headers['x-mine'], 'kept')
  for (const name of ['set-cookie2', 'alt-svc', 'nel', 'report-to', 'www-authenticate']) {
    assert.equal(answer.headers[name], undefined, name)
  }
})

const oddHeaders: Record<string, unknown>[] = [
  { 'X-A': 'b\r\nSet-Cookie: a=b' },
  { 'X-A\r\nSet-Cookie': 'a=b' },
  { 'X-A': 'b\nSet-Cookie: a=b' },
  { 'X-A': '\u0000' },
  { 'X-A': '☃ and \u2028' },
  { 'X-A': '嘊嘍Set-Cookie: a=b' },
  { 'X A': 'b' },
  { '': 'b' },
  { ':status': '500' },
  { __proto__x: 'b' },
  { 'X-A': ['a', 'b'] },
  { 'X-A': { a: 1 } },
  { 'X-A': null },
  { 'X-A': 'x'.repeat(100_000) },
  { 'Content-Length': '1' },
  { 'Transfer-Encoding': 'chunked' },
  { Connection: 'upgrade', Upgrade: 'websocket' },
  { 'Content-Encoding': 'gzip' },
  { 'Content-Type': 'text/html\r\nSet-Cookie: a=b' },
  { 'Content-Type': '' },
  { 'Retry-After': '1', Date: 'never', Server: 'mine', Location: 'javascript:alert(1)' },
  Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`x-${index}`, 'y'.repeat(100)])),
]

test('odd headers never break the answer, and never become others', async () => {
  for (const headers of oddHeaders) {
    const answer = await send({ headers, body: 'hello' })
    const what = JSON.stringify(headers).slice(0, 200)
    assert.ok(answer.status < 500, `${what}: ${answer.text.slice(0, 300)}`)
    if (answer.body?.success === false) {
      assert.match(answer.body.results, /larger than they may be/, what)
      continue
    }
    assert.equal(answer.text, 'hello', what)
    demandWalls(answer.headers)
    assert.equal(answer.headers['transfer-encoding'], undefined)
    assert.equal(answer.headers['content-length'], '5', what)
    assert.equal(answer.headers.upgrade, undefined)
    assert.ok(JSON.stringify(answer.headers).length < 70_000, `${what}: headers that no client reads`)
  }
})

test('odd statuses and bodies are answered or refused clearly, never with a broken answer', async () => {
  const statuses = [
    0,
    1,
    99,
    100,
    101,
    103,
    199,
    204,
    205,
    304,
    599,
    600,
    999,
    1000,
    -1,
    2.5,
    1e9,
    '404',
    'x',
    null,
    {},
    [200],
    true,
  ]
  for (const status of statuses) {
    const answer = await send({ status, body: 'hello' })
    const what = `status ${JSON.stringify(status)}`
    assert.ok(answer.status >= 200 && answer.status <= 599, `${what} came out as ${answer.status}`)
    assert.doesNotMatch(answer.text, /Something went wrong on our side/, what)
    assert.equal(answer.headers['set-cookie'], undefined)
  }
  for (const body of [null, 0, '', [], {}, 'x\u0000y', '\ud800', { toJSON: 1 }, true, 1e308, '__proto__']) {
    const answer = await send({ body })
    assert.equal(answer.status, 200, `body ${JSON.stringify(body)}: ${answer.text}`)
    demandWalls(answer.headers)
  }
})
