/** Which host is which place, and what a browser can reach at each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../../test/support/app.ts'
import { portalSites } from './portal-sites.ts'

const key = 'a1b2c3d4e5f60718293a4b5c'

const sites = (pattern: string | undefined, publicUrl = 'https://gate.example.com') =>
  portalSites({ pattern: () => pattern, publicUrl: () => publicUrl })

test('a host is the node, the portals of one system, a place of nobody, or elsewhere, and spelling mixes none of them', () => {
  const own = sites('https://{system}.portals.example.com')
  const cases: [string, string][] = [
    ['gate.example.com', 'node'],
    ['GATE.example.com:443', 'node'],
    ['localhost:9000', 'node'],
    ['127.0.0.1', 'node'],
    ['[::1]:9000', 'node'],
    [`${key}.portals.example.com`, 'portals'],
    [`${key.toUpperCase()}.PORTALS.example.com:8443`, 'portals'],
    [`${key}.portals.example.com.`, 'nobody'],
    [`x.${key}.portals.example.com`, 'nobody'],
    [`${key}.${key}.portals.example.com`, 'nobody'],
    ['.portals.example.com', 'nobody'],
    ['console.portals.example.com', 'nobody'],
    [`${key}.localhost:9000`, 'nobody'],
    [`${key}.localhost.`, 'nobody'],
    ['portals.example.com', 'elsewhere'],
    [`${key}.portals.example.com.evil.example`, 'elsewhere'],
    ['evil-portals.example.com', 'elsewhere'],
    ['gate.example.com.', 'elsewhere'],
    ['evil.example', 'elsewhere'],
    ['localhost.evil.example', 'elsewhere'],
    ['', 'elsewhere'],
    ['@@', 'elsewhere'],
  ]
  for (const [host, kind] of cases) assert.equal(own.siteOf(host).kind, kind, host)
  assert.deepEqual(own.siteOf(`${key.toUpperCase()}.portals.example.com`), { kind: 'portals', system: key })
  assert.equal(own.originOf(key), `https://${key}.portals.example.com`)
  assert.equal(own.originOf('../evil'), undefined)
  assert.equal(sites(undefined).originOf(key), undefined)
  assert.equal(sites(undefined).siteOf(`${key}.portals.example.com`).kind, 'elsewhere')
})

test('the node itself keeps its name where portals are beside it', () => {
  const beside = sites('https://{system}.example.com')
  assert.equal(beside.siteOf('gate.example.com').kind, 'node')
  assert.equal(beside.siteOf(`${key}.example.com`).kind, 'portals')
  assert.equal(beside.siteOf('other.example.com').kind, 'nobody')
})

test('at the origin of portals there is the user API of its system, and nothing of the node', async (t) => {
  const app = await createTestApp(t)
  const { developer, call } = app
  const [system, other] = [await app.createSystem(), await app.createSystem('other')]
  for (const one of [system, other]) await app.createUser(one, 'op@example.com', 'the plant is quiet')
  const token = await app.signIn(system, 'op@example.com', 'the plant is quiet')
  const foreign = await app.signIn(other, 'op@example.com', 'the plant is quiet')
  const headers = { host: `${system.key}.localhost:9000` }
  const at = (method: 'GET' | 'POST', path: string, more: object = {}) => call(method, path, { ...more, headers })

  for (const path of [
    '/',
    '/setup',
    '/console',
    '/console/systems',
    '/packages',
    '/openapi.json',
    '/metrics',
    '/healthz',
  ]) {
    assert.equal((await at('GET', path)).status, 404, path)
  }
  for (const path of ['/admin/allsystems', `/admin/portals/${system.key}`, '/api/about', '/admin/userinfo']) {
    const { status, body } = await at('GET', path, { developer })
    assert.ok(status === 404 || status === 403, `${path}: ${status}`)
    assert.equal(body.statusCode, status)
  }
  const signIn = { email: 'dev@example.com', password: 'correct horse battery' }
  assert.equal((await at('POST', '/admin/auth', { body: signIn })).status, 404)

  const mine = { token, system }
  assert.equal((await at('GET', '/api/v/1/user/info', mine)).status, 200)
  const credentials = { email: 'op@example.com', password: 'the plant is quiet' }
  assert.equal((await at('POST', '/api/v/1/user/auth', { system, body: credentials })).status, 200)

  const refused: [string, object][] = [
    ['a token of another system', { token: foreign }],
    ['key and secret of another system', { system: other }],
    ['a developer, as such', { developer, system }],
    ['a developer beside a user', { developer, token }],
    ['a developer in the place of a user', { token: developer, system }],
  ]
  for (const [who, more] of refused) {
    for (const path of ['/api/v/1/user/info', '/api/v/1/user/checkauth', '/api/v/1/user/anon']) {
      const { status, text } = await at(path.endsWith('info') ? 'GET' : 'POST', path, more)
      assert.ok(status === 401 || status === 403, `${who} at ${path}: ${status} ${text}`)
      assert.doesNotMatch(text, /user_token|ghu_/)
    }
  }
  assert.equal((await at('POST', '/api/v/1/user/auth', { system: other, body: credentials })).status, 401)
})

test('by another name the node has its API and no pages, and a name of nobody has nothing', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  for (const host of ['evil.example', 'nobody.localhost', `${system.key}.localhost.`]) {
    for (const path of ['/', '/setup?key=x', '/metrics', '/console', '/console/x', '/portal/', '/portal/assets/x.js']) {
      const { status, text } = await app.call('GET', path, { headers: { host } })
      assert.equal(status, 404, `${host}${path}`)
      assert.doesNotMatch(text, /<script/)
    }
    const health = await app.call('GET', '/healthz', { headers: { host } })
    assert.equal(health.status, host === 'evil.example' ? 200 : 404, host)
  }
})

test('what a portal puts beside its Host is not believed, whatever proxies are trusted', async (t) => {
  const app = await createTestApp(t, { args: ['--trusted-proxies', '127.0.0.1,::1'] })
  const system = await app.createSystem()
  const { port } = new URL(app.app.means.publicUrl())
  for (const [name, value] of [
    ['x-forwarded-host', `localhost:${port}`],
    ['forwarded', `host=localhost:${port}`],
    ['x-host', `localhost:${port}`],
    ['x-original-host', `localhost:${port}`],
  ] as const) {
    const headers = { host: `${system.key}.localhost:${port}`, [name]: value }
    for (const path of ['/console', '/setup', '/admin/allsystems']) {
      const { status } = await app.call('GET', path, { developer: app.developer, headers })
      assert.equal(status, 404, `${name} at ${path}`)
    }
    const own = { host: `localhost:${port}`, [name]: `${system.key}.localhost:${port}` }
    assert.equal((await app.call('GET', '/admin/allsystems', { developer: app.developer, headers: own })).status, 200)
  }
})
