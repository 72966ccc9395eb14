/** The walk of the "Two-Factor Authentication Setup Guide", with the package that the node ships; and what must never come of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { countryDatabase } from '../../packages/server/src/base/countries.fixture.ts'
import { stepAt, totpCode } from '../../packages/server/src/domain/accounts/totp.ts'
import { account, fakeTwilio, from, token } from '../../packages/server/src/domain/sending/providers.fixture.ts'
import { createTestApp } from '../support/app.ts'

const phone = '+14155550123'
const runAs = 'authOverrideAccount@example.com'
const production = ['--mode', 'production', '--url', 'https://gate.example.com', '--weak-sandbox']
/** As long as a code that nobody has answered keeps the next one waiting. */
const aMoment = 31_000

type Constants = Record<string, unknown>

/** The package, installed from the address that the node's catalogue shows. */
async function install(t: TestContext, args: string[] = []) {
  const app = await createTestApp(t, { args })
  const { developer } = app
  const [listed] = (await app.call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
  const body = { url: listed.url, name: 'two-factor' }
  const installed = await app.call('POST', '/admin/v/4/packages/install', { developer, body })
  assert.equal(installed.status, 200, installed.text)
  const { system } = installed.body
  /** What a developer does in the editor: other values for some `var`s, and Save. */
  const edit = async (path: string, values: Constants): Promise<void> => {
    let { code } = (await app.call('GET', path, { developer })).body
    for (const [name, value] of Object.entries(values)) {
      const line = new RegExp(`^var ${name} = .*$`, 'm')
      assert.match(code, line)
      code = code.replace(line, () => `var ${name} = ${JSON.stringify(value)}`)
    }
    const saved = await app.call('PUT', path, { developer, body: { code } })
    assert.equal(saved.status, 200, saved.text)
  }
  return {
    app,
    system,
    developer,
    setConstants: (values: Constants) => edit(`/codeadmin/v/2/library/${system.key}/ConstantsTwoFactor`, values),
    setTop: (values: Constants) => edit(`/admin/code/v/1/${system.key}/SetupTwoFactorAuth`, values),
    /** Save and Test. */
    setUp: async () => (await app.run(system, 'SetupTwoFactorAuth', {}, { developer })).body,
    /** The two steps of the guide that come after it. */
    async turnOn() {
      const path = `/admin/code/v/1/${system.key}/authOverride`
      const set = await app.call('PUT', path, { developer, body: { run_user: runAs } })
      assert.equal(set.status, 200, set.text)
      await app.set(system, { auth_service: 'authOverride' })
    },
    auth: (body: unknown, headers: Record<string, string> = {}) =>
      app.call('POST', '/api/v/1/user/auth', { system, body, headers }),
    rows: async (): Promise<any[]> =>
      (await app.call('GET', `/api/v/1/collection/${system.key}/TwoFactorAuthTokens`, { developer })).body.DATA,
    inbox: async (): Promise<any[]> =>
      (await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })).body,
    roles: async (userId: string): Promise<string[]> =>
      (await app.call('GET', `/admin/user/${system.key}/roles`, { developer, query: { user: userId } })).body
        .map((role: any) => role.Name)
        .sort(),
    users: async (): Promise<any[]> => (await app.call('GET', `/admin/user/${system.key}`, { developer })).body.Data,
    checkAuth: async (userToken: string): Promise<number> =>
      (await app.call('POST', '/api/v/1/user/checkauth', { system, token: userToken })).status,
  }
}

const testUser = (users: any[]) => users.find((one) => one.email === 'test@example.com')

/** Installed, set up and turned on, with the password that the set-up made for the test user. */
async function ready(t: TestContext, constants: Constants = {}, args: string[] = []) {
  const walk = await install(t, args)
  await walk.setConstants(constants)
  await walk.setTop({ TEST_USER_PHONE: phone })
  const ran = await walk.setUp()
  assert.equal(ran.success, true, JSON.stringify(ran))
  await walk.turnOn()
  const { email, password } = testUser(ran.results.users)
  const first = () => walk.auth({ email, password, factor: 1 })
  const second = (factorId: unknown, code: unknown) =>
    walk.auth({ email: 'a', password: 'b', factor: 2, factor_id: factorId, code })
  const lastCode = async (): Promise<string> => /\d{6}/.exec((await walk.inbox()).at(-1).body)![0]
  return { ...walk, credentials: { email, password }, first, second, lastCode }
}

const otherThan = (code: string): string => (code === '000000' ? '000001' : '000000')

function demandRefused(answer: any, message: RegExp): void {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.user_token, '')
  assert.equal(answer.body.user_id, '')
  assert.equal(answer.body.options.err, true)
  assert.match(answer.body.options.message, message)
}

