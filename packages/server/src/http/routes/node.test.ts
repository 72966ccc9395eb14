import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'

test('the node says what it is, that it can serve, and what its interface is', async (t) => {
  const app = await createTestApp(t)
  const home = await app.call('GET', '/')
  assert.equal(home.status, 200)
  assert.match(home.text, /This is a Gatehouse node/)
  assert.deepEqual((await app.call('GET', '/healthz')).body, { status: 'ok' })
  assert.equal((await app.call('GET', '/api/about')).body.about, 'Gatehouse')
  const { body: openapi } = await app.call('GET', '/openapi.json')
  assert.ok(openapi.paths['/api/v/1/user/auth'].post.summary)
  assert.ok(Object.keys(openapi.paths).length > 80)
})

test('a browser goes on to the console, also with the link of the first start; a program gets a text', async (t) => {
  const app = await createTestApp(t)
  const headers = { accept: 'text/html,application/xhtml+xml' }
  const home = await app.call('GET', '/', { headers })
  assert.deepEqual([home.status, home.headers.location], [302, '/console/'])
  const setup = await app.call('GET', '/setup?key=a%26b', { headers })
  assert.deepEqual([setup.status, setup.headers.location], [302, '/console/setup?key=a%26b'])
  assert.equal(setup.headers['referrer-policy'], 'no-referrer')
  assert.match((await app.call('GET', '/setup?key=a')).text, /Make me the first developer/)
  assert.equal((await app.call('GET', '/api/about')).body.needs_developer, false)
})

test('metrics are for a scraper beside the node: not for a forwarded request', async (t) => {
  const app = await createTestApp(t)
  const metrics = await app.call('GET', '/metrics')
  assert.match(metrics.text, /gatehouse_http_request_seconds/)
  for (const header of ['x-forwarded-for', 'forwarded']) {
    assert.equal((await app.call('GET', '/metrics', { headers: { [header]: '8.8.8.8' } })).status, 404)
  }
})
