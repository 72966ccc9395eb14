/** A second factor built from services alone, as packages do it: constants, a set-up service, a text message, two steps. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createTestApp } from '../support/app.ts'

const service = (name: string): string =>
  readFileSync(new URL(`../services/${name}.service.js`, import.meta.url), 'utf8')

type Message = { authorization: string | undefined; contentType: string | undefined; form: URLSearchParams }

/** A provider of text messages on loopback; `status` is what it answers from then on. */
async function smsProvider(t: TestContext) {
  const messages: Message[] = []
  const provider = { url: '', messages, status: 201 }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { authorization, 'content-type': contentType } = request.headers
      messages.push({ authorization, contentType, form: new URLSearchParams(body) })
      response.writeHead(provider.status, { 'content-type': 'application/json' }).end('{"sid":"SM1"}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return provider
}

async function setUp(t: TestContext, smsUrl = 'https://sms.example.com') {
  const provider = await smsProvider(t)
  const app = await createTestApp(t, { args: ['--route', `https://sms.example.com=${provider.url}`] })
  const system = await app.createSystem()
  const developer = { developer: app.developer }
  await app.createCollection(system, 'Pending', {
    email: 'string',
    auth_token: 'string',
    sms_code: 'string',
    auth_date: 'timestamp',
  })
  await app.call('POST', `/admin/user/${system.key}/columns`, {
    ...developer,
    body: { column_name: 'sms_phone', type: 'string' },
  })
  await app.call('POST', `/admin/user/${system.key}/roles`, { ...developer, body: { name: 'authRole' } })
  await app.grant(system, 'authRole', {
    collections: [{ itemInfo: { name: 'Pending' }, permissions: 15 }],
    users: { permissions: 1 },
  })
  const constants = {
    PLATFORM_URL: app.app.means.publicUrl(),
    SMS_URL: smsUrl,
    SMS_KEY: 'key',
    SMS_SECRET: 'secret of the provider',
    SMS_FROM: '+15005550001',
  }
  const text = Object.entries(constants).map(([name, value]) => `const ${name} = ${JSON.stringify(value)}`)
  await app.createLibrary(system, 'Constants', text.join('\n'))
  await app.createLibrary(system, 'Sms', service('sms'), 'http,Constants')
  await app.createService(system, 'setUpAccounts', service('set-up-accounts'), {
    requires: 'clearblade,http,Constants',
  })
  const ran = await app.run(system, 'setUpAccounts', {}, developer)
  assert.equal(ran.body.success, true, ran.text)
  await app.createService(system, 'textMessage', service('text-message'), {
    requires: 'clearblade,log,Constants,Sms',
    runAs: 'authRunner@example.com',
    executableBy: ['Anonymous'],
  })
  await app.set(system, { auth_service: 'textMessage' })
  const auth = (body: unknown) => app.call('POST', '/api/v/1/user/auth', { system, body })
  return { app, system, provider, auth, made: ran.body.results as string[] }
}

const credentials = { email: 'op@example.com', password: 'the plant is quiet' }

test('password, then the code that arrived by text message, opens a session', async (t) => {
  const { app, system, provider, auth, made } = await setUp(t)
  const first = await auth({ ...credentials, factor: 1 })
  assert.equal(first.status, 200, first.text)
  assert.equal(first.body.user_token, '')
  assert.equal(first.body.options.err, false, first.text)
  const [message] = provider.messages
  assert.equal(message!.authorization, `Basic ${Buffer.from('key:secret of the provider').toString('base64')}`)
  assert.match(message!.contentType!, /^application\/x-www-form-urlencoded/)
  assert.equal(message!.form.get('To'), '+15005550006')
  const code = /Your code is (\d{6})/.exec(message!.form.get('Body')!)![1]
  const second = await auth({ email: 'a', password: 'b', factor: 2, factor_id: first.body.options.factor_id, code })
  assert.equal(second.body.user_id, made[1], second.text)
  const me = await app.call('GET', '/api/v/1/user/info', { token: second.body.user_token })
  assert.equal(me.body.email, 'op@example.com')
  assert.equal(me.body.sms_phone, '+15005550006')
  const roles = await app.call('GET', `/admin/user/${system.key}/roles`, {
    developer: app.developer,
    query: { user: made[0]! },
  })
  assert.ok(roles.body.some((role: any) => role.Name === 'authRole'))
})

for (const path of ['', '/SMS']) {
  test(`services written for Twilio walk unchanged in development, with ${path}/Messages.json; the code is in the inbox`, async (t) => {
    const account = `https://api.twilio.com/2010-04-01/Accounts/AC${'0'.repeat(32)}`
    const { app, system, provider, auth } = await setUp(t, account + path)
    const first = await auth({ ...credentials, factor: 1 })
    assert.equal(first.body.options.err, false, first.text)
    const developer = { developer: app.developer }
    const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, developer)
    assert.deepEqual(
      inbox.body.map((one: any) => [one.to, one.from]),
      [['+15005550006', '+15005550001']],
    )
    const code = /Your code is (\d{6})/.exec(inbox.body[0].body)![1]
    const second = await auth({ email: 'a', password: 'b', factor: 2, factor_id: first.body.options.factor_id, code })
    assert.ok(second.body.user_token, second.text)
    assert.equal(provider.messages.length, 0)
    const traces = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, developer)
    const asked = traces.body.find((trace: any) => trace.decision === 'more')
    assert.deepEqual(asked.messages, [{ to: 'inbox', state: 'accepted' }])
    assert.doesNotMatch(traces.text, /Your code/)
  })
}

test('a wrong password, a wrong code, a spent code and no factor id let nobody in', async (t) => {
  const { provider, auth } = await setUp(t)
  const wrong = await auth({ ...credentials, password: 'the plant is loud', factor: 1 })
  assert.equal(wrong.body.user_token, '')
  assert.equal(wrong.body.options.err, true)
  assert.equal(provider.messages.length, 0, 'no message for a wrong password')
  const first = await auth({ ...credentials, factor: 1 })
  const code = /\d{6}/.exec(provider.messages[0]!.form.get('Body')!)![0]
  const second = { email: 'a', password: 'b', factor: 2, factor_id: first.body.options.factor_id, code }
  assert.equal((await auth({ ...second, code: '000000' })).body.user_token, '')
  assert.equal((await auth({ ...second, factor_id: undefined })).body.user_token, '')
  assert.ok((await auth(second)).body.user_token)
  assert.equal((await auth(second)).body.user_token, '')
})

test('when the message cannot be sent, the sign-in is refused with its reason, and no code is at large', async (t) => {
  const { provider, auth } = await setUp(t)
  provider.status = 500
  const first = await auth({ ...credentials, factor: 1 })
  assert.equal(first.status, 200)
  assert.equal(first.body.user_token, '')
  assert.match(first.body.options.message, /could not be sent/)
})
