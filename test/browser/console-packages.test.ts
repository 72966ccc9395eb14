/** Packages into a system that is there: what widens needs a yes, and the step can be taken back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('a package goes into a system only once its widening was allowed; upgraded, nothing changes; undone, it is gone', {
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
  await page.getByRole('dialog').getByRole('button', { name: 'Upgrade' }).click()
  await page.getByText('two-factor-auth is upgraded.').waitFor()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Undo' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/stay as they are|Nothing changes/).waitFor()
  await look('undo-plan')
  await dialog.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('The last change of two-factor-auth is undone.').waitFor()
  demandQuiet()
})
