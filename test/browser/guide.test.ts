/** Both guides from the first step to the last, with a mouse and a keyboard, by what a person sees. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { guidePicture, openConsole } from '../support/console.ts'

const password = 'the plant is quiet'

const editor = (page: Page) => page.getByRole('textbox', { name: /^Code of/ })

async function write(page: Page, text: string): Promise<void> {
  await editor(page).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

/** The same code with other values for constants. */
const withConstants = (code: string, values: Record<string, string>): string =>
  Object.entries(values).reduce(
    (text, [name, value]) =>
      text.replace(new RegExp(`^var ${name} = .*`, 'm'), () => `var ${name} = ${JSON.stringify(value)}`),
    code,
  )

test('the two-factor guide: from the package to the row with the code, and in', { timeout: 240_000 }, async (t) => {
  const app = await createTestApp(t)
  const { page, url, signIn, look, demandQuiet } = await openConsole(t, app)
  const call = (path: string) => app.call('GET', path, { developer: app.developer })
  await signIn()

  // 1, 2. The catalogue, the package, its address.
  await page.getByRole('link', { name: 'Packages', exact: true }).click()
  await page.getByRole('link', { name: /two-factor-auth/ }).waitFor()
  await guidePicture(page, '01-packages')
  await page.getByRole('link', { name: /two-factor-auth/ }).click()
  await page.getByText('What is in it').waitFor()
  await guidePicture(page, '02-package')
  await page.getByRole('button', { name: 'Copy Address to install from' }).click()
  const address = await page.evaluate(() => navigator.clipboard.readText())
  assert.equal(address, `${url}/packages/two-factor-auth`)

  // 3. Install, Fetch, Import.
  await page.getByRole('link', { name: 'All packages' }).click()
  await page.getByRole('link', { name: 'Install' }).click()
  await page.getByLabel('URL').fill(address)
  await page.getByRole('button', { name: 'Fetch' }).click()
  await page.getByText('What it asks for').waitFor()
  await guidePicture(page, '03-fetched')
  await page.getByRole('button', { name: 'Import' }).click()
  await page.getByRole('heading', { name: 'two-factor-auth is imported' }).waitFor()
  await guidePicture(page, '03-imported')
  await page.getByRole('link', { name: 'Open the system' }).click()
  const [system] = (await call('/admin/allsystems')).body
  const { appID: key, appSecret: secret } = system

  // 4 A, B. The constants, and Save.
  await page.getByRole('link', { name: /^ConstantsTwoFactor/ }).click()
  await page.getByRole('heading', { name: 'ConstantsTwoFactor' }).waitFor()
  const constants = (await call(`/codeadmin/v/2/library/${key}/ConstantsTwoFactor`)).body.code
  await write(page, withConstants(constants, { PLATFORM_URL: url, SMS_MESSAGE: 'Your confirmation code is' }))
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved as version 2').waitFor()
  await guidePicture(page, '04-b-constants')
  await look('guide-4b-constants')

  // 4 C, D. The set-up service, and Save and Test.
  await page.getByRole('link', { name: /^SetupTwoFactorAuth/ }).click()
  await page.getByRole('heading', { name: 'SetupTwoFactorAuth' }).waitFor()
  const setup = (await call(`/admin/code/v/1/${key}/SetupTwoFactorAuth`)).body.code
  await write(page, withConstants(setup, { TEST_USER_PASSWORD: password, TEST_USER_PHONE: '+14155550123' }))
  await page.getByRole('button', { name: 'Save and Test' }).click()
  const success = page.getByRole('dialog', { name: 'Success!' })
  await success.getByText('The three users are there', { exact: false }).waitFor()
  await guidePicture(page, '04-d-success')
  await look('guide-4d-success')
  await success.getByRole('button', { name: 'Ok' }).click()

  // 5, 6. The wrench, Properties, Run as.
  await page.getByRole('link', { name: /^authOverride/ }).click()
  await page.getByRole('heading', { name: 'authOverride' }).waitFor()
  await page.getByRole('button', { name: /^Wrench/ }).click()
  const wrench = page.getByRole('dialog', { name: 'authOverride' })
  const runAs = wrench
    .getByRole('textbox', { name: 'Run as' })
    .or(wrench.getByRole('combobox', { name: 'Run as' }))
    .first()
  assert.equal(await runAs.getAttribute('placeholder'), '<caller>')
  await runAs.fill('authOverride')
  await page.getByRole('option', { name: 'authOverrideAccount@example.com' }).click()
  await guidePicture(page, '06-run-as')
  await look('guide-6-run-as')
  await wrench.getByRole('button', { name: 'Apply' }).click()
  await wrench.waitFor({ state: 'hidden' })

  // 7. System Settings, Access, Auth Service, Save.
  await page.getByRole('link', { name: 'Info' }).click()
  await page.getByRole('tab', { name: 'System Settings' }).click()
  await page.getByRole('tab', { name: 'Access' }).click()
  await page.getByRole('combobox', { name: 'Auth Service' }).click()
  await page.getByRole('option', { name: 'authOverride' }).click()
  await page.getByText('Nothing stands in the way').waitFor()
  await guidePicture(page, '07-auth-service')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The access settings are saved.').waitFor()

  // 8. Key and secret to copy, and the portal in a private window.
  await page.getByRole('tab', { name: 'Properties' }).click()
  const copied = async (what: string) => {
    await page.getByRole('button', { name: `Copy ${what}` }).click()
    return page.evaluate(() => navigator.clipboard.readText())
  }
  await guidePicture(page, '08-key-and-secret')
  assert.deepEqual([await copied('System Key'), await copied('System Secret')], [key, secret])
  await page.getByRole('link', { name: 'Portals' }).click()
  await page.getByRole('button', { name: 'Copy link of Two Factor Login' }).click()
  await page.getByText('Paste it into a private window.', { exact: false }).first().waitFor()
  await page.getByText('The link is copied.', { exact: false }).waitFor()
  await guidePicture(page, '08-portal-link')
  const link = await page.evaluate(() => navigator.clipboard.readText())
  const alone = await page.context().browser()!.newContext()
  t.after(() => alone.close())
  const portal = await alone.newPage()
  portal.setDefaultTimeout(20_000)
  await portal.goto(link)

  // 9. Name and password.
  await portal.getByLabel('System key').fill(key)
  await portal.getByLabel('System secret').fill(secret)
  await portal.getByLabel('E-mail').fill('test@example.com')
  await portal.getByLabel('Password').fill(password)
  await guidePicture(portal, '09-password')
  await portal.getByRole('button', { name: 'Submit' }).click()
  await portal.getByText('Enter the code that was sent to +1 ••• 0123.').waitFor()

  // The code arrives, and stands in the collection as long as it is pending.
  await page.getByRole('link', { name: 'Inbox' }).click()
  await page.getByText('Your confirmation code is', { exact: false }).waitFor()
  await page.getByRole('button', { name: /^Copy the code/ }).click()
  const code = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(code, /^\d{6}$/)
  await guidePicture(page, '10-inbox')
  await look('guide-10-inbox')
  await page.getByRole('link', { name: 'Data' }).click()
  await page.getByRole('link', { name: 'TwoFactorAuthTokens' }).click()
  await page.getByRole('columnheader', { name: 'sms_code (string)' }).waitFor()
  await page.getByRole('gridcell', { name: code, exact: true }).waitFor()
  await guidePicture(page, '10-data')
  await look('guide-10-data')

  // 10. The code, and in.
  await portal.getByLabel('Confirmation code').fill(code)
  await guidePicture(portal, '10-code')
  await portal.getByRole('button', { name: 'Submit' }).click()
  await portal.getByText('You are signed in as test@example.com.').waitFor()
  await guidePicture(portal, '10-signed-in')

  // Why it went as it did.
  await page.getByRole('link', { name: 'Sign-ins' }).click()
  const list = page.getByRole('list', { name: 'Sign-ins' })
  await list.getByText('next step').waitFor()
  await list.getByText('authOverride, phase 2').waitFor()
  await guidePicture(page, '11-sign-ins')
  await look('guide-sign-ins')
  demandQuiet()
})

