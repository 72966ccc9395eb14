/** The portal "Two Factor Login" in a real browser, from the link to the page of success, as steps 8 to 10 of the guide. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { datasources, dynamic, portalConfig } from '../support/portal-config.ts'
import { faultsOf, makePortal, openPage, picture, portalLink, sizes } from '../support/portals.ts'
import { installTwoFactor } from '../support/two-factor.ts'

const app = await createTestApp({ after })
const browser = await openBrowser()
after(() => browser.close())

for (const size of sizes) {
  test(`lets in with key, secret, password and code, at ${size.width} pixels`, async () => {
    const { system, user, lastCode } = await installTwoFactor(app)
    const link = await portalLink(app, system, 'Two Factor Login')
    const { page, problems, close } = await openPage(browser, size)
    await page.goto(link)
    await page.getByLabel('System key').fill(system.key)
    await page.getByLabel('System secret').fill(system.secret)
    await page.getByLabel('E-mail').fill(user.email)
    await page.getByLabel('Password').fill(user.password)
    await picture(page, 'two-factor-1-password')
    assert.deepEqual(await faultsOf(page), [])
    await page.getByRole('button', { name: 'Submit' }).click()

    await page.getByText('Enter the code that was sent to +1 ••• 0123.').waitFor()
    const code = await lastCode()
    await page.getByLabel('Confirmation code').fill(String((Number(code) + 1) % 1_000_000).padStart(6, '0'))
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByText('The code is not right').waitFor()
    await picture(page, 'two-factor-2-wrong-code')
    assert.deepEqual(await faultsOf(page), [])
    assert.equal(new URL(page.url()).hash, '#/')

    await page.getByLabel('Confirmation code').fill(code)
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByText(`You are signed in as ${user.email}.`).waitFor()
    await page.getByText('Granted by the code that was sent to +1 ••• 0123.').waitFor()
    await page.getByText('This session lasts 5 days.').waitFor()
    await picture(page, 'two-factor-3-success')
    assert.deepEqual(await faultsOf(page), [])
    assert.equal(new URL(page.url()).hash, '#/SuccessPage')
    assert.equal(await page.title(), 'Two Factor Login')

    const kept = await page.evaluate(() => JSON.parse(localStorage.getItem('cb_portals')!))
    const session = kept[system.key]['Two Factor Login']
    assert.equal(session.email, user.email)
    const who = await app.call('GET', '/api/v/1/user/info', { token: session.authToken })
    assert.equal(who.body.email, user.email)
    assert.deepEqual(problems, [])
    await close()
  })
}

test('shows a wrong secret as what it is, and nobody in', async () => {
  const { system, user } = await installTwoFactor(app)
  const { page, close } = await openPage(browser, sizes[0]!)
  await page.goto(await portalLink(app, system, 'Two Factor Login'))
  await page.getByLabel('System key').fill(system.key)
  await page.getByLabel('System secret').fill('not it')
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password').fill(user.password)
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByText('Check the key and the secret of the system').waitFor()
  assert.equal(await page.evaluate(() => localStorage.getItem('cb_portals')), null)

  await page.goto(`${page.url().split('#')[0]}#/SuccessPage`)
  await page.getByText('You are not signed in.').waitFor()
  await close()
})

test('forgets the password where the page with the second step is left alone', async () => {
  const { system, user } = await installTwoFactor(app)
  const { page, close } = await openPage(browser, sizes[0]!)
  await page.clock.install()
  await page.goto(await portalLink(app, system, 'Two Factor Login'))
  await page.getByLabel('System key').fill(system.key)
  await page.getByLabel('System secret').fill(system.secret)
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password').fill(user.password)
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.locator('#confirmation_div').waitFor()
  await page.clock.fastForward('05:01')
  await page.getByText('Enter your password again').waitFor()
  assert.equal(await page.getByLabel('Password').inputValue(), '')
  assert.ok(!(await page.locator('#confirmation_div').isVisible()))
  await close()
})

test('a portal that is not for everybody asks for a sign-in of its own, with the second step of the system', async () => {
  const { system, user, lastCode } = await installTwoFactor(app)
  const html = {
    dataType: 'STATIC_DATA_TYPE',
    value: {
      HTML: '<p id="who"></p>',
      CSS: '',
      JavaScript: '$("#who").text("Hello " + CB_PORTAL.ClearBlade.user.email)',
    },
  }
  const config = {
    pages: { Home: { id: 'Home', name: 'Home' } },
    panes: { p: { id: 'p', pageId: 'Home', header: { hide: true }, tabInfo: { tabIds: ['t'], activeTab: 't' } } },
    widgets: { w: { id: 'w', type: 'HTML_WIDGET_COMPONENT', tab: 't', props: { html } } },
  }
  await makePortal(app, system, 'Staff', config, ['Authenticated'])
  const { page, problems, close } = await openPage(browser, sizes[1]!)
  await page.goto(await portalLink(app, system, 'Staff'))
  await page.getByRole('heading', { name: 'Staff' }).waitFor()
  await picture(page, 'portal-sign-in')
  assert.deepEqual(await faultsOf(page), [])
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password').fill('not it at all')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').getByText('not right').waitFor()
  await page.getByLabel('Password').fill(user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Enter the code').waitFor()
  await picture(page, 'portal-sign-in-code')
  assert.deepEqual(await faultsOf(page), [])
  assert.doesNotMatch(await page.content(), /Hello/, 'the portal came before the sign-in was over')
  await page.getByLabel('Code').fill(await lastCode())
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText(`Hello ${user.email}`).waitFor()
  await page.reload()
  await page.getByText(`Hello ${user.email}`).waitFor()

  await page.getByRole('button', { name: 'Menu' }).click()
  await picture(page, 'portal-account')
  assert.deepEqual(await faultsOf(page), [])
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Password').waitFor()
  // The first request with nobody in it is refused, which the browser notes by itself.
  assert.deepEqual(
    problems.filter((one) => !/status of 401/.test(one)),
    [],
  )
  await close()
})

test('whose session ends while a portal is open is told so, and signs in again after a reload', async () => {
  const system = await app.createSystem()
  const person = { email: 'op@example.com', password: 'the plant is quiet' }
  await app.createUser(system, person.email, person.password)
  await app.createService(system, 'poll', 'function poll(req, resp) { resp.success("ok") }', {
    executableBy: ['Authenticated'],
  })
  const ask = { type: 'BUTTON_WIDGET_COMPONENT', props: { label: 'Ask', eventTarget: dynamic('id-poll') } }
  const said = {
    type: 'TEXT_WIDGET_COMPONENT',
    props: { textContent: dynamic('id-poll', 'return this.datasource.results') },
  }
  const source = { name: 'poll', type: 'CB_CODE_SERVICE', settings: { code_name: 'poll' } }
  await makePortal(app, system, 'Staff', portalConfig({ ask, said }, datasources(source)), ['Authenticated'])
  const { page, close } = await openPage(browser, sizes[0]!)
  await page.goto(await portalLink(app, system, 'Staff'))
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Ask' }).click()
  await page.getByText('ok', { exact: true }).waitFor()
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem('cb_portals')!))
  const { authToken: token } = kept[system.key].Staff
  assert.equal((await app.call('POST', '/api/v/1/user/logout', { token })).status, 200)
  await page.getByRole('button', { name: 'Ask' }).click()
  await page.getByText('Your session is over').waitFor()
  await page.reload()
  await page.getByLabel('Password').waitFor()
  await close()
})
