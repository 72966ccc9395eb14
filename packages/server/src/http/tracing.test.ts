/** What a collector of the operator's is sent: requests, runs and sign-ins, and nothing that anybody wanted kept. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp, developerEmail, developerPassword } from '../../../../test/support/app.ts'
import { until } from '../../../../test/support/node-process.ts'
import { findSecret } from '../../../../test/support/search.ts'
import { noTracing } from '../base/tracing.ts'
import { ConfigError, readConfig } from '../config/config.ts'

type Span = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: Record<string, unknown> }[]
  status: { code: number }
}

const taken: { path: string; headers: Record<string, unknown>; body: Buffer }[] = []
let status = 200
const collector = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  taken.push({ path: request.url!, headers: request.headers, body })
  response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
})
await once(collector.listen(0, '127.0.0.1'), 'listening')
after(() => collector.close())
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`

const spans = (): Span[] =>
  taken.flatMap(({ body }) =>
    JSON.parse(body.toString()).resourceSpans.flatMap((resource: any) =>
      resource.scopeSpans.flatMap((scope: any) => scope.spans),
    ),
  )
const named = (name: string): Span[] => spans().filter((span) => span.name === name)
const valueIn = (span: Span, key: string) =>
  Object.values(span.attributes.find((one) => one.key === key)?.value ?? {})[0]

const env = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=our%20own',
  OTEL_SERVICE_NAME: 'gate',
  OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  OTEL_BSP_SCHEDULE_DELAY: '20',
}

test('requests, runs of services and sign-ins come as spans of one trace, without anything secret or of a person', async (t) => {
  const app = await createTestApp(t, { env })
  const system = await app.createSystem('plant')
  const { key } = system
  const email = 'op.person@example.com'
  const [password, wrong] = ['three unrelated words', 'not the right words']
  const userId = await app.createUser(system, email, password)
  const secret = { name: 'K', value: 'the-value-of-a-secret' }
  await app.call('POST', `/admin/v/4/system/${key}/secrets`, { developer: app.developer, body: secret })
  const code = readFileSync(new URL('../../../../examples/first-sign-in/onShift.js', import.meta.url), 'utf8')
  await app.createService(system, 'onShift', code, { executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'onShift' })
  const ask = (given: string) =>
    app.call('POST', '/api/v/1/user/auth', {
      system,
      body: { email, password: given, site: 'south', note: 'code-4711-given' },
    })
  const granted = await ask(password)
  const token: string = granted.body.user_token
  await ask(wrong)
  await app.createService(system, 'greet', 'function greet(req, resp) { resp.success(req.params.word) }')
  await app.run(system, 'greet', { word: 'a-parameter-of-a-call' }, { developer: app.developer })
  await app.call('GET', `/api/v/1/data/nothing-here-by-${encodeURIComponent(email)}`, { developer: app.developer })
  await app.call('GET', '/healthz')
  // The body of an answer goes out before its span has ended.
  await until(() => named('POST /api/v/1/code/:key/:name').length > 0 || undefined)
  await app.app.close()

  const [first] = taken
  assert.equal(first!.path, '/v1/traces')
  assert.equal(first!.headers['content-type'], 'application/json')
  assert.equal(first!.headers['x-tenant'], 'our own')
  const resource = JSON.parse(first!.body.toString()).resourceSpans[0].resource.attributes
  for (const [name, value] of [
    ['service.name', 'gate'],
    ['deployment.environment.name', 'test'],
  ]) {
    assert.equal(resource.find((one: any) => one.key === name).value.stringValue, value)
  }
  for (const span of spans()) {
    assert.match(span.traceId, /^[0-9a-f]{32}$/)
    assert.match(span.spanId, /^[0-9a-f]{16}$/)
    assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano))
  }
  const requests = named('POST /api/v/1/user/auth')
  assert.equal(requests.length, 2)
  assert.deepEqual([requests[0]!.kind, requests[0]!.parentSpanId], [2, undefined])
  assert.equal(valueIn(requests[0]!, 'http.response.status_code'), '200')
  const decisions = named('sign-in')
  assert.deepEqual(
    decisions.map((span) => valueIn(span, 'gatehouse.decision')),
    ['granted', 'refused'],
  )
  const runs = named('service run')
  assert.deepEqual(
    runs.map((span) => [valueIn(span, 'gatehouse.service'), valueIn(span, 'gatehouse.system')]),
    [
      ['onShift', key],
      ['onShift', key],
      ['greet', key],
    ],
  )
  for (const [index, request] of requests.entries()) {
    for (const child of [decisions[index]!, runs[index]!]) {
      assert.deepEqual([child.traceId, child.parentSpanId], [request.traceId, request.spanId])
    }
  }
  assert.equal(named('GET /healthz').length, 0)
  const kept = [
    ...[email, password, wrong, token, app.developer, system.secret, secret.value, userId],
    ...['code-4711-given', 'a-parameter-of-a-call', developerEmail, developerPassword, 'nothing-here', '127.0.0.1'],
  ]
  for (const { body } of taken) {
    for (const one of kept) assert.equal(findSecret(body, one), undefined, one)
  }
})

test('a collector that refuses or is gone hurts nothing, and nothing goes anywhere unless it was asked for', async (t) => {
  status = 400
  const refused = await createTestApp(t, { env })
  await refused.createSystem('one')
  await refused.app.close()
  const gone = await createTestApp(t, {
    env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '200' },
  })
  assert.equal((await gone.call('GET', '/admin/allsystems', { developer: gone.developer })).status, 200)
  await gone.app.close()
  const before = taken.length
  const off = await createTestApp(t, { env: { ...env, OTEL_SDK_DISABLED: 'true' } })
  assert.equal(off.app.means.tracing, noTracing)
  await off.createSystem('two')
  assert.equal((await createTestApp(t)).app.means.tracing, noTracing)
  const none = await createTestApp(t, {
    env: { ...env, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
  })
  await none.createSystem('three')
  await none.app.close()
  assert.equal(taken.length, before)
})

test('what cannot be is refused at start in one sentence, without the address', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /http\/json alone/],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /http\/json alone/],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' }, /OTEL_EXPORTER_OTLP_TIMEOUT/],
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://user:hidden@host' }, /must be an address/],
  ]
  for (const [more, expected] of wrong) {
    assert.throws(
      () => readConfig([], { ...env, ...more }),
      (error) => error instanceof ConfigError && expected.test(error.message) && !error.message.includes('hidden'),
    )
  }
  assert.equal(
    readConfig([], { ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/here` }).tracing?.endpoint,
    `${endpoint}/here`,
  )
  assert.equal(readConfig([], {}).tracing, undefined)
})
