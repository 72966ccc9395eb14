/** The page Code of the console as a person uses it: in a real Chromium, by what is seen. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

const app = await createTestApp({ after })

const source = `function greet(req, resp) {
  log('greeting ' + req.params.name)
  resp.success('Good day, ' + req.params.name)
}
`

async function furnished() {
  const system = await app.createSystem('plant')
  await app.createUser(system, 'runner@example.com', 'pw')
  await app.createLibrary(system, 'Constants', 'var WORD = "hello"\n')
  await app.createService(system, 'greet', source, { requires: 'log', fields: { parameters: ['name'] } })
  await app.createService(system, 'SetupTwoFactorAuth', 'resp.success("3 users")\n')
  return system
}

const read = async (system: { key: string }, name: string) =>
  (await app.call('GET', `/admin/code/v/1/${system.key}/${name}`, { developer: app.developer })).body

const editor = (page: Page) => page.getByRole('textbox', { name: /^Code of/ })

/** Replaces all text of the editor, as a person would. */
async function write(page: Page, text: string): Promise<void> {
  await editor(page).click()
  await page.keyboard.press('Control+a')
  await page.keyboard.insertText(text)
}

test('a service is made, written, saved with Ctrl+S, and tested with parameters', async (t) => {
  const system = await app.createSystem('fresh')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code`)
  await page.getByText('There is no code yet').waitFor()
  await look('code-empty')

  await page.getByRole('button', { name: 'New' }).click()
  const dialog = page.getByRole('dialog', { name: 'New code' })
  await dialog.getByLabel('Name').fill('double')
  await dialog.getByLabel('Parameters').fill('n')
  await page.keyboard.press('Enter')
  await look('code-new')
  await dialog.getByRole('button', { name: 'Create' }).click()

  await page.getByRole('heading', { name: 'double' }).waitFor()
  await write(page, 'function double(req, resp) {\n  resp.success(2 * req.params.n)\n}\n')
  await page.getByText('not saved').waitFor()
  await page.keyboard.press('Control+s')
  await page.getByText('Saved as version 2').waitFor()
  assert.equal(await page.getByText('not saved').count(), 0)
  assert.match((await read(system, 'double')).code, /2 \* req\.params\.n/)

  await page.getByRole('button', { name: 'Test Parameters' }).click()
  const parameters = page.getByRole('dialog', { name: 'Run Parameters' })
  await parameters.getByLabel('JSON value of n').fill('21')
  await parameters.getByRole('button', { name: 'Add Parameter' }).click()
  await parameters.getByLabel('Name of parameter 2').fill('word')
  await parameters.getByLabel('JSON value of word').fill('plain text')
  await parameters.getByText('A text needs quotes: "plain text"').waitFor()
  await look('code-parameters')
  await parameters.getByRole('button', { name: 'Remove word' }).click()
  await parameters.getByRole('button', { name: 'Close' }).last().click()

  await page.getByRole('button', { name: 'Save and Test' }).click()
  const result = page.getByRole('dialog', { name: 'Success!' })
  await result.getByText('42').waitFor()
  await result.getByText(/Took \d+ ms/).waitFor()
  await look('code-success')
  await result.getByRole('button', { name: 'Ok' }).click()
  await result.waitFor({ state: 'hidden' })
  demandQuiet()
})

test('a run that fails says so with its log, and what does not compile is shown at its line', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/greet`)
  await write(page, 'function greet(req, resp) {\n  log("so far")\n  resp.error("no such valve")\n}\n')
  await page.getByRole('button', { name: 'Save and Test' }).click()
  const failed = page.getByRole('dialog', { name: 'Failed' })
  await failed.getByText('no such valve').waitFor()
  await failed.getByText('so far').waitFor()
  await look('code-failed')
  await failed.getByRole('button', { name: 'Ok' }).click()

  await write(page, 'function greet(req, resp) {\n  resp.success(\n}\n')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Line 3 does not compile').waitFor()
  await page.locator('.cm-lint-marker-error').waitFor()
  await look('code-problem')
  await page.getByRole('button', { name: 'Go to line 3' }).click()
  demandQuiet()
})

