/** The guide's path through the console, by what a person sees; the steps in Code are the code page's own test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('a developer finds the package, looks at it, imports it, and names its auth service', {
  timeout: 180_000,
}, async (t) => {
  const app = await createTestApp(t)
  const { page, url, signIn, look, demandQuiet } = await openConsole(t, app)

  await page.goto(url)
  await page.getByRole('heading', { name: 'Sign in as a developer' }).waitFor()
  assert.match(page.url(), /\/console\/sign-in$/)
  await look('sign-in')
  await signIn()
  await page.getByText('There is no system yet').waitFor()
  await look('systems-none')

  await page.getByRole('link', { name: 'Packages', exact: true }).click()
  await page.getByRole('link', { name: /two-factor-auth/ }).waitFor()
  await look('catalogue')
  await page.getByRole('link', { name: /two-factor-auth/ }).click()
  const address = `${url}/packages/two-factor-auth`
  await page.getByText(address, { exact: true }).waitFor()
  await page.getByText('ConstantsTwoFactor').first().waitFor()
  await look('package')
  await page.getByRole('button', { name: 'Copy Address to install from' }).click()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address)

  await page.getByRole('link', { name: 'All packages' }).click()
  await page.getByRole('link', { name: 'Install' }).click()
  await page.getByLabel('URL').fill(address)
  await page.getByRole('button', { name: 'Fetch' }).click()
  await page.getByText('Anybody may run, without signing in').waitFor()
  await look('review')
  await page.getByLabel('Name of the new system').fill('two-factor')
  await page.getByRole('button', { name: 'Import' }).click()
  await page.getByRole('heading', { name: 'two-factor is imported' }).waitFor()
  await look('imported')

  await page.getByRole('link', { name: 'Open the system' }).click()
  const [system] = (await app.call('GET', '/admin/allsystems', { developer: app.developer })).body
  assert.equal(system.name, 'two-factor')
  await page.getByRole('link', { name: 'Info' }).click()
  await page.getByText(system.appID, { exact: true }).first().waitFor()
  await look('info')

  await page.getByRole('tab', { name: 'System Settings' }).click()
  await page.getByLabel('System Name').waitFor()
  await look('settings-properties')
  await page.getByRole('tab', { name: 'Access' }).click()
  await page.getByRole('combobox', { name: 'Auth Service' }).click()
  await page.getByRole('option', { name: 'authOverride' }).click()
  await page.getByText('Nothing stands in the way').waitFor()
  await look('settings-access')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The access settings are saved.').waitFor()
  const after = await app.call('GET', `/admin/v/4/systemmanagement?id=${system.appID}`, { developer: app.developer })
  assert.equal(after.body.auth_service, 'authOverride')

  await page.getByRole('combobox', { name: 'Auth Service' }).fill('')
  await page.getByText('Users sign in with e-mail and password alone.').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The access settings are saved.').last().waitFor()

  await page.getByRole('link', { name: 'Portals' }).click()
  await page.getByText('Two Factor Login').waitFor()
  await look('portals')
  await page.getByRole('link', { name: 'Packages' }).last().click()
  await page.getByRole('button', { name: 'Instructions' }).click()
  await page.getByRole('dialog').getByText('ConstantsTwoFactor').first().waitFor()
  await look('installed-instructions')
  demandQuiet()
})

test('on a narrow window the part that is open is in sight, and the keyboard reaches what the mouse does', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  const { page, go, signIn, demandQuiet } = await openConsole(t, app)
  await signIn()
  await page.setViewportSize({ width: 390, height: 844 })
  await go(`/systems/${system.key}/info`)
  const info = page.getByRole('link', { name: 'Info' })
  await info.waitFor()
  await page.waitForFunction(() => {
    const place = [...document.querySelectorAll('a')].find(({ textContent }) => textContent === 'Info')!
    const { left, right } = place.getBoundingClientRect()
    return left >= 0 && right <= innerWidth
  })
  await page.getByRole('tab', { name: 'Connect' }).focus()
  await page.keyboard.press('ArrowRight')
  await page.getByLabel('System Name').waitFor()
  await page.getByRole('button', { name: 'Delete system' }).focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('Type "plant" to go on').waitFor()
  await page.keyboard.type('plant')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  assert.equal(
    await page.getByRole('button', { name: 'Delete system' }).evaluate((it) => it === document.activeElement),
    true,
  )
  demandQuiet()
})
