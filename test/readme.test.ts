/** The README's first sign-in, and docs/two-factor.md, exactly as written, in a shell, against a node started for it. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { account, fakeTwilio } from '../packages/server/src/domain/sending/providers.fixture.ts'
import { good } from './sdk/answered.ts'
import { openPage } from './sdk/browser-sdk.ts'
import { createTestApp, type TestApp } from './support/app.ts'
import { type Shell, stepsOf, typed } from './support/document.ts'

const guide = 'docs/two-factor.md'
const address = 'http://localhost:9000'

test('the README leads to a first sign-in by curl and by SDK, step by step', async (t) => {
  const app = await createTestApp(t)
  const steps = stepsOf('README.md', ['walk'])
  assert.ok(steps.length >= 6)
  const url = app.app.means.publicUrl()
  const answers = await typed(steps.map(({ script }) => `${script.replace(address, url)}\necho`))
  assert.match(answers[1]!, /"user_token":"ghu_/)
  const [granted, refused] = answers[3]!
    .trim()
    .split('}{')
    .map((part, index) => JSON.parse(index === 0 ? `${part}}` : `{${part}`))
  assert.match(granted.user_token, /^ghu_/)
  assert.deepEqual(granted.options, { site: 'south' })
  assert.equal(refused.user_token, '')
  assert.deepEqual(refused.options, { reason: 'You do not work at elsewhere.' })
  assert.equal(answers[4]!.trim(), 'Signed in as op@example.com.')
  const traces = JSON.parse(answers[5]!)
  assert.deepEqual(
    traces.map((trace: { decision: string }) => trace.decision),
    ['granted', 'refused', 'granted', 'granted'],
  )
})

/** A place of its own for what the command remembers of sign-ins. */
function settingsFolder(t: TestContext): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return { XDG_CONFIG_HOME: folder }
}

