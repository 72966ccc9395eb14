/** The client against a node with the package two-factor-auth, and against what is no platform. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createTestApp } from '../../../test/support/app.ts'
import { SoftwarePasskey } from '../../server/src/domain/accounts/software-passkey.fixture.ts'
import { type CodeNeeded, SignInError, type SignInState, signInClient } from './sign-in.ts'

async function ready(t: TestContext) {
  const app = await createTestApp(t)
  const { developer } = app
  const [{ url }] = (await app.call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
  const body = { url, name: 'two-factor' }
  const { system } = (await app.call('POST', '/admin/v/4/packages/install', { developer, body })).body
  const ran = (await app.run(system, 'SetupTwoFactorAuth', {}, { developer })).body
  assert.equal(ran.success, true, JSON.stringify(ran))
  const { email, password } = ran.results.users.find((one: any) => one.email === 'test@example.com')
  const runAs = { run_user: 'authOverrideAccount@example.com' }
  await app.call('PUT', `/admin/code/v/1/${system.key}/authOverride`, { developer, body: runAs })
  await app.set(system, { auth_service: 'authOverride' })
  return {
    app,
    system,
    credentials: { email, password } as { email: string; password: string },
    client: signInClient({ url: app.app.means.publicUrl(), systemKey: system.key, systemSecret: system.secret }),
    async lastCode(): Promise<string> {
      const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })
      return /\d{6}/.exec(inbox.body.at(-1).body)![0]
    },
  }
}

function demandCode(state: SignInState): CodeNeeded {
  assert.equal(state.state, 'code', JSON.stringify(state))
  return state as CodeNeeded
}

const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

test('a password is followed by a code, a wrong one is refused and can be mended, the right one is in', async (t) => {
  const { app, system, client, credentials, lastCode } = await ready(t)
  const asked = demandCode(await client.signIn(credentials))
  assert.deepEqual([asked.kind, asked.kinds], ['phone', ['phone']])
  assert.match(asked.to!, /^\+1 •/)
  assert.ok(asked.expiresAt! > new Date())

  const code = await lastCode()
  const refused = await asked.answer(wrong(code))
  assert.equal(refused.state, 'refused')
  assert.match((refused as any).message, /not right/)
  const soon = await asked.resend()
  assert.equal(soon.state, 'refused')

  const state = await asked.answer(code)
  assert.ok(state.state === 'in', JSON.stringify(state))
  assert.ok(state.expiresAt! > new Date())
  assert.deepEqual(state.options.factor, { kind: 'phone', to: asked.to })
  const who = await app.call('POST', '/api/v/1/user/checkauth', { system, token: state.token })
  assert.equal(who.status, 200)
  assert.equal((await asked.answer(code)).state, 'refused', 'a code was good twice')
})

test('another code takes the place of the one before', async (t) => {
  const { app, client, credentials, lastCode } = await ready(t)
  const asked = demandCode(await client.signIn(credentials))
  const before = await lastCode()
  app.advance(31_000)
  const again = demandCode(await asked.resend())
  assert.equal((await asked.answer(before)).state, 'refused')
  assert.equal((await again.answer(await lastCode())).state, 'in')
})

test('a passkey is asked for with what a browser takes, and its answer is in', async (t) => {
  const { app, system, client, credentials } = await ready(t)
  const { developer } = app
  const users = (await app.call('GET', `/admin/user/${system.key}`, { developer })).body.Data
  const { user_id: userId } = users.find(({ email }: any) => email === credentials.email)
  const given = await app.call('POST', `/admin/v/4/system/${system.key}/users/${userId}/enrolment`, { developer })
  const own = (path: string, more: Record<string, unknown>) =>
    app.call('POST', `/api/v/4/user/authenticators/${path}`, {
      system,
      body: { ...credentials, enrolment: given.body.enrolment, ...more },
    })
  const passkey = new SoftwarePasskey()
  const page = `http://localhost:${new URL(app.app.means.publicUrl()).port}`
  const begun = await own('enrol', { kind: 'passkey', label: 'my phone' })
  const bound = await own('confirm', { code: passkey.create(begun.body.passkey, page) })
  assert.equal(bound.status, 200, bound.text)

  const asked = demandCode(await client.signIn(credentials))
  assert.deepEqual([asked.kind, asked.kinds, asked.to], ['passkey', ['passkey', 'phone', 'recovery'], 'my phone'])
  assert.match(asked.message, /passkey/)
  const refused = await asked.answer(passkey.get(asked.passkey, 'https://evil.example.com'))
  assert.equal(refused.state, 'refused')
  const state = await asked.answer(passkey.get(asked.passkey, page))
  assert.ok(state.state === 'in', JSON.stringify(state))
  assert.deepEqual(state.options.factor, { kind: 'passkey', to: 'my phone' })
  const byPhone = demandCode(await client.signIn({ ...credentials, factor_kind: 'phone' }))
  assert.deepEqual([byPhone.kind, byPhone.passkey], ['phone', undefined])
})

test('a refusal is told in words, whatever status it has', async (t) => {
  const { app, system, client, credentials } = await ready(t)
  for (const auth_error_status of [200, 401]) {
    await app.set(system, { auth_error_status })
    const state = await client.signIn({ ...credentials, password: 'not it' })
    assert.equal(state.state, 'refused')
    assert.match((state as any).message, /not right/)
  }
  await app.set(system, { auth_service: '' })
  assert.equal((await client.signIn({ ...credentials, password: 'not it' })).state, 'refused')
  assert.equal((await client.signIn(credentials)).state, 'in')
})

async function serverOf(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('what is no answer of a platform lets nobody in, and a password follows no redirect', async (t) => {
  let reached = 0
  const elsewhere = await serverOf(t, (_, response) => {
    reached++
    response.end('{"user_token":"ghu_x"}')
  })
  const credentials = { email: 'op@example.com', password: 'the plant is quiet' }
  const ask = (url: string) => signInClient({ url, systemKey: 'k', systemSecret: 's' }).signIn(credentials)
  const answers: [number, string][] = [
    [502, '<html>'],
    [200, '<html>'],
    [200, '[]'],
    [500, '{"user_token":"ghu_x"}'],
    [307, ''],
  ]
  for (const [status, body] of answers) {
    const url = await serverOf(t, (_, response) => {
      response.writeHead(status, { location: elsewhere, connection: 'close' }).end(body)
    })
    await assert.rejects(ask(url), SignInError, `${status} ${body}`)
  }
  assert.equal(reached, 0)
  for (const body of ['{}', '{"user_token":""}', '{"user_token":true}', '{"options":{"factor_id":7}}']) {
    const url = await serverOf(t, (_, response) => response.writeHead(200, { connection: 'close' }).end(body))
    assert.equal((await ask(url)).state, 'refused', body)
  }
  const forbidden = await serverOf(t, (_, response) =>
    response.writeHead(403, { connection: 'close' }).end('{"user_token":"ghu_x"}'),
  )
  assert.equal((await ask(forbidden)).state, 'refused')
  await assert.rejects(ask('http://127.0.0.1:1'), SignInError)
})
