/** What a node says at its start, seen from outside. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startNode } from '../../../test/support/node-process.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-start-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('in development a node says at its start where messages go', async (t) => {
  const plain = await startNode(t, ['--data', folder(t)])
  assert.match(await plain.line(/^Messages: /), /https:\/\/api\.twilio\.com goes to the inbox/)
  const route = 'https://api.twilio.com=http://127.0.0.1:9555'
  const routed = await startNode(t, ['--data', folder(t), '--route', route])
  assert.match(await routed.line(/^Messages: /), /goes to http:\/\/127\.0\.0\.1:9555, by --route/)
})

test('a node keeps passwords of developers and users as argon2id at the figure of OWASP', async (t) => {
  const data = folder(t)
  const person = { email: 'dev@example.com', password: 'correct horse battery' }
  const env = { GATEHOUSE_DEVELOPER_EMAIL: person.email, GATEHOUSE_DEVELOPER_PASSWORD: person.password }
  const node = await startNode(t, ['--data', data], env)
  const developer = (await node.call('POST', '/admin/auth', { body: person })).body.dev_token
  const system = (await node.call('POST', '/admin/systemmanagement', { developer, body: { name: 'plant' } })).body
  const body = { email: 'op@example.com', password: 'the plant is quiet' }
  assert.equal((await node.call('POST', `/admin/user/${system.appID}`, { developer, body })).status, 200)
  const stored = readdirSync(data)
    .map((name) => readFileSync(join(data, name), 'latin1'))
    .join('')
  const costs = stored.match(/\$argon2id\$[^$]*\$[^$]*\$/g) ?? []
  assert.ok(costs.length >= 2)
  assert.deepEqual([...new Set(costs)], ['$argon2id$v=19$m=19456,t=2,p=1$'])
})

test('a node answers a 429 a second late: whoever guesses on without heeding it is held up', async (t) => {
  const node = await startNode(t, ['--data', folder(t)])
  const guess = () => node.call('POST', '/admin/auth', { body: { email: 'nobody@example.com', password: 'a guess' } })
  for (let tries = 0; tries < 5; tries++) assert.equal((await guess()).status, 401)
  const began = performance.now()
  const refused = await guess()
  assert.equal(refused.status, 429)
  assert.ok(performance.now() - began >= 900)
})