test('the guide, from the address of the package to a session', async (t) => {
  const walk = await install(t)
  const { app, system } = walk
  await walk.setConstants({
    PLATFORM_URL: app.app.means.publicUrl(),
    TWILIO_KEY: account,
    TWILIO_SECRET: token,
    TWILIO_SOURCE_NUMBER: from,
    SMS_MESSAGE: 'Your confirmation code is',
  })
  await walk.setTop({ TEST_USER_PHONE: phone })
  const ran = await walk.setUp()
  assert.equal(ran.success, true, JSON.stringify(ran))
  assert.match(ran.results.message, /^Success/)
  assert.match(ran.results.message, /inbox/)
  assert.deepEqual(ran.results.messages, { where: 'inbox' })
  assert.deepEqual(
    ran.results.users.map(({ email, roles }: any) => [email, roles]),
    [
      [runAs, ['Authenticated', 'authOverrideRole']],
      ['portalEditor@example.com', ['Authenticated', 'portalEditor']],
      ['test@example.com', ['Authenticated']],
    ],
  )
  for (const user of await walk.users()) {
    const { roles } = ran.results.users.find((one: any) => one.email === user.email)
    assert.deepEqual(await walk.roles(user.user_id), roles)
  }
  await walk.turnOn()
  const check = await app.call('GET', `/admin/v/4/system/${system.key}/auth-service/check`, walk)
  assert.deepEqual(check.body.findings, [])

  const { email, password } = testUser(ran.results.users)
  const first = await walk.auth({ email, password, factor: 1 })
  assert.equal(first.status, 200, first.text)
  assert.equal(first.body.user_token, '')
  const { factor_id: factorId, message } = first.body.options
  assert.equal(first.body.options.err, false, first.text)
  assert.match(message, /sent to \+1 ••• 0123/)
  const [sms] = await walk.inbox()
  assert.equal(sms.to, phone)
  const code = /^Your confirmation code is (\d{6})$/.exec(sms.body)![1]!
  assert.doesNotMatch(first.text, new RegExp(code))
  const [row] = await walk.rows()
  assert.deepEqual([row.email, row.sms_code], [email, code], 'the collection shows the code that was sent')
  assert.match(row.auth_token, /^pending /)

  const second = await walk.auth({ email: 'a', password: 'b', factor: 2, factor_id: factorId, code })
  assert.ok(second.body.user_token, second.text)
  const { user_id: userId } = testUser(await walk.users())
  assert.equal(second.body.user_id, userId)
  assert.deepEqual(second.body.options, {
    err: false,
    message: 'Welcome',
    email,
    factor: { kind: 'phone', to: '+1 ••• 0123' },
    session_seconds: 432_000,
  })
  assert.equal(await walk.checkAuth(second.body.user_token), 200)
  assert.deepEqual(await walk.rows(), [], 'nothing is pending any more')
  const [trace] = (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, walk)).body
  assert.equal(trace.decision, 'granted')
})

test('the portal is kept as one that can be opened: two pages, widgets with their code, roles that may see it', async (t) => {
  const { app, system, developer } = await install(t)
  const portal = await app.call('GET', `/api/v/2/portals/${system.key}/Two Factor Login`, { developer })
  const { config, type } = portal.body
  assert.equal(type, 'custom_v2', portal.text)
  const {
    pages,
    panes,
    widgets,
    paneGridWidgetLayouts: layouts,
  } = typeof config === 'string' ? JSON.parse(config) : config
  assert.deepEqual(
    Object.values<any>(pages).map((page) => page.name),
    ['Home', 'SuccessPage'],
  )
  for (const pane of Object.values<any>(panes)) {
    assert.ok(pages[pane.pageId])
    for (const place of layouts[pane.tabInfo.activeTab].lg) {
      const { HTML, JavaScript } = widgets[place.i].props.html.value
      for (const [, id] of JavaScript.matchAll(/\$\('#(\w+)'\)/g)) assert.ok(HTML.includes(`id="${id}"`), id)
      new Function(JavaScript)
    }
  }
  const roles = await app.call('GET', `/admin/user/${system.key}/roles`, { developer })
  const levels = roles.body.flatMap((role: any) => role.Permissions.Portals.map((one: any) => [role.Name, one.Level]))
  assert.deepEqual(levels.sort(), [
    ['Anonymous', 1],
    ['Authenticated', 1],
    ['portalEditor', 5],
  ])
})

test('with nothing filled in, development works: the phone is made up, and messages go to the inbox', async (t) => {
  const walk = await install(t)
  const ran = await walk.setUp()
  assert.equal(ran.success, true, JSON.stringify(ran))
  await walk.turnOn()
  assert.match(ran.results.message, /made up/)
  const { email, password, phone: madeUp } = testUser(ran.results.users)
  const first = await walk.auth({ email, password })
  assert.equal(first.body.options.err, false, first.text)
  assert.equal((await walk.inbox())[0].to, madeUp)
})