test('the wrench sets run-as, requires in their order and who may execute', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/greet`)
  await page.getByRole('button', { name: /^Wrench/ }).click()
  const dialog = page.getByRole('dialog', { name: 'greet' })
  const runAs = dialog.getByRole('textbox', { name: 'Run as' }).or(dialog.getByRole('combobox', { name: 'Run as' }))
  await runAs.first().waitFor()
  assert.equal(await runAs.first().getAttribute('placeholder'), '<caller>')
  await runAs.first().fill('run')
  await page.getByRole('option', { name: 'runner@example.com' }).click()
  await dialog.getByLabel('Logging enabled').check()
  await look('code-properties')

  await dialog.getByRole('tab', { name: 'Requires' }).click()
  for (const name of ['Constants', 'clearblade']) {
    await dialog.getByLabel('Add').click()
    await page.getByRole('option', { name, exact: true }).click()
  }
  await dialog.getByRole('button', { name: 'Load clearblade earlier' }).click()
  await dialog.getByRole('button', { name: 'Load clearblade earlier' }).click()
  await dialog.getByRole('button', { name: 'Remove log' }).click()
  await look('code-requires')

  await dialog.getByRole('tab', { name: 'Security' }).click()
  await dialog.getByRole('button', { name: 'Role' }).click()
  await page.getByRole('menuitem', { name: 'Anonymous' }).click()
  assert.equal(await dialog.getByLabel('Executable by Anonymous').isChecked(), true)
  await look('code-security')
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('The settings of greet are applied').waitFor()

  const { run_user, dependencies, logging_enabled, code } = await read(system, 'greet')
  assert.notEqual(run_user, '')
  assert.deepEqual({ dependencies, logging_enabled }, { dependencies: 'clearblade,Constants', logging_enabled: true })
  assert.equal(code, source)
  const roles = await app.call('GET', `/admin/user/${system.key}/roles`, { developer: app.developer })
  const anonymous = roles.body.find(({ Name }: { Name: string }) => Name === 'Anonymous')
  assert.deepEqual(
    anonymous.Permissions.CodeServices.map(({ Name, Level }: any) => ({ Name, Level })),
    [{ Name: 'greet', Level: 1 }],
  )

  // Emptied, it runs as its caller again.
  await page.getByRole('button', { name: /^Wrench/ }).click()
  await runAs.first().fill('')
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('The settings of greet are applied').last().waitFor()
  await dialog.waitFor({ state: 'hidden' })
  assert.equal((await read(system, 'greet')).run_user, '')
  demandQuiet()
})

test('a save over a version that somebody else made meanwhile asks first', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/greet`)
  await write(page, '// mine\n')
  const theirs = `// theirs\n${source}`
  await app.call('PUT', `/admin/code/v/1/${system.key}/greet`, { developer: app.developer, body: { code: theirs } })
  await page.keyboard.press('Control+s')
  const dialog = page.getByRole('dialog', { name: 'Somebody else saved meanwhile' })
  await dialog.getByText('// theirs').waitFor()
  await dialog.getByText('// mine').waitFor()
  assert.equal((await read(system, 'greet')).code, theirs)
  await look('code-stale')
  await dialog.getByRole('button', { name: 'Keep editing' }).click()
  await page.getByText('Version 2 was saved meanwhile').waitFor()

  await page.getByRole('button', { name: 'Compare' }).click()
  await dialog.getByRole('button', { name: 'Save mine on top' }).click()
  await page.getByText('Saved as version 3').waitFor()
  assert.equal((await read(system, 'greet')).code, '// mine\n')
  // The refused save itself is an answer with status 400.
  demandQuiet(/status of 400/)
})

test('unsaved text is asked about before leaving, and survives a reload', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/greet`)
  await write(page, '// work of an hour\n')
  await page.getByRole('link', { name: /^SetupTwoFactorAuth/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' })
  await look('code-leave')
  await dialog.getByRole('button', { name: 'Stay' }).click()
  await editor(page).getByText('// work of an hour').waitFor()

  await page.waitForFunction(() => Object.keys(sessionStorage).some((name) => name.startsWith('gatehouse.draft')))
  page.once('dialog', (asked) => asked.accept())
  await page.reload()
  await page.getByRole('button', { name: 'Bring it back' }).click()
  await editor(page).getByText('// work of an hour').waitFor()

  await page.getByRole('link', { name: /^Constants/ }).click()
  await dialog.getByRole('button', { name: 'Leave' }).click()
  await page.getByRole('heading', { name: 'Constants' }).waitFor()
  await page.getByRole('link', { name: /^greet/ }).click()
  await editor(page).getByText('Good day').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Bring it back' }).count(), 0)
  assert.equal((await read(system, 'greet')).code, source)
  demandQuiet()
})

test('a key that was typed into a library is offered to the secrets, and moves there', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/library/Constants`)
  await write(page, 'var TWILIO_SECRET = "0123456789abcdef"\nvar TWILIO_URL = "https://api.twilio.com"\n')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('This looks like keys of a provider').waitFor()
  await look('code-typed-secrets')
  await page.getByRole('button', { name: 'Move into secrets' }).click()
  await editor(page).getByText('secret:').waitFor()
  assert.doesNotMatch(await editor(page).innerText(), /0123456789abcdef/)
  const { body } = await app.call('GET', `/admin/v/4/system/${system.key}/secrets`, { developer: app.developer })
  assert.equal(body.length ?? body.secrets?.length, 1)
  demandQuiet()
})

