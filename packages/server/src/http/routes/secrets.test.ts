/** Secrets of a system: written and never read back, sealed in the database, and sent to the hosts they name alone. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { findSecret, insertSecret } from '../../store/tables/secrets.ts'

/** Answers with the headers it was sent; `/away` leads to another origin, `/home` to another path of its own. */
const provider = createServer((request, response) => {
  if (request.url === '/away') response.writeHead(307, { location: 'https://other.example.com/echo' }).end()
  else if (request.url === '/home') response.writeHead(307, { location: '/echo' }).end()
  else response.end(JSON.stringify({ host: request.headers.host, headers: request.headers }))
})
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
after(() => {
  provider.closeAllConnections()
  provider.close()
})
const to = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
const origins = ['https://api.example.com', 'https://other.example.com', 'http://api.example.com']
const app = await createTestApp({ after }, { args: ['--route', origins.map((origin) => `${origin}=${to}`).join(',')] })
const { developer } = app
const value = 'the token of the provider'

const secrets = (system: { key: string }) => `/admin/v/4/system/${system.key}/secrets`
const make = (system: { key: string }, body: unknown) => app.call('POST', secrets(system), { developer, body })

const send = `function send(req, resp) { var got;
  Requests()[req.params.method || "get"](req.params.options, function (err, text) { got = [err, text]; });
  log(JSON.stringify(got)); resp.success(got); }`

async function plant() {
  const system = await app.createSystem()
  const made = await make(system, { name: 'TOKEN', value, hosts: ['api.example.com'] })
  assert.equal(made.status, 200, made.text)
  await app.createService(system, 'send', send, { requires: 'clearblade,http,log', fields: { logging_enabled: true } })
  /** What the service got: `[err, text]`. */
  const sent = async (options: Record<string, unknown>): Promise<[boolean, string]> =>
    (await app.run(system, 'send', { options }, { developer })).body.results
  /** The headers that reached the provider. */
  const echo = async (options: Record<string, unknown>): Promise<Record<string, string>> => {
    const [err, text] = await sent(options)
    assert.equal(err, false, text)
    return JSON.parse(text).headers
  }
  return { system, sent, echo }
}

const basic = (user: string, pass: string) => `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`

test('a secret is written, listed by name, changed and removed, and never answered', async () => {
  const { system } = await plant()
  const other = await make(system, { name: 'OTHER', value: 'x1', hosts: [] })
  assert.equal(other.status, 200)
  assert.equal((await make(system, { name: 'TOKEN', value: 'y1', hosts: [] })).body.error.code, 1451)
  const list = await app.call('GET', secrets(system), { developer })
  assert.deepEqual(
    list.body.map(({ name, hosts, updated_by }: any) => [name, hosts, updated_by]),
    [
      ['OTHER', [], 'developer dev@example.com'],
      ['TOKEN', ['api.example.com'], 'developer dev@example.com'],
    ],
  )
  const changed = await app.call('PUT', secrets(system), { developer, body: { name: 'OTHER', value: 'second value' } })
  assert.equal(changed.status, 200, changed.text)
  const hosts = await app.call('PUT', `${secrets(system)}/OTHER`, { developer, body: { hosts: ['evil.example.com'] } })
  assert.equal(hosts.body.error.code, 1450, 'hosts change only with the value')
  const missing = await app.call('PUT', secrets(system), { developer, body: { name: 'NONE', value: 'x' } })
  assert.equal(missing.body.error.code, 1452)
  const removed = await app.call('DELETE', `${secrets(system)}/OTHER`, { developer })
  assert.equal(removed.status, 200)
  assert.equal((await app.call('DELETE', secrets(system), { developer, query: { name: 'OTHER' } })).status, 400)
  for (const { text } of [other, list, changed, hosts, removed]) assert.doesNotMatch(text, /second value|the token of/)
})