test('a body without a factor, as every SDK sends it, begins with the first', async (t) => {
  const walk = await ready(t)
  const plain = await walk.auth(walk.credentials)
  assert.equal(plain.status, 200)
  assert.equal(plain.body.user_token, '')
  const { factor_id: factorId } = plain.body.options
  const second = await walk.auth({ factor_id: factorId, code: await walk.lastCode() })
  assert.ok(second.body.user_token, second.text)
})

test('a code is good once, for its own factor id, as a number too', async (t) => {
  const walk = await ready(t)
  const { factor_id: factorId } = (await walk.first()).body.options
  const code = await walk.lastCode()
  const bad = /not right, or no longer good/
  demandRefused(await walk.second(factorId, otherThan(code)), bad)
  demandRefused(await walk.second(undefined, code), /factor_id .* missing/)
  demandRefused(await walk.second('', code), /factor_id .* missing/)
  demandRefused(await walk.second([factorId], code), /factor_id .* missing/)
  demandRefused(await walk.second(code, factorId), bad)
  demandRefused(await walk.second('nobody gave this', code), bad)
  demandRefused(await walk.second(factorId, undefined), /code is missing/)
  demandRefused(await walk.second(factorId, { $ne: '' }), /code is missing/)
  demandRefused(await walk.auth({ ...walk.credentials, factor: 3 }), /factor must be 1 or 2/)
  const [row] = await walk.rows()
  demandRefused(await walk.second(row.item_id, code), bad)
  demandRefused(await walk.second(row.auth_token, code), bad)
  const granted = await walk.second(factorId, Number(code))
  assert.ok(granted.body.user_token, granted.text)
  demandRefused(await walk.second(factorId, code), bad)
})

test('a wrong password and an unknown user hear the same, and no message is sent', async (t) => {
  const walk = await ready(t)
  const wrong = await walk.auth({ email: walk.credentials.email, password: 'the plant is loud', factor: 1 })
  const unknown = await walk.auth({ email: 'nobody@example.com', password: 'the plant is loud', factor: 1 })
  demandRefused(wrong, /e-mail or the password is not right/)
  assert.deepEqual(unknown.body, wrong.body)
  demandRefused(await walk.auth({ factor: 1 }), /./)
  demandRefused(await walk.auth({}), /./)
  assert.deepEqual(await walk.inbox(), [])
  assert.deepEqual(await walk.rows(), [])
})

test('another code takes the place of the first, and not before half a minute', async (t) => {
  const walk = await ready(t)
  const { factor_id: factorId } = (await walk.first()).body.options
  const code = await walk.lastCode()
  demandRefused(await walk.auth({ factor_id: factorId, resend: true }), /a moment ago/)
  demandRefused(await walk.auth({ resend: true }), /factor_id .* missing/)
  walk.app.advance(aMoment)
  const again = await walk.auth({ email: 'a', password: 'b', factor_id: factorId, resend: true })
  assert.equal(again.body.options.err, false, again.text)
  assert.equal(again.body.user_token, '')
  assert.equal((await walk.rows()).length, 1, 'the first is pending no more')
  demandRefused(await walk.second(factorId, code), /no longer good/)
  const second = await walk.second(again.body.options.factor_id, await walk.lastCode())
  assert.ok(second.body.user_token, second.text)
})

test('nobody signs in as the account that the service runs as, not even where its roles are excused', async (t) => {
  const walk = await install(t)
  await walk.setConstants({ PASSWORD_ONLY_ROLES: ['Authenticated', 'authOverrideRole'] })
  const ran = await walk.setUp()
  await walk.turnOn()
  const [{ email, password }] = ran.results.users
  assert.equal(email, runAs)
  const answer = await walk.auth({ email, password })
  assert.ok(!answer.body.user_token, answer.text)
})

/** What an app shows that was given this secret. */
function shownBy(secret: string, at: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const number = [...secret].reduce((sum, letter) => sum * 32n + BigInt(letters.indexOf(letter)), 0n)
  return totpCode(number.toString(16).padStart(40, '0'), stepAt(at))
}

