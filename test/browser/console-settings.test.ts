/** System Settings by what a person sees: nothing is lost by a stale edit, secrets are shown to nobody, loss is asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('an edit that somebody else overtook is not saved over theirs: both are shown', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const { page, go, signIn, look } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/info/settings/properties`)
  await page.getByLabel('Description').fill('mine')
  await app.set(system, { description: 'theirs' })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else changed this meanwhile').waitFor()
  await page.getByRole('cell', { name: 'theirs' }).waitFor()
  await page.getByRole('cell', { name: 'mine' }).waitFor()
  const detail = async () =>
    (await app.call('GET', `/admin/v/4/systemmanagement?id=${system.key}`, { developer: app.developer })).body
  assert.equal((await detail()).description, 'theirs')
  await look('settings-stale')
  await page.getByRole('button', { name: 'Go on with mine' }).click()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The properties are saved.').waitFor()
  assert.equal((await detail()).description, 'mine')
})

test('the check beneath Auth Service says what would refuse everybody, and mends it', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createService(system, 'gate', 'function gate(req, resp) { resp.error("no") }')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/info/settings/access`)
  const box = page.getByRole('combobox', { name: 'Auth Service' })
  await box.fill('gat')
  await page.getByText('There is no service "gat".').waitFor()
  await box.fill('gate')
  await page.getByText('The role Anonymous may not execute it.').waitFor()
  await box.press('Escape')
  await look('settings-access-refused')
  await page.getByRole('button', { name: 'Let Anonymous execute it' }).click()
  await page.getByText('Nothing stands in the way').waitFor()
  await page.getByRole('combobox', { name: 'Auth Service' }).fill('')
  await page.getByText('Users sign in with e-mail and password alone.').waitFor()
  demandQuiet()
})

test('secrets are written and not shown, the system secret changes, and the system goes when its name is typed', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/info/settings/secrets`)
  await page.getByRole('button', { name: 'Add a secret' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('TWILIO_TOKEN')
  await dialog.getByLabel('Value').first().fill('never-to-be-seen')
  await look('settings-secret-form')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('cell', { name: 'TWILIO_TOKEN', exact: true }).waitFor()
  await dialog.waitFor({ state: 'hidden' })
  assert.ok(!(await page.content()).includes('never-to-be-seen'))
  await look('settings-secrets')

  await page.getByRole('tab', { name: 'Messages' }).click()
  await page.getByRole('button', { name: 'Twilio account' }).click()
  await look('settings-messages')
  await page.getByRole('button', { name: 'Cancel' }).click()

  await page.getByRole('tab', { name: 'Properties' }).click()
  await page.getByRole('button', { name: 'Regenerate System Secret' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  const detail = async () =>
    (await app.call('GET', `/admin/v/4/systemmanagement?id=${system.key}`, { developer: app.developer })).body
  assert.equal((await detail()).appSecret, system.secret)
  await page.getByRole('button', { name: 'Regenerate System Secret' }).click()
  await page.getByRole('button', { name: 'Regenerate', exact: true }).click()
  await page.getByText('The system has a new secret.').waitFor()
  assert.notEqual((await detail()).appSecret, system.secret)

  await page.getByRole('button', { name: 'Delete system' }).click()
  const forEver = page.getByRole('button', { name: 'Delete for ever' })
  assert.equal(await forEver.isDisabled(), true)
  await page.getByLabel('Type "plant" to go on').fill('plant')
  await look('settings-delete')
  await forEver.click()
  await page.getByText('There is no system yet').waitFor()
  assert.equal((await detail()).appId, undefined)
  demandQuiet()
})