/** A URL that moves the clock of the node on by a waiting time, for `sleep` in a document. */
async function passingTime(t: TestContext, app: TestApp): Promise<string> {
  const server = createServer((request, response) => {
    app.advance(Number(request.url!.slice(1)) * 1_000)
    response.end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What differs from node to node, in the words of the document. */
const inWords = (printed: string, url: string): string =>
  printed
    .replaceAll(url, address)
    .replace(/\b[0-9a-f]{24}\.localhost:\d+/g, 'KEY.localhost:9000')
    .replace(/\bghu_[\w-]+/g, 'TOKEN')
    .replace(/\bghr_[\w-]+/g, 'REFRESH_TOKEN')
    .replace(/\bghf_[\w-]+/g, 'FACTOR_ID')
    .replace(/\bkey [0-9a-f]{20,}, secret [0-9A-F]{40,}/, 'key KEY, secret SECRET')
    .replace(/user_id: '[0-9a-f]{24}'/g, "user_id: 'USER_ID'")
    .replace(/'pending [0-9a-f]{16}'/g, "'pending MARK'")
    .replace(/password: '[a-z2-9]{24}'/g, "password: 'PASSWORD'")
    .replace(/(?<= code is )\d{6}\b|(?<=sms_code: ')\d{6}\b/g, 'CODE')
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-01-01T09:00:00.000Z')
    .replace(/\bexpires_at: \d{10}\b/g, 'expires_at: 1767258000')
    .replace(/\bin \d\d seconds\b/g, 'in 30 seconds')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')

test('the guide to two factors prints what it says, from the catalogue to a session and back to passwords', async (t) => {
  const app = await createTestApp(t)
  const url = app.app.means.publicUrl()
  const time = await passingTime(t, app)
  const steps = stepsOf(guide, ['walk'])
  assert.ok(steps.length >= 15)
  const { developer } = app
  const lastCode = async (): Promise<string> => {
    const { body: systems } = await app.call('GET', '/admin/allsystems', { developer })
    const inbox = await app.call('GET', `/admin/v/4/system/${systems[0].appID}/inbox`, { developer })
    assert.equal(inbox.status, 200, inbox.text)
    return /\d{6}/.exec(inbox.body.at(-1).body)![0]
  }
  const types: Shell['types'] = (printed) => (printed.endsWith('Code: ') ? lastCode() : undefined)
  const scripts = steps.map(({ script }) =>
    script.replace(address, url).replace(/^sleep (\d+)$/gm, `curl -s ${time}/$1`),
  )
  const printed = await typed(scripts, { env: settingsFolder(t), types })
  assert.deepEqual(
    printed.map((one) => inWords(one, url)),
    steps.map(({ prints }) => prints ?? ''),
  )
})

/** The definitions with which the guide begins, against this address. */
const beginning = (url: string): string => stepsOf(guide, ['walk'])[0]!.script.replace(address, url)

for (const way of ['constants', 'providers']) {
  test(`the guide leads to a real account in production by ${way}, and the token is a secret`, async (t) => {
    const twilio = await fakeTwilio(t)
    const route = ['--route', `https://api.twilio.com=${twilio.url}`]
    const production = ['--mode', 'production', '--url', 'https://gate.example.com', '--weak-sandbox', ...route]
    const app = await createTestApp(t, { args: production })
    const { developer } = app
    const [{ url }] = (await app.call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
    const body = { url, name: 'two-factor' }
    const { system } = (await app.call('POST', '/admin/v/4/packages/install', { developer, body })).body
    const steps = stepsOf(guide, ['production', `production: ${way}`])
    assert.equal(steps.length, 3)
    const secret = 'the Auth Token of the account'
    assert.ok(steps[0]!.script.includes(secret))
    // Behind the address of people stands the node, which listens without https.
    const { port } = app.app.server.server.address() as AddressInfo
    const scripts = [beginning(`http://127.0.0.1:${port}`), `KEY=${system.key}`, ...steps.map(({ script }) => script)]
    const ran = (await typed(scripts)).at(-1)!
    assert.match(ran, /^Success\..* Messages go to phones, by /)
    assert.ok(!ran.includes(secret))
    const run = { run_user: 'authOverrideAccount@example.com' }
    await app.call('PUT', `/admin/code/v/1/${system.key}/authOverride`, { developer, body: run })
    await app.set(system, { auth_service: 'authOverride' })
    await app.createUser(system, 'op@example.com', 'the plant is quiet', { sms_phone: '+14152223344' })
    const credentials = { email: 'op@example.com', password: 'the plant is quiet' }
    const first = await app.call('POST', '/api/v/1/user/auth', { system, body: credentials })
    const [taken] = twilio.taken
    assert.ok(taken, first.text)
    assert.equal(taken.headers.authorization, `Basic ${Buffer.from(`${account}:${secret}`).toString('base64')}`)
    const code = /\d{6}/.exec(new URLSearchParams(taken.body).get('Body')!)![0]
    const second = { factor: 2, factor_id: first.body.options.factor_id, code }
    const granted = await app.call('POST', '/api/v/1/user/auth', { system, body: second })
    assert.match(granted.body.user_token, /^ghu_/, granted.text)
  })
}

test('what the guide shows for a browser signs in with the browser SDK from npm', async (t) => {
  const app = await createTestApp(t)
  const { developer } = app
  const [{ url }] = (await app.call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
  const body = { url, name: 'two-factor' }
  const { system } = (await app.call('POST', '/admin/v/4/packages/install', { developer, body })).body
  const ran = (await app.run(system, 'SetupTwoFactorAuth', {}, { developer })).body.results
  const run = { run_user: 'authOverrideAccount@example.com' }
  await app.call('PUT', `/admin/code/v/1/${system.key}/authOverride`, { developer, body: run })
  await app.set(system, { auth_service: 'authOverride' })
  const page = openPage()
  t.after(page.close)
  const { script } = stepsOf(guide, ['browser'])[0]!
  const means = ['ClearBlade', 'URI', 'systemKey', 'systemSecret']
  const makeAuth = new Function(...means, `${script}\nreturn auth`)
  const auth = makeAuth(page.createClient().constructor, app.app.means.publicUrl(), system.key, system.secret)
  const { email, password } = ran.users.find((one: any) => one.email === 'test@example.com')
  const first = await good((callback) => auth({ email, password, factor: 1 }, callback))
  assert.equal(first.user_token, '')
  const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })
  const code = /\d{6}/.exec(inbox.body.at(-1).body)![0]
  const second = await good((callback) => auth({ factor: 2, factor_id: first.options.factor_id, code }, callback))
  assert.match(second.user_token, /^ghu_/)
})

test('lines of the documents on two factors are short enough to read in a terminal', () => {
  const text = readFileSync(new URL(`../${guide}`, import.meta.url), 'utf8')
  assert.deepEqual(
    text.split('\n').filter((line) => [...line].length > 120),
    [],
  )
})
