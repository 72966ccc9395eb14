/** Trying and replaying sign-ins in the console: what would be decided is shown, and nothing of it happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'
import { installTwoFactor } from '../support/two-factor.ts'

test('a made-up sign-in shows both steps with each call, and leaves no attempt, message or session', {
  timeout: 120_000,
}, async (t) => {
  const app = await createTestApp(t)
  const { system } = await installTwoFactor(app)
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  const ask = async (rest: string) => (await app.call('GET', `/admin/v/4/${rest}`, { developer: app.developer })).body
  const traces = async () => (await ask(`system/${system.key}/sign-ins`)).length
  const before = await traces()
  await signIn()
  await go(`/systems/${system.key}/sign-ins`)
  await page.getByRole('tab', { name: 'Try' }).click()
  await page.getByLabel('Email').fill('test@example.com')
  await page.getByLabel('Answer with the code').check()
  await look('try')
  await page.getByRole('button', { name: 'Try it' }).click()
  const outcome = page.getByRole('status', { name: 'What would be decided' })
  await outcome.getByText('would ask for another step').waitFor()
  await outcome.getByText('would be granted').waitFor()
  await outcome.getByText('auth.password').first().waitFor()
  await look('tried')
  assert.equal(await traces(), before)
  assert.deepEqual(await ask(`system/${system.key}/inbox`), [])
  assert.equal((await ask(`session/${system.key}/user/count`)).count, 0)
  demandQuiet()
})

test('a replay says which recorded sign-ins other code would flip, and records are forgotten on request', {
  timeout: 120_000,
}, async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createUser(system, 'ada@example.com', 'a quiet long password')
  const code = `function gate(req, resp) {
    ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, email: req.params.email,
      password: req.params.password, callback: function (err, body) { err ? resp.error("no") : resp.success(body) } })
  }`
  await app.createService(system, 'gate', code, { requires: 'clearblade', executableBy: ['Anonymous'] })
  await app.set(system, { auth_service: 'gate' })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/sign-ins`)
  await page.getByRole('tab', { name: 'Replay' }).click()
  await page.getByText('0 recorded').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Replay' }).isDisabled(), true)
  await page.getByLabel('Record sign-ins').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The recording is saved.').waitFor()
  await app.signIn(system, 'ada@example.com', 'a quiet long password')
  await page.getByText('1 recorded').waitFor()
  const other = code.replace('resp.success(body)', 'resp.error("closed")')
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'gate.js', mimeType: 'text/javascript', buffer: Buffer.from(other) })
  await page.getByRole('button', { name: 'Without gate.js' }).waitFor()
  await page.getByRole('button', { name: 'Replay' }).click()
  await page.getByText('1 would flip').waitFor()
  await page.getByRole('table', { name: 'Would flip' }).getByText('refused').waitFor()
  await look('replayed')
  await page.getByRole('button', { name: 'Forget them' }).click()
  await page.getByRole('button', { name: 'Forget', exact: true }).click()
  await page.getByText('0 recorded').waitFor()
  demandQuiet()
})