test('the override guide: a new service that Anonymous may execute decides every sign-in', {
  timeout: 180_000,
}, async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem('plant')
  await app.createUser(system, 'ada@example.com', password)
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()

  // The Code tab: a new code service.
  await go(`/systems/${system.key}`)
  await page.getByText('There is no code yet').waitFor()
  await page.getByRole('button', { name: 'New' }).click()
  const fresh = page.getByRole('dialog', { name: 'New code' })
  await fresh.getByLabel('Name').fill('judge')
  await fresh.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'judge' }).waitFor()

  // Requires and Security, in the settings of the service.
  await page.getByRole('button', { name: /^Wrench/ }).click()
  const wrench = page.getByRole('dialog', { name: 'judge' })
  await wrench.getByRole('tab', { name: 'Requires' }).click()
  // A new service requires it from the beginning.
  await wrench.getByText('clearblade', { exact: true }).waitFor()
  await guidePicture(page, 'override-1-requires')
  await wrench.getByRole('tab', { name: 'Security' }).click()
  await wrench.getByRole('button', { name: 'Role' }).click()
  await page.getByRole('menuitem', { name: 'Anonymous' }).click()
  await guidePicture(page, 'override-2-security')
  await wrench.getByRole('button', { name: 'Apply' }).click()
  await wrench.waitFor({ state: 'hidden' })

  // The code of the guide, and Save.
  await write(
    page,
    `function judge(req, resp) {
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) {
        resp.error("initialization error " + JSON.stringify(body))
      } else {
        body.options = { reason: "Confirmed he is THE guy!" }
        resp.success(body)
      }
    }
  })
}
`,
  )
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText(/Saved as version/).waitFor()
  await guidePicture(page, 'override-3-code')

  // System Settings, Access: type the name, Save.
  await page.getByRole('link', { name: 'Info' }).click()
  await page.getByRole('tab', { name: 'System Settings' }).click()
  await page.getByRole('tab', { name: 'Access' }).click()
  await page.getByRole('combobox', { name: 'Auth Service' }).fill('judge')
  await page.getByText('Nothing stands in the way').waitFor()
  await guidePicture(page, 'override-4-access')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The access settings are saved.').waitFor()

  // A user signs in, and the service is asked instead of the password alone.
  await page.getByRole('link', { name: 'Sign-ins' }).click()
  await page.getByRole('button', { name: 'Sign in as a user' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Email').fill('ada@example.com')
  await dialog
    .getByLabel(/^Password/)
    .first()
    .fill(password)
  await dialog.getByRole('button', { name: 'Sign in' }).click()
  await dialog.getByText('Confirmed he is THE guy!').waitFor()
  await guidePicture(page, 'override-5-answer')
  await look('guide-override-answer')
  await dialog.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('list', { name: 'Sign-ins' }).getByText('judge', { exact: false }).first().waitFor()
  demandQuiet()
})
