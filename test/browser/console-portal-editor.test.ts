/** The editor of portals as a person uses it: in a real Chromium, by what is seen, with the portal itself beside it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'
import { makePortal } from '../support/portals.ts'

const app = await createTestApp({ after })
const { developer } = app

const stored = async (key: string, name: string): Promise<any> => {
  const { body } = await app.call('GET', `/api/v/2/portals/${key}/${name}`, { developer })
  return JSON.parse(body.config)
}

const grip = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name} ?, pane`) })
const widget = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}.*, widget`) })

async function drag(page: Page, from: Locator, by: { x: number; y: number }, at?: { x: number; y: number }) {
  const box = (await from.boundingBox())!
  const start = at ?? { x: 20, y: 8 }
  await page.mouse.move(box.x + start.x, box.y + start.y)
  await page.mouse.down()
  await page.mouse.move(box.x + start.x + by.x / 2, box.y + start.y + by.y / 2)
  await page.mouse.move(box.x + start.x + by.x, box.y + start.y + by.y)
  await page.mouse.up()
}

async function addWidget(page: Page, kind: string): Promise<void> {
  await page.getByRole('button', { name: 'Widget', exact: true }).click()
  await page.getByRole('menuitem', { name: kind, exact: true }).click()
  await page.getByRole('region', { name: 'Settings of the widget' }).waitFor()
}

async function save(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText(`${name} is saved.`).last().waitFor()
  await page.getByText('not saved', { exact: true }).waitFor({ state: 'detached' })
}

test('a portal is made by mouse and keys, looked at unsaved, and saved', async (t) => {
  const system = await app.createSystem('plant')
  await app.createService(system, 'poll', 'function poll(req, resp) { resp.success("from a service") }', {
    executableBy: ['Anonymous'],
  })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  // Things are where they go at once.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await signIn()
  await go(`/systems/${system.key}/portals`)
  await page.getByText('This system has no portal').waitFor()
  await page.getByRole('button', { name: 'New' }).click()
  await page.getByRole('dialog', { name: 'New portal' }).getByLabel('Name').fill('Board')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('heading', { name: 'Board', level: 1 }).waitFor()
  await grip(page, 'Welcome').waitFor()
  await page.getByText('No role may open this portal yet').waitFor()
  await page.getByRole('button', { name: 'Edit Roles' }).click()
  await page.getByLabel('Anonymous may open it').check()
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await page.getByText('No role may open this portal yet').waitFor({ state: 'detached' })
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  // A text in the pane, a second pane beside the first, the first made wider by its corner.
  await addWidget(page, 'Text')
  await page.getByRole('group', { name: 'Text' }).getByLabel('Value').fill('Unsaved words')
  await page.getByRole('button', { name: 'Pane', exact: true }).click()
  await page.getByLabel('Title', { exact: true }).fill('Second')
  const second = page.getByRole('region', { name: 'Second', exact: true })
  const width = (await page.getByRole('region', { name: 'Welcome', exact: true }).boundingBox())!.width
  await drag(page, grip(page, 'Second'), { x: width + 10, y: -230 })
  await page.getByRole('button', { name: /^Second ?, pane, column 7, row 1/ }).waitFor()
  await drag(page, second, { x: 0, y: 120 }, { x: width - 8, y: 232 })
  await page.getByRole('button', { name: /^Second ?, pane, column 7, row 1, 6 wide, 6 high/ }).waitFor()
  // By keys: narrower, and undone.
  await grip(page, 'Second').focus()
  await page.keyboard.press('Shift+ArrowLeft')
  await page.getByRole('button', { name: /^Second ?, pane, column 7, row 1, 5 wide/ }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('button', { name: /^Second ?, pane, column 7, row 1, 6 wide/ }).waitFor()
  // A widget is dragged from one pane into the other.
  const to = (await second.boundingBox())!
  const from = (await widget(page, 'Text').boundingBox())!
  await drag(page, widget(page, 'Text'), { x: to.x - from.x + 20, y: to.y + 50 - from.y })
  await second.getByRole('button', { name: /^Text Unsaved words/ }).waitFor()
  await look('portal-editor')

  // A datasource, and a widget that shows what it brings.
  await page.getByRole('tab', { name: 'Datasources' }).click()
  await page.getByRole('button', { name: 'Datasource', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Code service' }).click()
  await page.getByRole('combobox', { name: 'Service' }).fill('poll')
  await look('portal-datasources')
  await page.getByRole('tab', { name: 'Pages' }).click()
  await grip(page, 'Welcome').click()
  await addWidget(page, 'Text')
  await page.getByRole('radiogroup', { name: 'Source of Text' }).getByText('Dynamic').click()
  await page.getByRole('group', { name: 'Text' }).getByLabel('Datasource').selectOption('service')
  const parser = page.getByRole('group', { name: 'Text' }).getByRole('textbox', { name: 'Parser' })
  await parser.fill('return "It came " + this.datasource.results')
  await look('portal-widget')
  await page.getByRole('button', { name: 'Add a page' }).click()
  await page.getByLabel('Name of the page').fill('Details')
  await page.getByRole('button', { name: 'Details', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Home', exact: true }).click()

  // What is not saved is seen at the origin of the portal, in a window of its own, without anything of the developer.
  const opening = page.context().waitForEvent('page')
  await page.getByRole('button', { name: 'Preview' }).click()
  const preview = await opening
  await preview.getByText('Unsaved words').waitFor()
  await preview.getByText('It came from a service').waitFor()
  await preview.getByText('Preview, not saved').waitFor()
  assert.equal(new URL(preview.url()).hostname, `${system.key}.localhost`)
  assert.equal(await preview.evaluate(() => window.opener), null)
  const seen = await preview.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }]))
  assert.ok(!seen.includes(developer))
  await preview.close()
  assert.equal(JSON.stringify(await stored(system.key, 'Board')).includes('Unsaved words'), false)

  await save(page, 'Board')
  const config = await stored(system.key, 'Board')
  assert.deepEqual(
    Object.values<any>(config.pages)
      .map(({ name }) => name)
      .sort(),
    ['Details', 'Home'],
  )
  assert.ok(JSON.stringify(config).includes('Unsaved words'))

  await page.getByRole('tab', { name: 'Theme' }).click()
  await page.getByRole('textbox', { name: 'Background' }).first().fill('#123456')
  await look('portal-theme')
  await page.getByRole('tab', { name: 'Resources' }).click()
  await page.getByRole('button', { name: 'Style sheet' }).click()
  await page.getByRole('textbox', { name: 'Text of style.css' }).fill('p { margin: 0 }')
  await look('portal-resources')
  await save(page, 'Board')
  const after = await stored(system.key, 'Board')
  assert.equal(after.theme.items.main.portal.styles.backgroundColor, '#123456')
  assert.equal(Object.values<any>(after.internalResources)[0].file, 'p { margin: 0 }')
  demandQuiet()
})

test('what somebody else saved is not overwritten, and what was typed is not lost', async (t) => {
  const system = await app.createSystem('shared')
  const unknown = { unheardOf: { kept: [1, { deep: true }] } }
  await makePortal(app, system, 'Board', { pages: { Home: { id: 'Home', name: 'Home', ...unknown } }, ...unknown })
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/portals`)
  await page.getByRole('link', { name: 'Edit Board' }).click()
  await page.getByLabel('Name of the page').fill('Mine')

  const theirs = { ...(await stored(system.key, 'Board')), theirs: true }
  await app.call('PUT', `/api/v/2/portals/${system.key}/Board`, { developer, body: { config: theirs } })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Somebody else saved meanwhile' })
  await dialog.getByRole('button', { name: 'Keep editing' }).waitFor()
  await dialog.getByText('theirs').first().waitFor()
  await look('portal-stale')
  assert.deepEqual(await stored(system.key, 'Board'), theirs)
  await dialog.getByRole('button', { name: 'Keep editing' }).click()
  assert.equal(await page.getByLabel('Name of the page').inputValue(), 'Mine')
  await page.getByRole('button', { name: 'Compare' }).click()
  await dialog.getByRole('button', { name: 'Save mine on top' }).click()
  await page.getByText('Board is saved.').waitFor()
  const config = await stored(system.key, 'Board')
  assert.deepEqual(config, { pages: { Home: { id: 'Home', name: 'Mine', ...unknown } }, ...unknown })

  // Without a save the work is here again after the page was left by force.
  await page.getByLabel('Name of the page').fill('Later')
  await page.waitForFunction(() => Object.values(sessionStorage).some((value) => String(value).includes('Later')))
  page.once('dialog', (asked) => void asked.accept())
  await page.reload()
  await page.getByRole('button', { name: 'Bring it back' }).click()
  assert.equal(await page.getByLabel('Name of the page').inputValue(), 'Later')
  await save(page, 'Board')

  await page.getByRole('tab', { name: 'About' }).click()
  await page.getByRole('button', { name: 'Delete the portal' }).click()
  const question = page.getByRole('dialog', { name: 'Delete Board?' })
  await question.getByLabel('Type "Board" to go on').fill('Board')
  await question.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByText('This system has no portal').waitFor()
  demandQuiet(/400/)
})