test('names, values and hosts are checked', async () => {
  const system = await app.createSystem()
  const good = { name: 'A', value: 'v', hosts: ['a.example.com'] }
  const wrong = [
    { name: '' },
    { name: 'a b' },
    { name: '-a' },
    { name: 'a.b' },
    { name: 'x'.repeat(65) },
    { name: 5 },
    { value: '' },
    { value: 'a\r\nX: y' },
    { value: '\0' },
    { value: 7 },
    { value: 'x'.repeat(8193) },
    { value: '[not shown]' },
    { hosts: 'a.example.com' },
    { hosts: ['*'] },
    { hosts: ['*.example.com'] },
    { hosts: ['https://a.example.com'] },
    { hosts: ['a.example.com/path'] },
    { hosts: ['user@a.example.com'] },
    { hosts: [''] },
    { hosts: [null] },
    { hosts: ['a.example.com.'] },
  ]
  for (const change of wrong) {
    const answer = await make(system, { ...good, ...change })
    assert.equal(answer.body?.error?.code, 1450, JSON.stringify(change))
  }
  assert.equal((await make(system, { ...good, hosts: ['A.Example.com', 'b.example.com:8443'] })).status, 200)
  const list = await app.call('GET', secrets(system), { developer })
  assert.deepEqual(list.body[0].hosts, ['a.example.com', 'b.example.com:8443'])
})

test('secrets are for the developers of the system alone', async () => {
  const { system } = await plant()
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const token = await app.signIn(system, 'op@example.com', 'the plant is quiet')
  const path = secrets(system)
  for (const caller of [{}, { token }, { system }, { developer: token }]) {
    assert.ok((await app.call('GET', path, caller)).status >= 400)
    assert.ok((await app.call('POST', path, { ...caller, body: { name: 'B', value: 'v' } })).status >= 400)
    assert.ok((await app.call('DELETE', `${path}/TOKEN`, caller)).status >= 400)
    assert.ok((await app.call('GET', `/api/v/4/user_secrets/${system.key}`, caller)).status >= 400)
  }
  assert.equal((await app.call('GET', path, { developer })).body.length, 1)
})

test('the calls of the contract write a secret and read a fixed text', async () => {
  const { system } = await plant()
  const path = `/api/v/4/user_secrets/${system.key}`
  for (const method of ['POST', 'PUT'] as const) {
    const written = await app.call(method, `${path}/FRESH`, { developer, body: '"a new one"' })
    assert.deepEqual([written.status, written.text], [200, 'success'])
  }
  const list = await app.call('GET', path, { developer })
  assert.deepEqual(list.body, { FRESH: '[not shown]', TOKEN: '[not shown]' })
  assert.equal((await app.call('GET', `${path}/FRESH`, { developer })).text, '[not shown]')
  assert.equal((await app.call('GET', `${path}/NONE`, { developer })).status, 400)
  // An export that is pushed back must not take the fixed text for the secret.
  assert.equal((await app.call('PUT', `${path}/FRESH`, { developer, body: '"[not shown]"' })).status, 400)
  assert.equal((await app.call('PUT', `${path}/FRESH`, { developer, body: { a: 1 } })).status, 400)
  assert.equal((await app.call('DELETE', `${path}/FRESH`, { developer })).status, 200)
  assert.equal((await app.call('DELETE', path, { developer })).status, 200)
  assert.deepEqual((await app.call('GET', path, { developer })).body, {})
})

test('the database holds no value, and a row that was moved or whose hosts were changed does not open', async () => {
  const { system, echo, sent } = await plant()
  const store = app.app.means.store.forSystem(system.key)
  const row = (await findSecret(store, 'TOKEN'))!
  assert.doesNotMatch(JSON.stringify(row), new RegExp(value))
  assert.equal((await echo({ uri: `${origins[0]}/`, headers: { 'X-T': 'secret:TOKEN' } }))['x-t'], value)
  await insertSecret(store, { ...row, name: 'MOVED' })
  await insertSecret(store, { ...row, name: 'WIDER', hosts: ['api.example.com', 'other.example.com'] })
  for (const name of ['MOVED', 'WIDER']) {
    const [err, text] = await sent({ uri: `${origins[0]}/`, headers: { 'X-T': `secret:${name}` } })
    assert.equal(err, true)
    assert.doesNotMatch(text, new RegExp(value))
  }
})