test('an authenticator app, from the code of the developer to a session; a recovery code stands in for it', async (t) => {
  const walk = await ready(t)
  const { app, system, developer } = walk
  const { user_id: userId } = testUser(await walk.users())
  const given = await app.call('POST', `/admin/v/4/system/${system.key}/users/${userId}/enrolment`, { developer })
  const { enrolment } = given.body
  const own = (path: string, body: Record<string, unknown>) =>
    app.call('POST', `/api/v/4/user/authenticators/${path}`, {
      system,
      body: { ...walk.credentials, enrolment, ...body },
    })
  const { secret } = (await own('enrol', { kind: 'totp' })).body
  const code = () => shownBy(secret, app.app.means.clock.now())
  const bound = await own('confirm', { code: code() })
  assert.equal(bound.status, 200, bound.text)
  const [recovery] = bound.body.recovery_codes
  app.advance(aMoment)

  const first = (await walk.first()).body.options
  assert.deepEqual([first.kind, first.kinds], ['totp', ['totp', 'phone', 'recovery']])
  assert.match(first.message, /authenticator app shows/)
  assert.ok(!(await walk.inbox()).some(({ body }) => /\d{6}/.test(body)), 'no code is sent')
  demandRefused(await walk.auth({ factor_id: first.factor_id, resend: true }), /no code is sent/)
  const granted = await walk.second(first.factor_id, code())
  assert.equal(await walk.checkAuth(granted.body.user_token), 200, granted.text)
  assert.deepEqual(granted.body.options.factor, { kind: 'totp', to: 'authenticator app' })

  const byPhone = (await walk.auth({ ...walk.credentials, factor_kind: 'phone' })).body.options
  assert.equal(byPhone.kind, 'phone')
  assert.ok((await walk.second(byPhone.factor_id, await walk.lastCode())).body.user_token)
  const byRecovery = (await walk.auth({ ...walk.credentials, factor_kind: 'recovery' })).body.options
  assert.match(byRecovery.message, /recovery codes/)
  const recovered = await walk.second(byRecovery.factor_id, recovery)
  assert.deepEqual(recovered.body.options.factor, { kind: 'recovery', to: 'recovery codes' }, recovered.text)
  const again = (await walk.auth({ ...walk.credentials, factor_kind: 'recovery' })).body.options
  demandRefused(await walk.second(again.factor_id, recovery), /not right/)
  for (const kind of ['sms', ['totp'], 1, '']) {
    demandRefused(await walk.auth({ ...walk.credentials, factor_kind: kind }), /factor_kind must be/)
  }
})

test('a user without a phone is refused with the reason', async (t) => {
  const walk = await ready(t)
  await walk.app.createUser(walk.system, 'op@example.com', 'the plant is quiet')
  demandRefused(await walk.auth({ email: 'op@example.com', password: 'the plant is quiet' }), /no phone/)
})

test('the collection is a window: rows decide nothing, and only its role and developers read them', async (t) => {
  const walk = await ready(t)
  const { app, system, developer } = walk
  const path = `/api/v/1/data/${system.key}/TwoFactorAuthTokens`
  const old = { email: 'x', auth_token: 'pending x', sms_code: '1', auth_date: '2020-01-01T00:00:00Z' }
  const collection = `/api/v/1/collection/${system.key}/TwoFactorAuthTokens`
  for (let i = 0; i < 23; i++) await app.call('POST', collection, { developer, body: old })
  const { factor_id: factorId } = (await walk.first()).body.options
  assert.equal((await walk.rows()).length, 4, 'twenty of those that are too old are removed at a time')
  const code = await walk.lastCode()
  const update = { query: [[{ EQ: [{ email: walk.credentials.email }] }]], $set: { sms_code: otherThan(code) } }
  const changed = await app.call('PUT', collection, { developer, body: update })
  assert.equal(changed.status, 200, changed.text)
  demandRefused(await walk.second(factorId, otherThan(code)), /not right/)
  await app.call('DELETE', collection, { developer, query: { query: '[]' } })
  const granted = await walk.second(factorId, code)
  assert.ok(granted.body.user_token, granted.text)
  const anonymous = (await app.call('POST', '/api/v/1/user/anon', { system })).body.user_token
  for (const reader of [granted.body.user_token, anonymous]) {
    for (const address of [path, collection]) {
      assert.ok((await app.call('GET', address, { token: reader })).status >= 400, address)
    }
  }
})

test('called by anybody but the node, the service lets nobody in', async (t) => {
  const walk = await ready(t)
  const anonymous = (await walk.app.call('POST', '/api/v/1/user/anon', { system: walk.system })).body.user_token
  const called = await walk.app.run(walk.system, 'authOverride', walk.credentials, { token: anonymous })
  assert.equal(called.body.success, false)
  assert.match(called.body.results.options.message, /auth service/)
  assert.deepEqual(await walk.inbox(), [])
})

test('the set-up runs twice: passwords stay unless one is set, roles and phone are set again', async (t) => {
  const walk = await ready(t)
  const { app, system, developer } = walk
  const { user_id: userId } = testUser(await walk.users())
  const body = { user: userId, changes: { roles: { delete: ['Authenticated'] } } }
  await app.call('PUT', `/admin/user/${system.key}`, { developer, body })
  await walk.setTop({ TEST_USER_PHONE: '+14155550199' })
  const again = await walk.setUp()
  assert.equal(again.success, true, JSON.stringify(again))
  assert.ok(again.results.users.every((user: any) => user.password === undefined))
  assert.equal((await walk.users()).length, 3)
  assert.deepEqual(await walk.roles(userId), ['Authenticated'])
  const first = await walk.first()
  assert.match(first.body.options.message, /0199/, first.text)

  await walk.setTop({ TEST_USER_PASSWORD: 'another plant is quiet', TEST_USER_PHONE: '' })
  assert.equal((await walk.setUp()).success, true)
  demandRefused(await walk.first(), /not right/)
  app.advance(aMoment)
  const other = await walk.auth({ ...walk.credentials, password: 'another plant is quiet' })
  assert.match(other.body.options.message, /0199/, 'a phone that is there stays')
})

