/** Packages into a system that is there: what widens needs a yes, and the step can be taken back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('a package goes into a system only once its widening was allowed; what is the same is no upgrade; undone, it is gone', {
  timeout: 180_000,
}, async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const { page, url, go, signIn, look, demandQuiet } = await openConsole(t, app)
  const services = async (): Promise<string[]> =>
    (await app.call('GET', `/admin/code/v/1/${system.key}`, { developer: app.developer })).body.code
  await signIn()
  await go(`/systems/${system.key}/packages`)
  await page.getByText('No package is installed here').waitFor()
  await look('installed-none')
  await page.getByRole('link', { name: 'Install into this system' }).click()
  await page.getByLabel('URL').fill(`${url}/packages/two-factor-auth`)
  await page.getByRole('button', { name: 'Fetch' }).click()
  await page.getByRole('button', { name: 'See what would change' }).click()
  await page.getByText('Needs your yes', { exact: false }).waitFor()
  const bring = page.getByRole('button', { name: 'Import' })
  assert.equal(await bring.isDisabled(), true)
  assert.deepEqual(await services(), [])
  await look('import-plan')
  const section = page.getByRole('region', { name: 'Import' })
  for (const box of await section.getByRole('checkbox').all()) await box.check()
  await bring.click()
  await page.getByRole('heading', { name: 'The package is imported into plant' }).waitFor()
  assert.ok((await services()).includes('authOverride'))

  await page.getByRole('link', { name: 'Open the system' }).click()
  await page.getByRole('navigation', { name: 'Parts of plant' }).getByRole('link', { name: 'Packages' }).click()
  await page.getByRole('button', { name: 'Upgrade' }).click()
  await page.getByRole('button', { name: 'See what would change' }).click()
  await page.getByText(/stay as they are|Nothing changes/).waitFor()
  await look('upgrade-plan')
  // What is there already is no upgrade, and must not take the step back away.
  assert.equal(await page.getByRole('dialog').getByRole('button', { name: 'Upgrade' }).isDisabled(), true)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Undo' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('row', { name: /goes authOverride Code/ }).waitFor()
  await look('undo-plan')
  await dialog.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('The last change of two-factor-auth is undone.').waitFor()
  assert.deepEqual(await services(), [])
  demandQuiet()
})

test('an archive of this computer is imported, without what was left out; portals open for the roles that are ticked', async (t) => {
  const app = await createTestApp(t)
  const { page, url, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go('/packages/install')
  const archive = Buffer.from(await (await fetch(`${url}/packages/two-factor-auth`)).arrayBuffer())
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'mine.zip', mimeType: 'application/zip', buffer: archive })
  await page.getByText('From an uploaded file').or(page.getByText('mine.zip')).first().waitFor()
  await page.getByRole('checkbox', { name: 'Deployments' }).uncheck()
  await page.getByLabel('Name of the new system').fill('from a file')
  await page.getByRole('button', { name: 'Import' }).click()
  await page.getByRole('heading', { name: 'from a file is imported' }).waitFor()
  const [{ appID: key }] = (await app.call('GET', '/admin/allsystems', { developer: app.developer })).body
  const deployments = await app.call('GET', `/admin/${key}/deployments`, { developer: app.developer })
  assert.ok(!deployments.text.includes('two-factor-auth'))

  await page.getByRole('link', { name: 'Open the system' }).click()
  await page.getByRole('link', { name: 'Portals' }).click()
  await page.getByRole('button', { name: 'Edit roles of Two Factor Login' }).click()
  const anonymous = page.getByRole('checkbox', { name: 'Anonymous may open it' })
  assert.equal(await anonymous.isChecked(), true)
  await anonymous.uncheck()
  await look('portal-roles')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Who may open Two Factor Login is saved.').waitFor()
  const roles = (await app.call('GET', `/admin/user/${key}/roles`, { developer: app.developer })).body
  const { Permissions } = roles.find(({ Name }: { Name: string }) => Name === 'Anonymous')
  assert.deepEqual(
    Permissions.Portals.filter(({ Level }: { Level: number }) => Level > 0),
    [],
  )
  // The right to execute the auth service, which was not touched, is still there.
  assert.ok(Permissions.CodeServices.some(({ Name }: { Name: string }) => Name === 'authOverride'))
  demandQuiet()
})

test('a token that is no longer good leads back to the sign-in, and from there to where one was', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const { page, go, signIn } = await openConsole(t, app)
  await signIn()
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem('gatehouse.developer')!)
    localStorage.setItem('gatehouse.developer', JSON.stringify({ ...kept, token: 'not a token' }))
  })
  await go(`/systems/${system.key}/users`)
  await page.getByRole('heading', { name: 'Sign in as a developer' }).waitFor()
  await page.getByLabel('E-mail').fill('dev@example.com')
  await page.getByLabel('Password').first().fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('Not signed in').waitFor()
  await page.getByLabel('Password').first().fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Users', level: 1 }).waitFor()
})