test('secret:NAME becomes the value in headers and in basic credentials, outside the isolate and not in the log', async () => {
  const { system, echo } = await plant()
  const headers = await echo({
    uri: `${origins[0]}/echo`,
    auth: { user: 'AC1', pass: 'secret:TOKEN' },
    headers: { 'X-Api-Key': 'Bearer secret:TOKEN!', 'X-Plain': 'nosecret:TOKEN' },
  })
  assert.equal(headers.authorization, basic('AC1', value))
  assert.equal(headers['x-api-key'], `Bearer ${value}!`)
  assert.equal(headers['x-plain'], 'nosecret:TOKEN')
  const both = await echo({ uri: `${origins[0]}/echo`, auth: { user: 'secret:TOKEN', pass: 'secret:TOKEN' } })
  assert.equal(both.authorization, basic(value, value))
  const logs = await app.call('GET', `/codeadmin/v/2/logs/${system.key}/send`, { developer })
  assert.equal(logs.body.length, 2, logs.text)
  assert.match(logs.text, /\[struck\]/)
  for (const text of [value, basic('AC1', value).slice(6)]) assert.ok(!logs.text.includes(text))
})

test('a secret with quotes in it is struck from a log of JSON as well', async () => {
  const { system, echo } = await plant()
  const quoted = 'half "quoted" \\ secret'
  await make(system, { name: 'QUOTED', value: quoted, hosts: ['api.example.com'] })
  assert.equal((await echo({ uri: `${origins[0]}/`, headers: { A: 'secret:QUOTED' } })).a, quoted)
  const logs = await app.call('GET', `/codeadmin/v/2/logs/${system.key}/send`, { developer })
  assert.match(logs.text, /\[struck\]/)
  assert.doesNotMatch(logs.text, /half/)
})

test('a secret goes to no host but its own, not over plain http and not past an unverified certificate', async () => {
  const { sent } = await plant()
  const headers = { Authorization: 'Bearer secret:TOKEN' }
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ uri: 'https://other.example.com/' }, /"TOKEN" is not for other\.example\.com/],
    [{ uri: 'https://api.example.com:8443/' }, /not for api\.example\.com:8443/],
    [{ uri: 'https://api.example.com@other.example.com/' }, /not for other/],
    [{ uri: 'http://api.example.com/' }, /https alone/],
    [{ uri: 'https://api.example.com/', strictSSL: false }, /certificate/],
    [{ uri: 'https://api.example.com/', headers: { A: 'secret:NONE' } }, /no secret "NONE"/],
  ]
  for (const [options, words] of wrong) {
    const [err, text] = await sent({ headers, ...options })
    assert.equal(err, true, JSON.stringify(options))
    assert.match(text, words)
    assert.doesNotMatch(text, /the token of/)
  }
  const dotted = await sent({ headers, uri: 'https://api.example.com./echo' })
  assert.equal(dotted[0], false, dotted[1])
})

test('a redirect takes a secret along within its origin and nowhere else, whatever the header is called', async () => {
  const { echo } = await plant()
  const headers = { 'X-Plant': 'secret:TOKEN', 'X-Other': 'kept' }
  assert.equal((await echo({ uri: 'https://api.example.com/home', headers }))['x-plant'], value)
  const away = await echo({ uri: 'https://api.example.com/away', headers })
  assert.equal(away.host, 'other.example.com')
  assert.equal(away['x-plant'], undefined)
  assert.equal(away['x-other'], 'kept')
})

test('the secrets of a system go with it', async () => {
  const { system } = await plant()
  const store = app.app.means.store.forSystem(system.key)
  assert.notEqual(await findSecret(store, 'TOKEN'), undefined)
  await app.call('DELETE', '/admin/v/4/systemmanagement', { developer, query: { id: system.key } })
  assert.equal(await findSecret(store, 'TOKEN'), undefined)
})

test('a secret of one system is none of another', async () => {
  await plant()
  const system = await app.createSystem()
  await app.createService(system, 'send', send, { requires: 'clearblade,http,log' })
  const options = { uri: 'https://api.example.com/', headers: { A: 'secret:TOKEN' } }
  const ran = await app.run(system, 'send', { options }, { developer })
  assert.match(ran.body.results[1], /no secret "TOKEN"/)
})