test('the set-up names what is wrong and makes nobody', async (t) => {
  const walk = await install(t)
  const { app, system } = walk
  await walk.setConstants({ TWILIO_KEY: account, SIGN_IN_HOURS: ['weekdays 6-18'] })
  const refused = await walk.setUp()
  assert.equal(refused.success, false)
  assert.deepEqual(refused.results.problems, [
    'SIGN_IN_HOURS or TIME_ZONE in ConstantsTwoFactor: "weekdays 6-18" is not written like Mon-Fri 06:00-18:00.',
    'Some of the Twilio account is missing in ConstantsTwoFactor: TWILIO_SECRET, TWILIO_SOURCE_NUMBER.',
  ])
  assert.match(refused.results.message, /^Nothing was set up/)
  assert.deepEqual(await walk.users(), [])

  await walk.setConstants({ TWILIO_KEY: '', SIGN_IN_HOURS: [] })
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const user = await app.signIn(system, 'op@example.com', 'the plant is quiet')
  await app.grant(system, 'Authenticated', { services: [{ itemInfo: { name: 'SetupTwoFactorAuth' }, permissions: 1 }] })
  const byUser = await app.run(system, 'SetupTwoFactorAuth', {}, { token: user })
  assert.equal(byUser.body.success, false)
  assert.match(byUser.body.results.message, /as a developer/)
  assert.equal((await walk.users()).length, 1)

  await walk.setTop({ TEST_USER_PHONE: 'my phone' })
  const odd = await walk.setUp()
  assert.equal(odd.success, false)
  assert.match(odd.results.problems[0], /No code can be sent to the phone of test@example\.com/)
  assert.ok(testUser(odd.results.users).password, 'what was made until then is not lost')
})

test('in production the set-up says what is missing, and no code is ever shown', async (t) => {
  const twilio = await fakeTwilio(t)
  const walk = await install(t, [...production, '--route', `https://api.twilio.com=${twilio.url}`])
  const refused = await walk.setUp()
  assert.equal(refused.success, false)
  assert.match(refused.results.problems[0], /TWILIO_KEY, TWILIO_SECRET, TWILIO_SOURCE_NUMBER/)
  assert.match(refused.results.problems[1], /TEST_USER_PHONE/)
  assert.deepEqual(await walk.users(), [])
  await walk.setConstants({ TWILIO_KEY: 'my account', TWILIO_SECRET: token, TWILIO_SOURCE_NUMBER: from })
  await walk.setTop({ TEST_USER_PHONE: '+14152223344' })
  assert.match((await walk.setUp()).results.problems[0], /no Account SID/)
  await walk.setConstants({ TWILIO_KEY: account })
  const ran = await walk.setUp()
  assert.equal(ran.success, true, JSON.stringify(ran))
  assert.deepEqual(ran.results.messages, { where: 'provider' })
  await walk.turnOn()

  const { email, password } = testUser(ran.results.users)
  const first = await walk.auth({ email, password })
  assert.equal(first.body.options.err, false, first.text)
  const [taken] = twilio.taken
  assert.equal(taken!.headers.authorization, `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`)
  const form = new URLSearchParams(taken!.body)
  assert.deepEqual([form.get('To'), form.get('From')], ['+14152223344', from])
  const code = /^Your code is (\d{6})$/.exec(form.get('Body')!)![1]!
  assert.ok(!first.text.includes(code))
  const [row] = await walk.rows()
  assert.deepEqual([row.email, row.sms_code], [email, ''], 'only that one is pending')
  assert.ok(!JSON.stringify(row).includes(code))
  const second = await walk.auth({ factor: 2, factor_id: first.body.options.factor_id, code })
  assert.equal(await walk.checkAuth(second.body.user_token), 200, second.text)

  twilio.behaves.splice(0, 1, 400)
  walk.app.advance(aMoment)
  demandRefused(await walk.auth({ email, password }), /could not be sent/)
  assert.deepEqual(await walk.rows(), [])
})

