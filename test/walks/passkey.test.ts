/**
 * Passkeys in a real browser: Chromium with its own virtual authenticator binds one and signs in with it, through the package
 * that the node ships and the client, on pages where it is good; and on others the browser refuses.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'

const client = stripTypeScriptTypes(
  readFileSync(new URL('../../packages/client/src/sign-in.ts', import.meta.url), 'utf8'),
)

/** What a page of a system does: bind a passkey by the code of a developer, and sign in by the client. */
const pageOf = (platform: Record<string, string>): string => `<!doctype html><title>A page</title>
<script type="module">
  import { signInClient } from './sign-in.js'
  const platform = ${JSON.stringify(platform)}
  const headers = { 'Content-Type': 'application/json',
    'ClearBlade-SystemKey': platform.systemKey, 'ClearBlade-SystemSecret': platform.systemSecret }
  const own = async (path, body) => {
    const url = platform.url + '/api/v/4/user/authenticators/' + path
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  window.bindPasskey = async (user) => {
    const begun = await own('enrol', { ...user, kind: 'passkey', label: 'this computer' })
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.passkey)
    const made = await navigator.credentials.create({ publicKey })
    return own('confirm', { ...user, code: made.toJSON() })
  }
  window.signIn = async (credentials) => {
    const state = await signInClient(platform).signIn(credentials)
    if (state.state !== 'code' || state.passkey === undefined) return { state: state.state, kind: state.kind }
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(state.passkey)
    const credential = await navigator.credentials.get({ publicKey })
    return state.answer(credential.toJSON())
  }
  window.use = async (passkey) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(passkey)
    return (await navigator.credentials.get({ publicKey })).toJSON()
  }
  window.ready = true
</script>`

let browser: Browser
before(async () => {
  browser = await openBrowser()
})
after(() => browser?.close())

test('a browser binds a passkey and signs in with it, on the node and on a portal; another page gets nothing', async (t) => {
  const app = await createTestApp(t)
  const { developer } = app
  const [{ url }] = (await app.call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
  const install = { developer, body: { url, name: 'two-factor' } }
  const { system } = (await app.call('POST', '/admin/v/4/packages/install', install)).body
  const ran = (await app.run(system, 'SetupTwoFactorAuth', {}, { developer })).body
  assert.equal(ran.success, true, JSON.stringify(ran))
  const runAs = { run_user: 'authOverrideAccount@example.com' }
  await app.call('PUT', `/admin/code/v/1/${system.key}/authOverride`, { developer, body: runAs })
  await app.set(system, { auth_service: 'authOverride' })
  const credentials = { email: 'op@example.com', password: 'the plant is quiet' }
  const userId = await app.createUser(system, credentials.email, credentials.password)

  const { port } = new URL(app.app.means.publicUrl())
  const node = `http://localhost:${port}`
  const context = await browser.newContext()
  t.after(() => context.close())
  const problems: string[] = []
  /** A page at this origin, with an authenticator of its own that has a finger on it. */
  const open = async (origin: string): Promise<Page> => {
    const page = await context.newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
    await page.route(`${origin}/sign-in.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: client }))
    await page.route(`${origin}/page.html`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: pageOf({ url: origin, systemKey: system.key, systemSecret: system.secret }),
      }),
    )
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal' },
        ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(`${origin}/page.html`)
    await page.waitForFunction('window.ready === true')
    return page
  }
  const call = (page: Page, name: string, given: unknown): Promise<any> =>
    page.evaluate(`${name}(${JSON.stringify(given)})`)
  const enrolment = async (): Promise<string> => {
    const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
    return (await app.call('POST', path, { developer })).body.enrolment
  }

  for (const origin of [node, `http://${system.key}.localhost:${port}`]) {
    const page = await open(origin)
    const before = await call(page, 'signIn', credentials)
    assert.equal(before.state, 'refused', `${origin}: no passkey is good here yet`)
    const bound = await call(page, 'bindPasskey', { ...credentials, enrolment: await enrolment() })
    assert.equal(bound.state, 'bound', `${origin}: ${JSON.stringify(bound)}`)
    for (const _ of ['once', 'and again']) {
      const state = await call(page, 'signIn', credentials)
      assert.equal(state.state, 'in', `${origin}: ${JSON.stringify(state)}`)
      assert.deepEqual(state.options.factor, { kind: 'passkey', to: 'this computer' })
      const who = await app.call('POST', '/api/v/1/user/checkauth', { system, token: state.token })
      assert.equal(who.status, 200, who.text)
    }
    await assert.rejects(
      call(page, 'bindPasskey', { ...credentials, enrolment: await enrolment() }),
      /InvalidStateError/,
      'the same authenticator is bound once',
    )
  }

  // A page that looks alike asks for the password and passes on what the node asks; the browser does not answer there.
  const body = { ...credentials, factor: 1 }
  const asked = await app.call('POST', '/api/v/1/user/auth', { system, body, headers: { origin: node } })
  const { passkey } = asked.body.options
  const alike = await open(`http://${system.key}.evil.localhost:${port}`)
  await assert.rejects(call(alike, 'use', passkey), /SecurityError/)
  await assert.rejects(call(alike, 'use', { ...passkey, rpId: `${system.key}.evil.localhost` }), /NotAllowedError/)
  assert.deepEqual(problems, [])
})
