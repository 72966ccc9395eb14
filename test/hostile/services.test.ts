/**
 * Hostile services, one attack a file in `services/`, run over HTTP in a real system beside another one, whose sign-ins are
 * judged by its own auth service and go on meanwhile. The first lines of a file say how it is run and how it must end:
 *
 *   // as: user (default), anonymous or developer      // requires: clearblade,http      // dialect: modern
 *   // timeout: seconds                                // log: at most BYTES
 *   // ends: success JSON | error JSON | failed PATTERN
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'

const folder = new URL('./services/', import.meta.url)
const decide = readFileSync(new URL('../services/init-in-function.service.js', import.meta.url), 'utf8')

/** Where no service may get; counts who comes. */
const reached: string[] = []
const closed = createServer((request, response) => {
  reached.push(request.url ?? '')
  response.end('you should not be here')
})
/** The one place that is let out to; it sends on to wherever it is told. */
const open = createServer((request, response) => {
  response.writeHead(302, { location: decodeURIComponent(request.url!.split('?')[1]!) }).end()
})
const portOf = async (server: typeof open): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
const [closedPort, openPort] = [await portOf(closed), await portOf(open)]

const app = await createTestApp(
  { after },
  { args: ['--route', `https://api.example.com=http://127.0.0.1:${openPort}`] },
)
const developer = app.developer
const password = 'the plant is quiet'

const hostile = await app.createSystem('hostile')
await app.createUser(hostile, 'mallory@example.com', password)
const mallory = await app.signIn(hostile, 'mallory@example.com', password)
const nobody: string = (await app.call('POST', '/api/v/1/user/anon', { system: hostile })).body.user_token
await app.createCollection(hostile, 'Own', { text: 'string', a: 'int' })
await app.createCollection(hostile, 'Secrets', { text: 'string' })
await app.grant(hostile, 'Authenticated', { collections: [{ itemInfo: { name: 'Own' }, permissions: 15 }] })

const peaceful = await app.createSystem('peaceful')
const userId = await app.createUser(peaceful, 'op@example.com', password)
await app.createService(peaceful, 'authOverride', decide, { executableBy: ['Anonymous'] })
await app.set(peaceful, { auth_service: 'authOverride' })

const other = await app.createSystem('other')
const otherUser = await app.createUser(other, 'op@example.com', password)
const otherToken = await app.signIn(other, 'op@example.com', password)
const collection = await app.createCollection(other, 'Secrets', { text: 'string' })
const row = { text: 'nobody else may read this' }
assert.equal((await app.call('POST', `/api/v/1/data/${collection}`, { developer, body: row })).status, 200)
await app.createService(other, 'secretService', 'resp.success("nobody else may run this")')

const nodePort = (app.app.server.server.address() as AddressInfo).port
const at = (port: number) => `http://127.0.0.1:${port}/`
const params = {
  other: { ...other, collection, email: 'op@example.com', password },
  port: closedPort,
  nodePort,
  hops: [
    at(closedPort),
    `http://localhost:${closedPort}/`,
    `http://[::ffff:127.0.0.1]:${closedPort}/`,
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    `${at(nodePort)}metrics`,
    'file:///etc/passwd',
    `https://api.example.com/to?${encodeURIComponent(at(closedPort))}`,
  ],
  tokens: [otherToken, 'ghx_made-up-made-up-made-up-made-up-made-up-00', 'ghp_x', 'ghd_x', 'run', ''],
}

/** Sign-ins of the other system, again and again until the attack is over. Each must be granted, and soon. */
async function signInsDuring(attack: Promise<unknown>): Promise<void> {
  let over = false
  const end = () => {
    over = true
  }
  attack.then(end, end)
  do {
    const began = performance.now()
    const body = { email: 'op@example.com', password }
    const answer = await app.call('POST', '/api/v/1/user/auth', { system: peaceful, body })
    assert.equal(answer.body.user_id, userId, answer.text)
    assert.ok(performance.now() - began < 5000, `a sign-in of another system took ${performance.now() - began} ms`)
  } while (!over)
}

const entryName = (file: string): string =>
  file.replace('.service.js', '').replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

for (const file of readdirSync(folder).sort()) {
  const code = readFileSync(new URL(file, folder), 'utf8')
  const header = (key: string): string | undefined => new RegExp(`^// ${key}: (.*)$`, 'm').exec(code)?.[1]
  const ends = header('ends')!
  test(`a service that ${file.replace('.service.js', '').replaceAll('-', ' ')}: ${ends.split(' ')[0]}, while others sign in`, async () => {
    const name = entryName(file)
    const timeout = Number(header('timeout') ?? 5)
    const as = header('as') ?? 'user'
    await app.createService(hostile, name, code, {
      requires: header('requires') ?? 'clearblade',
      executableBy: ['Authenticated', 'Anonymous'],
      fields: { execution_timeout: timeout, engine_type: header('dialect') === 'modern' ? 1 : 0 },
    })
    const credential = as === 'developer' ? { developer } : { token: as === 'anonymous' ? nobody : mallory }
    const began = performance.now()
    const attack = app.call('POST', `/api/v/1/code/${hostile.key}/${name}`, {
      ...credential,
      body: params,
      headers: { 'logging-enabled': 'true' },
    })
    const [answer] = await Promise.all([attack, signInsDuring(attack)])
    const took = performance.now() - began
    assert.ok(took < timeout * 1000 + 4000, `it took ${took} ms`)
    assert.equal(answer.status, 200, answer.text.slice(0, 500))
    demandEnd(answer.body, ends)
    const most = /^at most (\d+)$/.exec(header('log') ?? '')?.[1]
    if (most !== undefined) assert.ok(answer.body.logs.length > 0 && answer.body.logs.length <= Number(most))
    assert.deepEqual(reached, [], 'a place that is closed was reached')
  })
}

function demandEnd(body: any, ends: string): void {
  const [kind, ...rest] = ends.split(' ')
  const wanted = rest.join(' ')
  const got = JSON.stringify(body.results)?.slice(0, 2000)
  assert.equal(body.success, kind === 'success', got)
  if (kind !== 'failed') assert.deepEqual(body.results, JSON.parse(wanted), got)
  else {
    assert.equal(typeof body.results, 'string', got)
    assert.match(body.results, new RegExp(wanted))
    assert.doesNotMatch(body.results, /node:internal|\/work\/|\.cjs|isolated-vm/, 'tells nothing of the node')
  }
}

test('after all of them the other systems are as they were', async () => {
  const rows = await app.call('GET', `/api/v/1/data/${collection}`, { developer })
  assert.deepEqual(
    rows.body.DATA.map((one: any) => one.text),
    [row.text],
  )
  assert.equal((await app.call('POST', '/api/v/1/user/checkauth', { system: other, token: otherToken })).status, 200)
  const users = await app.call('GET', `/admin/user/${other.key}`, { developer })
  assert.deepEqual(
    users.body.Data.map((user: any) => user.user_id),
    [otherUser],
  )
  const systems = await app.call('GET', '/admin/allsystems', { developer })
  assert.equal(systems.body.length, 3, systems.text)
  const made = await app.call('POST', '/admin/auth', {
    body: { email: 'made@example.com', password: 'correct horse battery' },
  })
  assert.notEqual(made.status, 200, 'no service makes a developer')
  const still = await app.call('POST', '/api/v/1/user/auth', {
    system: hostile,
    body: { email: 'mallory@example.com', password },
  })
  assert.equal(still.status, 200, 'and the hostile system itself goes on')
})