test('who holds nothing but excused roles needs no code; every other role owes it', async (t) => {
  const walk = await ready(t, { PASSWORD_ONLY_ROLES: ['Authenticated'] })
  const { app, system, developer } = walk
  const alone = await walk.auth(walk.credentials)
  assert.equal(await walk.checkAuth(alone.body.user_token), 200, alone.text)
  assert.deepEqual(alone.body.options.factor, { kind: 'password' })
  assert.deepEqual(await walk.inbox(), [])
  const { user_id: user } = testUser(await walk.users())
  const body = { user, changes: { roles: { add: ['portalEditor'] } } }
  await app.call('PUT', `/admin/user/${system.key}`, { developer, body })
  const owes = await walk.auth(walk.credentials)
  assert.equal(owes.body.user_token, '')
  assert.ok(owes.body.options.factor_id, owes.text)
  app.advance(aMoment)
  for (const names of [['Authenticated', 'portaleditor'], 'Authenticated, portalEditor', null]) {
    await walk.setConstants({ PASSWORD_ONLY_ROLES: names })
    assert.equal((await walk.auth(walk.credentials)).body.user_token ?? '', '', JSON.stringify(names))
  }
})

test('in a trusted network the password is enough, by the address that the node saw and by no word of the client', async (t) => {
  const walk = await ready(t, { TRUSTED_NETWORKS: ['::1/128', '127.0.0.0/8'] })
  const inside = await walk.auth(walk.credentials)
  assert.equal(await walk.checkAuth(inside.body.user_token), 200, inside.text)
  assert.deepEqual(inside.body.options.factor, { kind: 'password' })
  const elsewhere = [['10.0.0.0/8'], ['127.0.0.1/32', 'the plant'], ['127.0.0.1'], ['::/0'], '127.0.0.0/8', null]
  for (const networks of elsewhere) {
    await walk.setConstants({ TRUSTED_NETWORKS: networks })
    const body = { ...walk.credentials, address: '127.0.0.1', proven: { address: '127.0.0.1' } }
    const owes = await walk.auth(body)
    assert.equal(owes.body.user_token ?? '', '', JSON.stringify(networks))
    walk.app.advance(aMoment)
  }
})

test('outside the area nobody comes in; being there excuses nobody from the code', async (t) => {
  const walk = await ready(t, { SIGN_IN_AREA: { latitude: 52.52, longitude: 13.4, radius_km: 5 } })
  const at = (latitude: number, longitude: number) => ({ ...walk.credentials, position: { latitude, longitude } })
  demandRefused(await walk.auth(walk.credentials), /needs the position/)
  demandRefused(await walk.auth(at(52.6, 13.4)), /at the plant only/)
  const begun = await walk.auth(at(52.53, 13.41))
  assert.equal(begun.body.user_token, '')
  const { factor_id: factorId } = begun.body.options
  const code = await walk.lastCode()
  demandRefused(await walk.second(factorId, code), /needs the position/)
  const { position } = at(52.52, 13.4)
  const granted = await walk.auth({ factor: 2, factor_id: factorId, code, position })
  assert.equal(await walk.checkAuth(granted.body.user_token), 200, granted.text)
  walk.app.advance(aMoment)
  await walk.setConstants({ SIGN_IN_AREA: { latitude: 'here' } })
  demandRefused(await walk.auth(at(52.52, 13.4)), /cannot be read/)
})

test('from another country, or one that nobody knows, nobody comes in by either factor; the right one excuses nobody', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'countries.mmdb')
  writeFileSync(file, countryDatabase({ '203.0.113.0/24': 'DE', '198.51.100.0/24': 'FR' }))
  const args = ['--geoip', file, '--trusted-proxies', '127.0.0.1']
  const walk = await ready(t, { COUNTRIES: ['DE', 'AT'] }, args)
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const [here, there, nowhere] = [from('203.0.113.9'), from('198.51.100.9'), from('192.0.2.9')]
  const claims = {
    ...walk.credentials,
    country: 'DE',
    proven: { country: 'DE' },
    position: { latitude: 52, longitude: 13 },
  }
  for (const place of [there, nowhere, {}])
    demandRefused(await walk.auth(claims, place), /not possible from where you are/)
  const begun = await walk.auth(walk.credentials, here)
  assert.equal(begun.body.user_token, '', begun.text)
  const second = { factor: 2, factor_id: begun.body.options.factor_id, code: await walk.lastCode() }
  demandRefused(await walk.auth(second, there), /not possible/)
  const granted = await walk.auth(second, here)
  assert.equal(await walk.checkAuth(granted.body.user_token), 200, granted.text)
  walk.app.advance(aMoment)
  await walk.setConstants({ TRUSTED_NETWORKS: ['192.0.2.0/24'] })
  assert.equal(await walk.checkAuth((await walk.auth(walk.credentials, nowhere)).body.user_token), 200)
  for (const countries of ['DE', ['de'], ['Germany'], [7], null]) {
    await walk.setConstants({ COUNTRIES: countries })
    demandRefused(await walk.auth(walk.credentials, here), /cannot be read/)
    assert.match((await walk.setUp()).results.message, /COUNTRIES/)
  }
})

