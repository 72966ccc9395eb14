import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestApp, type TestApp } from '../../../test/support/app.ts'
import { plainEnvironment } from '../../../test/support/environment.ts'
import { signedIn } from './command.fixture.ts'

const gatehouse = fileURLToPath(new URL('gatehouse.js', import.meta.url))

async function sendVia(app: TestApp, key: string, body: string): Promise<void> {
  const { developer } = app
  const { gateway } = (await app.call('GET', `/admin/v/4/system/${key}/sending`, { developer })).body
  const sent = await app.call('POST', `/2010-04-01/Accounts/${gateway.account_sid}/Messages.json`, {
    headers: {
      authorization: `Basic ${Buffer.from(`${gateway.account_sid}:${gateway.auth_token}`).toString('base64')}`,
    },
    body: new URLSearchParams({ To: '+14155550123', From: '+15005550006', Body: body }).toString(),
  })
  assert.equal(sent.status, 201, sent.text)
}

test('inbox prints what was sent, oldest first, as a table or as JSON', async (t) => {
  const { app, person } = await signedIn(t)
  const system = await app.createSystem('plant')
  const empty = await person.run(['inbox'])
  assert.deepEqual([empty.code, empty.stdout], [0, ''])
  assert.match(empty.stderr, /empty/)
  assert.deepEqual(await person.json(['inbox']), [])
  await sendVia(app, system.key, 'first')
  await sendVia(app, system.key, 'second \x1b[31m')
  const list = await person.json(['inbox', '--system', system.key])
  assert.deepEqual(
    list.map(({ at, ...rest }: { at: string }) => rest),
    ['first', 'second \x1b[31m'].map((body) => ({ to: '+14155550123', from: '+15005550006', body })),
  )
  for (const { at } of list) assert.equal(new Date(at).toISOString(), at)
  const { stdout } = await person.run(['inbox', '--system', 'plant'])
  assert.match(stdout, /^AT +TO +FROM +MESSAGE\n\S+ +\+14155550123 +\+15005550006 +first\n/)
  assert.ok(!stdout.includes('\x1b'), 'a message cannot steer the terminal')
})

test('inbox --watch prints each message once, as it comes', async (t) => {
  const { app, person } = await signedIn(t)
  const system = await app.createSystem()
  await sendVia(app, system.key, 'before')
  const child = spawn(process.execPath, [gatehouse, 'inbox', '--watch', '--json'], {
    env: { ...plainEnvironment(), HOME: person.home, XDG_CONFIG_HOME: `${person.home}/settings` },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const bodies: string[] = []
  let text = ''
  const { promise: three, resolve } = Promise.withResolvers<void>()
  const { promise: one, resolve: first } = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop()!
    for (const line of lines) bodies.push(JSON.parse(line).body)
    if (bodies.length >= 1) first()
    if (bodies.length >= 3) resolve()
  })
  await one
  await sendVia(app, system.key, 'during')
  await sendVia(app, system.key, 'two\nlines')
  await three
  child.kill('SIGINT')
  await ended
  assert.deepEqual(bodies, ['before', 'during', 'two\nlines'])
})

test('inbox is refused to whoever is not signed in, and says why there is none in production', async (t) => {
  const { app, person, url } = await signedIn(t)
  await app.createSystem()
  await person.run(['logout', '--url', url])
  const { code, stderr } = await person.run(['inbox', '--url', url])
  assert.equal(code, 1)
  assert.match(stderr, /not signed in/)
  const production = await createTestApp(t, { args: ['--mode', 'production', '--insecure-http', '--weak-sandbox'] })
  await production.createSystem()
  const other = await signedIn(t, production)
  const refused = await other.person.run(['inbox'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /in development only/)
})
