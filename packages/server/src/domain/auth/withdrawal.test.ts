/** A version of the auth service that errs too often withdraws itself, and what the developer named as safe takes over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../../test/support/app.ts'

const password = 'the plant is quiet'

/** Where the library says `broken`, it throws: before the password is looked at, or after. */
const gate = `function gate(req, resp) {
  if (mode() === 'broken' || req.params.upset) nothing.at.all()
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
    callback: function (err, body) {
      if (err) return resp.error({ authToken: '', user_id: '', options: {} })
      if (mode() === 'broken late') nothing.at.all()
      resp.success({ authToken: body.authToken, user_id: '', options: { mode: mode() } })
    } })
}`
const library = (mode: string) => `function mode() { return ${JSON.stringify(mode)} }`

async function plant(app: TestApp, rule: unknown = { share: 0.5, window: 300, least: 3 }) {
  const system = await app.createSystem()
  const people = ['ann', 'bob', 'cleo', 'dan', 'eve', 'fay'].map((name) => `${name}@example.com`)
  for (const email of people) await app.createUser(system, email, password)
  await app.createLibrary(system, 'Mode', library('old'))
  await app.createService(system, 'gate', gate, { requires: 'clearblade,Mode', executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'gate', auth_withdraw: rule })
  const path = `/admin/v/4/system/${system.key}/auth-service`
  const developer = app.developer
  return {
    system,
    people,
    signIn: (email: string, more: Record<string, unknown> = {}) =>
      app.call('POST', '/api/v/1/user/auth', { system, body: { email, password, ...more } }),
    setMode: (mode: string) =>
      app.call('PUT', `/codeadmin/v/2/library/${system.key}/Mode`, { developer, body: { code: library(mode) } }),
    call: (method: 'GET' | 'POST' | 'DELETE', what: string) => app.call(method, `${path}/${what}`, { developer }),
    state: async () => (await app.call('GET', `${path}/versions`, { developer })).body,
  }
}

test('the version named as safe serves, with its libraries as they were', async (t) => {
  const app = await createTestApp(t)
  const { system, people, signIn, setMode, call, state } = await plant(app)
  assert.equal((await call('POST', 'versions/safe')).body.safe.version, 1)
  await setMode('broken late')
  for (const email of people.slice(0, 2)) assert.equal((await signIn(email)).status, 401)
  assert.equal((await state()).serving, 'current')
  assert.equal((await signIn(people[2]!)).status, 401)
  const after = await state()
  assert.equal(after.serving, 'safe')
  assert.deepEqual([after.withdrawn.erred, after.withdrawn.seen], [3, 3])

  const { body } = await signIn(people[0]!)
  assert.ok(body.user_token)
  assert.equal(body.options.mode, 'old')
  const traces = await app.call('GET', `/admin/v/4/system/${system.key}/sign-ins?limit=1`, { developer: app.developer })
  assert.deepEqual([traces.body[0].decision, traces.body[0].withdrawn], ['granted', 1])

  // What takes its place is another state of the code, and has its own chance.
  await setMode('new')
  assert.equal((await state()).serving, 'current')
  assert.equal((await signIn(people[0]!)).body.options.mode, 'new')
})

test('with none named, sign-in refuses everybody, and the check says so', async (t) => {
  const app = await createTestApp(t)
  const { people, signIn, setMode, call, state } = await plant(app)
  await setMode('broken late')
  for (const email of people.slice(0, 3)) await signIn(email)
  assert.equal((await state()).serving, 'none')
  const refused = await signIn(people[0]!)
  assert.equal(refused.status, 401)
  assert.equal(refused.body.user_token, undefined)
  const check = await call('GET', 'check')
  assert.match(check.body.findings[0].problem, /withdrew itself, and no safe version is named/)
  // What has withdrawn itself is not named as safe by mistake.
  const named = await call('POST', 'versions/safe')
  assert.deepEqual([named.status, (await state()).safe], [400, null])
  assert.match(named.body.error.detail, /has withdrawn itself/)

  await call('POST', 'versions/restore')
  assert.equal((await state()).serving, 'current')
  assert.equal((await state()).withdrawn, null)
})

test('counts an account once, however often it tries', async (t) => {
  const app = await createTestApp(t)
  const { people, signIn, setMode, state } = await plant(app)
  await setMode('broken late')
  for (let n = 0; n < 5; n++) await signIn(people[0]!)
  await signIn(people[1]!)
  assert.equal((await state()).serving, 'current')
})

test('a stranger with a list of e-mails counts as one, and with made-up ones as none', async (t) => {
  const app = await createTestApp(t)
  const { people, signIn, state } = await plant(app, { share: 0.01, window: 300, least: 2 })
  for (const email of people) assert.equal((await signIn(email, { password: 'wrong', upset: true })).status, 401)
  for (let n = 0; n < 5; n++) await signIn(`nobody${n}@example.com`, { upset: true })
  const { serving, withdrawn } = await state()
  assert.deepEqual([serving, withdrawn], ['current', null])
})

test('a refusal is no error, and a share below the rule withdraws nothing', async (t) => {
  const app = await createTestApp(t)
  const { people, signIn, state } = await plant(app, { share: 0.5, window: 300, least: 1 })
  for (const email of people.slice(0, 3)) assert.ok((await signIn(email)).body.user_token)
  for (const email of people.slice(3, 5)) assert.equal((await signIn(email, { password: 'wrong' })).body.user_token, '')
  await signIn(people[5]!, { upset: true })
  assert.equal((await state()).serving, 'current')
})

test('errors before the window are forgotten', async (t) => {
  const app = await createTestApp(t)
  const { people, signIn, setMode, state } = await plant(app)
  await setMode('broken late')
  await signIn(people[0]!)
  await signIn(people[1]!)
  app.advance(301_000)
  await signIn(people[2]!)
  assert.equal((await state()).serving, 'current')
})

test('another auth service, or a rule taken away, ends a withdrawal or its counting', async (t) => {
  const app = await createTestApp(t)
  const { system, people, signIn, setMode, call, state } = await plant(app, null)
  await setMode('broken late')
  for (const email of people.slice(0, 4)) await signIn(email)
  assert.equal((await state()).serving, 'current')
  await app.set(system, { auth_withdraw: { share: 0.5, window: 300, least: 1 } })
  await signIn(people[0]!)
  assert.equal((await state()).serving, 'none')
  await app.set(system, { auth_service: '' })
  assert.ok((await signIn(people[0]!)).body.user_token)
  assert.equal((await call('POST', 'versions/safe')).status, 400)
  await app.set(system, { auth_service: 'gate' })
  assert.equal((await state()).serving, 'current')
})

test('the rule is checked, and only its developer names a safe version', async (t) => {
  const app = await createTestApp(t)
  const { system, people, signIn } = await plant(app)
  for (const rule of [1, {}, { share: 0, window: 300 }, { share: 2, window: 300 }, { share: 0.5, window: 1 }]) {
    const body = { id: system.key, auth_withdraw: rule }
    const { status } = await app.call('PUT', '/admin/v/4/systemmanagement', { developer: app.developer, body })
    assert.equal(status, 400, JSON.stringify(rule))
  }
  const { body } = await signIn(people[0]!)
  const path = `/admin/v/4/system/${system.key}/auth-service/versions/safe`
  assert.equal((await app.call('POST', path, { system, token: body.user_token })).status, 403)
})