test('versions show what differs, and an older one is made current again', async (t) => {
  const system = await furnished()
  await app.call('PUT', `/admin/code/v/1/${system.key}/greet`, {
    developer: app.developer,
    body: { code: source.replace('Good day', 'Good night') },
  })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/greet`)
  await editor(page).getByText('Good night').waitFor()
  await page.getByRole('button', { name: 'Versions' }).click()
  const dialog = page.getByRole('dialog', { name: 'Versions of greet' })
  await dialog.getByRole('button', { name: /Version 1/ }).click()
  await dialog.getByRole('textbox', { name: 'Version 1' }).getByText('Good day').waitFor()
  await look('code-versions')
  await dialog.getByRole('button', { name: 'Make current' }).click()
  await page.getByText('Version 1 of greet is current').waitFor()
  await page.keyboard.press('Escape')
  await editor(page).getByText('Good day').waitFor()
  assert.equal((await read(system, 'greet')).current_version, 1)
  demandQuiet()
})

test('the history shows logs and failed runs, a deleted service is gone', async (t) => {
  const system = await furnished()
  await app.createService(system, 'broken', 'log("before it broke")\nthrow new Error("valve stuck")\n', {
    requires: 'log',
    fields: { logging_enabled: true },
  })
  await app.run(system, 'broken', { valve: 7 }, { developer: app.developer })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/broken`)
  await page.getByRole('button', { name: 'Code History' }).click()
  const dialog = page.getByRole('dialog', { name: 'Code History of broken' })
  await dialog.getByText('before it broke').waitFor()
  await dialog.getByText('Failed Runs').click()
  await dialog.getByText('valve stuck').first().waitFor()
  await look('code-history')
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog', { name: 'Delete broken?' }).getByRole('button', { name: 'Delete' }).click()
  await page.getByText('broken is deleted').waitFor()
  await page.getByRole('link', { name: /^broken/ }).waitFor({ state: 'detached' })
  await page.getByText('Choose a service or a library').waitFor()
  const names = await app.call('GET', `/admin/code/v/1/${system.key}`, { developer: app.developer })
  assert.deepEqual(names.body.code, ['SetupTwoFactorAuth', 'greet'])
  demandQuiet()
})

test('the editor completes what a service sees, and finds', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code/service/greet`)
  await write(page, ' ')
  await page.keyboard.type('ClearBl')
  await page
    .getByRole('option', { name: /^ClearBlade/ })
    .first()
    .waitFor()
  await look('code-completion')
  await page.keyboard.press('Escape')
  await write(page, ' ')
  await page.keyboard.type('req.params.')
  await page.getByRole('option', { name: /^name/ }).click()
  await editor(page).getByText('req.params.name').waitFor()
  await page.keyboard.press('Control+f')
  await page.getByRole('textbox', { name: 'Find' }).fill('params')
  await look('code-find')
  await page.getByLabel('Search services and libraries').fill('two')
  await page.getByRole('link', { name: /^greet/ }).waitFor({ state: 'detached' })
  await page.getByRole('link', { name: /^SetupTwoFactorAuth/ }).waitFor()
  demandQuiet()
})

test('on a narrow screen list and editor take turns, and nothing is wider than the screen', async (t) => {
  const system = await furnished()
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/code`)
  await page.getByText('Choose a service or a library').waitFor()
  await look('code-list')
  await page.getByRole('link', { name: /^greet/ }).click()
  await editor(page).getByText('Good day').waitFor()
  await look('code-service')
  await page.setViewportSize({ width: 390, height: 844 })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the window`)
  await page.getByRole('link', { name: /^SetupTwoFactorAuth/ }).waitFor({ state: 'hidden' })
  await page.getByRole('link', { name: 'All code' }).click()
  await page.getByRole('link', { name: /^SetupTwoFactorAuth/ }).click()
  await editor(page).getByText('3 users').waitFor()
  demandQuiet()
})