test('without a country database a rule of countries lets nobody in', async (t) => {
  const walk = await ready(t, { COUNTRIES: ['DE'] })
  demandRefused(await walk.first(), /not possible/)
})

test('a device is remembered where the constants allow it and the person asks, and owes the code where they do not', async (t) => {
  const walk = await ready(t)
  const signIn = async (more: Record<string, unknown> = {}) => {
    walk.app.advance(aMoment)
    const { factor_id: factorId } = (await walk.first()).body.options
    return walk.auth({ factor: 2, factor_id: factorId, code: await walk.lastCode(), ...more })
  }
  assert.equal((await signIn({ remember_device: true })).body.options.device_token, undefined, 'not allowed')
  await walk.setConstants({ REMEMBERED_DEVICES: true, REMEMBER_DAYS: 7 })
  assert.equal((await signIn()).body.options.device_token, undefined, 'not asked for')
  assert.equal((await signIn({ remember_device: 'yes' })).body.options.device_token, undefined)
  const granted = (await signIn({ remember_device: true })).body
  const { device_token, device_expires_at } = granted.options
  assert.match(granted.user_token, /^ghu_/)
  assert.match(device_token, /^ghk_/)
  const days = (Date.parse(device_expires_at) - walk.app.app.means.clock.now()) / 86_400_000
  assert.equal(Math.round(days), 7)
  const known = await walk.auth({ ...walk.credentials, device_token })
  assert.equal(await walk.checkAuth(known.body.user_token), 200, known.text)
  assert.deepEqual(known.body.options.factor, { kind: 'device', to: '' })
  const { length } = await walk.inbox()
  for (const wrong of ['ghk_wrong', '', 7, null]) {
    const owes = await walk.auth({ ...walk.credentials, device_token: wrong })
    assert.match(owes.body.options.message, /code/, owes.text)
    assert.equal(owes.body.user_token, '')
    walk.app.advance(aMoment)
  }
  assert.ok((await walk.inbox()).length > length, 'a code was sent')
  for (const constants of [{ REMEMBERED_DEVICES: 'yes' }, { REMEMBERED_DEVICES: true, REMEMBER_DAYS: 365 }]) {
    await walk.setConstants(constants)
    assert.equal((await walk.auth({ ...walk.credentials, device_token })).body.user_token, '')
    assert.match((await walk.setUp()).results.message, /REMEMBER/)
    walk.app.advance(aMoment)
  }
  await walk.setConstants({ REMEMBERED_DEVICES: false, REMEMBER_DAYS: 7 })
  assert.equal((await walk.auth({ ...walk.credentials, device_token })).body.user_token, '')
})

