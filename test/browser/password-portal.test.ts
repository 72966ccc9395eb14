/** A forgotten password at the sign-in of a portal, in a real browser: from the button to the portal itself. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { html, portalConfig } from '../support/portal-config.ts'
import { faultsOf, makePortal, openPage, picture, portalLink, sizes } from '../support/portals.ts'

const app = await createTestApp({ after })
const browser = await openBrowser()
after(() => browser.close())

const person = { email: 'op@example.com', password: 'the plant is quiet', next: 'a quiet and green plant' }
const forgotten = { name: 'Forgotten your password?' }

/** A portal that asks for a sign-in, and somebody who may open it. */
async function withPortal(node: TestApp, size = sizes[0]!) {
  const system = await node.createSystem()
  await node.createUser(system, person.email, person.password)
  await makePortal(
    node,
    system,
    'Board',
    portalConfig({ Text: { type: 'HTML_WIDGET_COMPONENT', props: html('<p>This is the board.</p>') } }),
    ['Authenticated'],
  )
  const opened = await openPage(browser, size)
  await opened.page.goto(await portalLink(node, system, 'Board'))
  return { system, ...opened }
}

for (const size of sizes) {
  test(`a link is sent, another password set, and the portal opens with it, at ${size.width} pixels`, async () => {
    const { system, page, problems, close } = await withPortal(app, size)
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByRole('button', forgotten).click()
    assert.equal(await page.getByLabel('E-mail').inputValue(), person.email)
    assert.deepEqual(await faultsOf(page), [])
    await picture(page, 'portal-password-1-forgotten')
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByRole('status').getByText(`If ${person.email} has an account here`).waitFor()
    await picture(page, 'portal-password-2-sent')

    await app.app.notices.idle()
    const { body } = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
    const [link] = /http:\S+#\S+/.exec(body.map((mail: { body: string }) => mail.body).join('\n')) ?? []
    assert.ok(link)
    const mail = await openPage(browser, size)
    await mail.page.goto(link)
    await mail.page.getByLabel('New password').fill(person.next)
    await mail.page.getByLabel('The same again').fill(person.next)
    await mail.page.getByRole('button', { name: 'Set it' }).click()
    await mail.page.getByText('Your new password is set.').waitFor()
    await mail.close()

    await page.getByLabel('Password').fill(person.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText(/\S/).waitFor()
    await page.getByLabel('Password').fill(person.next)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This is the board.').waitFor()
    assert.deepEqual(
      problems.filter((problem) => !problem.includes('401')),
      [],
    )
    await close()
  })
}

test('of an e-mail that nobody has the same is said, and nothing is sent', async () => {
  const { system, page, close } = await withPortal(app)
  await page.getByRole('button', forgotten).click()
  await page.getByLabel('E-mail').fill('nobody@example.com')
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByRole('status').getByText('If nobody@example.com has an account here').waitFor()
  await app.app.notices.idle()
  const { body } = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer: app.developer })
  assert.deepEqual(body, [])
  await close()
})

test('where no links are sent, none is offered', async () => {
  const { system, page, close } = await withPortal(app)
  await page.getByRole('button', forgotten).waitFor()
  await app.set(system, { password_reset: 'closed' })
  const answered = page.waitForResponse(/\/console-api\/portal\/password$/)
  await page.reload()
  assert.deepEqual(await (await answered).json(), { reset: false })
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  await page.waitForLoadState('networkidle')
  assert.equal(await page.getByRole('button', forgotten).count(), 0)
  await close()
})
