/** My account, and the second step of a developer's sign-in, by what a person sees. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownByApp } from '../../packages/server/src/domain/accounts/totp.fixture.ts'
import { createTestApp, developerEmail, developerPassword } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('a developer binds an app and a passkey, is asked for one at the next sign-in, and takes them away', async (t) => {
  const app = await createTestApp(t)
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
  await signIn()
  await page.getByRole('link', { name: 'My account' }).last().click()
  await page.getByRole('heading', { name: 'My account' }).waitFor()
  await look('account')
  const dialog = page.getByRole('dialog')
  const button = (name: string) => dialog.getByRole('button', { name, exact: true })

  await page.getByRole('button', { name: 'Add an authenticator app' }).click()
  await dialog.getByLabel('Your password').fill('this is not my password')
  await button('Go on').click()
  await dialog.getByText('The e-mail or the password is not right.').waitFor()
  await dialog.getByLabel('Your password').fill(developerPassword)
  await button('Go on').click()
  await dialog.getByRole('img', { name: 'QR code of the secret' }).waitFor()
  await button('Show Secret').click()
  const secret = (await dialog.getByText(/^[A-Z2-7]{32}$/).textContent())!
  await look('account-app')
  await dialog.getByLabel('Code that the app shows').fill(shownByApp(secret, app.app.means.clock.now()))
  await button('Bind it').click()
  await button('I have kept them').waitFor()
  const codes = await dialog.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
  assert.equal(codes.length, 10)
  await look('account-codes')
  await button('I have kept them').click()
  await page.getByText('10 left').waitFor()
  const elsewhere = await app.call('POST', '/admin/checkauth', { developer: app.developer })
  assert.equal(elsewhere.status, 401, 'the other sessions are ended')

  app.advance(60_000)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await dialog.getByLabel('Your password').fill(developerPassword)
  await dialog.getByLabel('Code of your app now').fill(shownByApp(secret, app.app.means.clock.now()))
  await dialog.getByLabel('Name of the passkey').fill('this computer')
  await look('account-passkey')
  await button('Make the passkey').click()
  await page.getByText('this computer').waitFor()
  await look('account-factors')

  const passPassword = async () => {
    await page.getByLabel('E-mail').fill(developerEmail)
    await page.getByLabel('Password').first().fill(developerPassword)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const signOut = () => page.getByRole('button', { name: 'Sign out' }).click()
  const signedIn = () => page.getByRole('link', { name: 'My account' }).last().waitFor()
  await signOut()
  await passPassword()
  await page.getByRole('heading', { name: 'Use your passkey' }).waitFor()
  await look('sign-in-passkey')
  await page.getByRole('button', { name: 'Use the passkey' }).click()
  await signedIn()

  await signOut()
  app.advance(60_000)
  await passPassword()
  await page.getByRole('button', { name: 'Use the authenticator app' }).click()
  await page.getByLabel('Code').fill('000000')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The code is not right, or no longer good.').waitFor()
  await look('sign-in-code')
  assert.equal(await page.evaluate(() => localStorage.getItem('gatehouse.developer')), null, 'no token for a half')
  await page.getByRole('button', { name: 'Use a recovery code' }).click()
  await page.getByLabel('Recovery code').fill(codes[0]!)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await signedIn()

  await go('/account')
  await page.getByRole('button', { name: 'Remove Passkey this computer' }).click()
  await dialog.getByLabel('Your password').fill(developerPassword)
  await dialog.getByRole('combobox', { name: 'And' }).click()
  await page.getByRole('option', { name: 'A passkey' }).click()
  await button('Remove it').click()
  await page.getByText('this computer').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: /^Remove Authenticator app/ }).click()
  await dialog.getByText('It is your last one').waitFor()
  await dialog.getByLabel('Your password').fill(developerPassword)
  await dialog.getByLabel('Code of your app now').fill(shownByApp(secret, app.app.means.clock.now()))
  await button('Remove it').click()
  await page.getByText('None: your password is all that lets in.').waitFor()
  demandQuiet(/status of 401/)
})