test('where no code reaches the phone, the next second factor is asked for; one message at most, and none after a doubt', async (t) => {
  const twilio = await fakeTwilio(t)
  const walk = await ready(t, { SECOND_FACTORS: ['phone', 'totp'] }, [
    '--route',
    `https://api.twilio.com=${twilio.url}`,
  ])
  const { app, system, developer } = walk
  const { user_id: userId } = testUser(await walk.users())
  await app.call('PUT', `/admin/user/${system.key}`, {
    developer,
    body: { user: userId, changes: { sms_phone: '+14152223344' } },
  })
  await walk.setConstants({ TWILIO_KEY: account, TWILIO_SECRET: token, TWILIO_SOURCE_NUMBER: from })
  await app.set(system, { messages_to: 'provider' })
  const kindOf = async () => {
    app.advance(aMoment)
    const { body } = await walk.first()
    return body.options.err ? body.options.message : body.options.kind
  }
  twilio.behaves = [400]
  assert.match(await kindOf(), /The code could not be sent/, 'there is no other')

  const given = await app.call('POST', `/admin/v/4/system/${system.key}/users/${userId}/enrolment`, { developer })
  const own = async (path: string, body: Record<string, unknown>) => {
    const { enrolment } = given.body
    const more = { ...walk.credentials, enrolment, ...body }
    return (await app.call('POST', `/api/v/4/user/authenticators/${path}`, { system, body: more })).body
  }
  const { secret } = await own('enrol', { kind: 'totp' })
  await own('confirm', { code: shownBy(secret, app.app.means.clock.now()) })
  const sent = twilio.taken.length
  assert.equal(await kindOf(), 'totp')
  assert.equal(twilio.taken.length, sent + 1, 'asked once')
  const [trace] = (await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins`, { developer })).body
  assert.deepEqual(
    trace.secondFactor.map(({ step, kind }: any) => [step, kind]),
    [
      ['refused', 'phone'],
      ['given', 'totp'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(trace), /4152223344/)
  twilio.behaves = ['lose']
  assert.equal(await kindOf(), 'phone', 'it may be on its way')
  assert.equal(twilio.taken.length, sent + 2)
  twilio.behaves = ['take']
  assert.equal(await kindOf(), 'phone')
  // Five an hour to one number, refused ones among them.
  assert.equal(await kindOf(), 'phone')
  assert.equal(await kindOf(), 'totp')
  assert.equal(twilio.taken.length, sent + 4)
  const named = await walk.auth({ ...walk.credentials, factor_kind: 'phone' })
  demandRefused(named, /could not be sent.*limit/)

  for (const kinds of [['badge'], ['phone', 'phone'], 'phone', { length: 1 }]) {
    await walk.setConstants({ SECOND_FACTORS: kinds })
    app.advance(aMoment)
    const { body } = await walk.first()
    assert.equal(body.user_token ?? '', '')
    assert.equal(body.options?.factor_id, undefined)
    assert.match((await walk.setUp()).results.message, /SECOND_FACTORS/)
  }
  assert.equal(twilio.taken.length, sent + 4)
})

test('outside the hours nobody comes in by either factor, and hours that cannot be read are no hours', async (t) => {
  const walk = await ready(t)
  const { factor_id: factorId } = (await walk.first()).body.options
  const code = await walk.lastCode()
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
  const inTwoDays = days[(new Date().getUTCDay() + 2) % 7]
  await walk.setConstants({ SIGN_IN_HOURS: [`${inTwoDays} 00:00-24:00`] })
  demandRefused(await walk.first(), new RegExp(`You can sign in ${inTwoDays} 00:00-24:00 \\(UTC\\)`))
  demandRefused(await walk.second(factorId, code), /You can sign in/)
  for (const odd of [
    { SIGN_IN_HOURS: 'always' },
    { SIGN_IN_HOURS: ['Mon'] },
    { SIGN_IN_HOURS: [], TIME_ZONE: 'Nowhere' },
  ]) {
    await walk.setConstants(odd)
    demandRefused(await walk.second(factorId, code), /cannot be read/)
  }
  await walk.setConstants({ SIGN_IN_HOURS: ['Sun-Sat 00:00-24:00'], TIME_ZONE: 'Europe/Berlin' })
  const granted = await walk.second(factorId, code)
  assert.ok(granted.body.user_token, granted.text)
})

test('hours are read on the wall clock of their time zone, over midnight and over the week', async (t) => {
  const { app, system, developer } = await install(t)
  await app.createService(
    system,
    'open',
    'function open(req, resp) { resp.success(TwoFactorRules.isOpen(req.params.hours, req.params.zone, new Date(req.params.at))) }',
    { requires: 'TwoFactorRules' },
  )
  const isOpen = async (hours: string[], zone: string, at: string): Promise<boolean> => {
    const ran = await app.run(system, 'open', { hours, zone, at }, { developer })
    assert.equal(ran.body.success, true, ran.text)
    return ran.body.results
  }
  const weekdays = ['Mon-Fri 06:00-18:00', 'Sat 08:00-12:00']
  // 2026-03-06 is a Friday; Berlin is an hour ahead of UTC in winter and two in summer.
  const cases: [string[], string, string, boolean][] = [
    [[], 'UTC', '2026-03-06T00:00:00Z', true],
    [weekdays, 'UTC', '2026-03-06T05:59:59Z', false],
    [weekdays, 'UTC', '2026-03-06T06:00:00Z', true],
    [weekdays, 'UTC', '2026-03-06T18:00:00Z', false],
    [weekdays, 'UTC', '2026-03-07T11:59:00Z', true],
    [weekdays, 'UTC', '2026-03-08T09:00:00Z', false],
    [weekdays, 'Europe/Berlin', '2026-03-06T05:00:00Z', true],
    [weekdays, 'Europe/Berlin', '2026-07-03T04:00:00Z', true],
    [weekdays, 'Europe/Berlin', '2026-07-03T16:00:00Z', false],
    [['Fri 22:00-06:00'], 'UTC', '2026-03-06T23:00:00Z', true],
    [['Fri 22:00-06:00'], 'UTC', '2026-03-07T05:59:00Z', true],
    [['Fri 22:00-06:00'], 'UTC', '2026-03-07T23:00:00Z', false],
    [['Fri 22:00-06:00'], 'UTC', '2026-03-06T05:00:00Z', false],
    [['Sat-Mon 08:00-24:00'], 'UTC', '2026-03-09T23:59:00Z', true],
    [['Sat-Mon 08:00-24:00'], 'UTC', '2026-03-10T08:00:00Z', false],
    [['Sun,Wed 00:00-24:00'], 'UTC', '2026-03-08T00:00:00Z', true],
  ]
  for (const [hours, zone, at, expected] of cases)
    assert.equal(await isOpen(hours, zone, at), expected, `${hours} ${zone} ${at}`)
})
