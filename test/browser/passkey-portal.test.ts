/** Portals and passkeys in a real browser: the portal's own sign-in, and the portal of the package two-factor-auth. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { makePortal, openPage, picture, portalLink, sizes } from '../support/portals.ts'
import { installTwoFactor, type TwoFactorSystem } from '../support/two-factor.ts'

const app = await createTestApp({ after })
const browser = await openBrowser()
after(() => browser.close())
const { developer } = app

/** An authenticator of the page's own, with a finger on it. */
async function addAuthenticator(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
}

/** On the page that is open, by a code of the developer; answers the recovery codes. */
async function bindPasskey(page: Page, { system, user }: TwoFactorSystem): Promise<string[]> {
  const users = (await app.call('GET', `/admin/user/${system.key}`, { developer })).body.Data
  const { user_id: userId } = users.find(({ email }: any) => email === user.email)
  const path = `/admin/v/4/system/${system.key}/users/${userId}/enrolment`
  const { enrolment } = (await app.call('POST', path, { developer })).body
  const bound: any = await page.evaluate(`(async ({ system, who }) => {
    const headers = { 'Content-Type': 'application/json',
      'ClearBlade-SystemKey': system.key, 'ClearBlade-SystemSecret': system.secret }
    const own = async (path, more) => (await fetch('/api/v/4/user/authenticators/' + path, {
      method: 'POST', headers, body: JSON.stringify({ ...who, ...more }) })).json()
    const { passkey } = await own('enrol', { kind: 'passkey', label: 'my phone' })
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(passkey)
    const made = await navigator.credentials.create({ publicKey })
    return own('confirm', { code: made.toJSON() })
  })(${JSON.stringify({ system, who: { ...user, enrolment } })})`)
  assert.equal(bound.state, 'bound', JSON.stringify(bound))
  return bound.recovery_codes
}

const staff = {
  pages: { Home: { id: 'Home', name: 'Home' } },
  panes: { p: { id: 'p', pageId: 'Home', header: { hide: true }, tabInfo: { tabIds: ['t'], activeTab: 't' } } },
  widgets: {
    w: {
      ...{ id: 'w', type: 'HTML_WIDGET_COMPONENT', tab: 't' },
      props: {
        html: {
          dataType: 'STATIC_DATA_TYPE',
          value: {
            ...{ HTML: '<p id="who"></p>', CSS: '' },
            JavaScript: '$("#who").text("Hello " + CB_PORTAL.ClearBlade.user.email)',
          },
        },
      },
    },
  },
}

/** The first request with nobody in it is refused, which the browser notes by itself. */
const beside = (problems: string[]): string[] => problems.filter((one) => !/status of 401/.test(one))

for (const size of sizes) {
  test(`a portal takes the passkey of its user, and another way where that is not to be had, at ${size.width} pixels`, async () => {
    const two = await installTwoFactor(app)
    await makePortal(app, two.system, 'Staff', staff, ['Authenticated'])
    const { page, problems, close } = await openPage(browser, size)
    await addAuthenticator(page)
    const password = async () => {
      await page.getByLabel('E-mail').fill(two.user.email)
      await page.getByLabel('Password').fill(two.user.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await page.goto(await portalLink(app, two.system, 'Staff'))
    const [recovery] = await bindPasskey(page, two)
    await password()
    await page.getByText('Use your passkey.').waitFor()
    await picture(page, 'portal-sign-in-passkey')
    assert.doesNotMatch(await page.content(), /Hello/, 'the portal came before the sign-in was over')
    await page.getByRole('button', { name: 'Use the passkey' }).click()
    await page.getByText(`Hello ${two.user.email}`).waitFor()

    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await password()
    await page.getByRole('button', { name: 'Use a recovery code' }).click()
    await page.getByText('Enter one of your recovery codes.').waitFor()
    await page.getByLabel('Code').fill(recovery!)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText(`Hello ${two.user.email}`).waitFor()
    assert.deepEqual(beside(problems), [])
    await close()
  })
}

test('the portal of the package asks for the passkey, and says so where it was not used', async () => {
  const two = await installTwoFactor(app)
  const { page, problems, close } = await openPage(browser, sizes[0]!)
  await addAuthenticator(page)
  await page.goto(await portalLink(app, two.system, 'Two Factor Login'))
  await bindPasskey(page, two)
  await page.getByLabel('System key').fill(two.system.key)
  await page.getByLabel('System secret').fill(two.system.secret)
  await page.getByLabel('E-mail').fill(two.user.email)
  await page.getByLabel('Password').fill(two.user.password)
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByText('Use your passkey.').waitFor()
  assert.equal(await page.getByLabel('Confirmation code').isVisible(), false)
  await picture(page, 'two-factor-passkey')
  await page.evaluate('window.kept = navigator.credentials.get; navigator.credentials.get = () => Promise.reject(1)')
  await page.getByRole('button', { name: 'Use the passkey' }).click()
  await page.getByText('The passkey was not used. Try again.').waitFor()
  await page.evaluate('navigator.credentials.get = window.kept')
  await page.getByRole('button', { name: 'Use the passkey' }).click()
  await page.getByText(`You are signed in as ${two.user.email}.`).waitFor()
  await page.getByText('Granted by your passkey, my phone.').waitFor()
  assert.deepEqual(beside(problems), [])
  await close()
})
