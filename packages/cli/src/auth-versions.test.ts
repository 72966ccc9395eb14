/** Which version of the auth service serves, from a terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedIn } from './command.fixture.ts'

const password = 'the plant is quiet'
const gate = (mode: string) => `function gate(req, resp) {
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email, password: req.params.password,
    callback: function (err, body) { ${mode} } })
}`

test('a version that errs gives way to the one that was named as safe, until it is restored', async (t) => {
  const { app, person } = await signedIn(t)
  const system = await app.createSystem('plant')
  assert.match((await person.run(['auth', 'versions'])).stdout, /auth service +none: the password decides/)
  await app.createUser(system, 'op@example.com', password)
  const good = gate("err ? resp.error('no') : resp.success({ authToken: body.authToken, user_id: '', options: {} })")
  await app.createService(system, 'gate', good, { executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'gate' })

  const rule = await person.json(['auth', 'withdraw', '--share', '50', '--least', '1'])
  assert.deepEqual(rule.rule, { share: 0.5, window: 600, least: 1 })
  assert.equal((await person.json(['auth', 'safe'])).safe.version, 1)
  const body = { code: gate('nothing.at.all()') }
  await app.call('PUT', `/admin/code/v/1/${system.key}/gate`, { developer: app.developer, body })
  const signIn = () => app.call('POST', '/api/v/1/user/auth', { system, body: { email: 'op@example.com', password } })
  assert.equal((await signIn()).status, 401)
  const { stdout } = await person.run(['auth', 'versions'])
  assert.match(stdout, /serves +the safe version\n/)
  assert.match(stdout, /withdrawn +\S+, erred for 1 of 1\n/)
  assert.match(stdout, /withdraws itself +when it errs for 50 % of the accounts within 600 s, 1 at least/)
  assert.ok((await signIn()).body.user_token)

  assert.equal((await person.json(['auth', 'restore'])).serving, 'current')
  assert.equal((await person.json(['auth', 'safe', '--forget'])).safe, null)
  assert.equal((await person.json(['auth', 'withdraw', '--never'])).rule, null)
  for (const args of [[], ['--never', '--share', '5']]) {
    assert.equal((await person.run(['auth', 'withdraw', ...args])).code, 1)
  }
})
