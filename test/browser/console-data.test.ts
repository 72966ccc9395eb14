/** The page Data of the console as a person uses it: in a real Chromium, by what is seen. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

const app = await createTestApp({ after })
const { developer } = app

const columns = {
  user_id: 'string',
  sms_code: 'string',
  tries: 'int',
  pending: 'bool',
  sent: 'timestamp',
  more: 'jsonb',
}

const insert = async (id: string, rows: unknown) => {
  const { status, text } = await app.call('POST', `/api/v/1/data/${id}`, { developer, body: rows })
  assert.equal(status, 200, text)
}

async function furnished() {
  const system = await app.createSystem('plant')
  const id = await app.createCollection(system, 'TwoFactorAuthTokens', columns)
  await insert(id, [
    {
      user_id: 'ann',
      sms_code: '424242',
      tries: 1,
      pending: true,
      sent: '2026-11-25T10:00:00Z',
      more: { door: 'portal' },
    },
    { user_id: 'bob', sms_code: '171717', tries: 3, pending: false, sent: '2026-11-25T11:00:00Z' },
    { user_id: 'cid', sms_code: '909090', tries: 2, pending: true },
  ])
  return { system, id }
}

const rowsOf = async (id: string): Promise<any[]> =>
  (
    await app.call('GET', `/api/v/1/data/${id}`, {
      developer,
      query: { query: JSON.stringify({ SORT: [{ ASC: 'user_id' }] }) },
    })
  ).body.DATA

const grid = (page: Page) => page.getByRole('grid', { name: 'Rows of TwoFactorAuthTokens' })
const cell = (page: Page, text: string) => grid(page).getByRole('gridcell', { name: text, exact: true })

async function open(t: TestContext) {
  const { system, id } = await furnished()
  const seen = await openConsole(t, app)
  await seen.signIn()
  await seen.go(`/systems/${system.key}/data/TwoFactorAuthTokens`)
  await cell(seen.page, '424242').waitFor()
  return { system, id, ...seen }
}

test('a collection, its columns and a row are made', async (t) => {
  const system = await app.createSystem('fresh')
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/data`)
  await page.getByText('There is no collection yet').waitFor()
  await look('data-empty')
  await page.getByRole('button', { name: 'Collection' }).click()
  await page.getByRole('dialog', { name: 'New collection' }).getByLabel('Name').fill('TwoFactorAuthTokens')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByText('There is no column beside item_id yet').waitFor()

  for (const [name, type] of [
    ['sms_code', 'string'],
    ['tries', 'int'],
  ] as const) {
    await page.getByRole('button', { name: 'Column', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'New column' })
    await dialog.getByLabel('Name').fill(name)
    await dialog.getByLabel('Type').selectOption(type)
    await dialog.getByRole('button', { name: 'Add' }).click()
    await grid(page)
      .getByRole('columnheader', { name: `${name} (${type})` })
      .waitFor()
  }
  await page.getByRole('button', { name: 'Row', exact: true }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New row' })
  await dialog.getByLabel('sms_code (string)').fill('123456')
  await dialog.getByLabel('tries (int)').fill('many')
  await dialog.getByText('Not a whole number').waitFor()
  await look('data-new-row')
  await dialog.getByLabel('tries (int)').fill('4')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await cell(page, '123456').waitFor()
  await cell(page, '4').waitFor()
  await page.getByText('1 row', { exact: true }).waitFor()
  demandQuiet()
})

test('cells are written by mouse and keyboard, with the types of their columns', async (t) => {
  const { id, page, look, demandQuiet } = await open(t)
  await cell(page, '424242').dblclick()
  const box = page.getByRole('textbox', { name: 'sms_code of row 1' })
  await box.fill('000000')
  await box.press('Enter')
  await cell(page, '000000').waitFor()

  // On by keys: to the right, a wrong value, a right one, and nothing at all.
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  const tries = page.getByRole('textbox', { name: 'tries of row 1' })
  await tries.fill('x')
  await tries.press('Enter')
  await page.getByRole('alert').getByText('Not a whole number').waitFor()
  await look('data-wrong-value')
  await tries.fill('7')
  await tries.press('Tab')
  await cell(page, '7').waitFor()
  await page.keyboard.type('f')
  const pending = page.getByRole('textbox', { name: 'pending of row 1' })
  await pending.press('Escape')
  await pending.waitFor({ state: 'detached' })

  await grid(page).getByText('{"door":"portal"}').dblclick()
  const dialog = page.getByRole('dialog', { name: 'more (jsonb)' })
  await dialog.getByLabel('Value of more').fill('{"door": ')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('Not JSON').waitFor()
  await look('data-cell-dialog')
  await dialog.getByLabel('Value of more').fill('{"door": "api"}')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await grid(page).getByText('{"door":"api"}').waitFor()

  const [ann, bob] = await rowsOf(id)
  assert.deepEqual(
    { code: ann.sms_code, tries: ann.tries, pending: ann.pending, more: ann.more },
    { code: '000000', tries: 7, pending: true, more: { door: 'api' } },
  )
  assert.equal(bob.sms_code, '171717')
  demandQuiet()
})

test('a cell that somebody else wrote meanwhile is not overwritten unasked', async (t) => {
  const { id, page, look, demandQuiet } = await open(t)
  await cell(page, '171717').dblclick()
  const box = page.getByRole('textbox', { name: 'sms_code of row 2' })
  await box.fill('mine')
  const theirs = { query: [[{ EQ: [{ user_id: 'bob' }] }]], $set: { sms_code: 'theirs', tries: 9 } }
  await app.call('PUT', `/api/v/1/data/${id}`, { developer, body: theirs })
  await box.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Somebody else changed this cell' })
  await dialog.getByText('theirs', { exact: true }).waitFor()
  await dialog.getByText('mine', { exact: true }).waitFor()
  await look('data-stale')
  assert.equal((await rowsOf(id))[1].sms_code, 'theirs')
  await dialog.getByRole('button', { name: 'Write mine' }).click()
  await cell(page, 'mine').waitFor()
  const [, bob] = await rowsOf(id)
  assert.deepEqual({ code: bob.sms_code, tries: bob.tries }, { code: 'mine', tries: 9 })
  demandQuiet()
})

test('rows are filtered and sorted, what others write comes in, and the item ID is copied', async (t) => {
  const { id, page, look, demandQuiet } = await open(t)
  await grid(page).getByRole('columnheader', { name: 'tries (int)' }).getByRole('button').click()
  await page.locator('[aria-sort=ascending]').waitFor()
  await grid(page).getByRole('columnheader', { name: 'tries (int)' }).getByRole('button').click()
  await page.locator('[aria-sort=descending]').waitFor()
  await grid(page).locator('[aria-rowindex="2"]').getByText('171717').waitFor()

  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByLabel('Column of condition 1').selectOption('pending')
  await page.getByLabel('Value of condition 1').fill('true')
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('2 rows match').waitFor()
  await page.getByRole('button', { name: 'And' }).click()
  await page.getByLabel('Column of condition 2').selectOption('sms_code')
  await page.getByLabel('Operator of condition 2').selectOption('contains')
  await page.getByLabel('Value of condition 2').fill('4242')
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('1 row matches').waitFor()
  await look('data-filter')
  await page.getByRole('checkbox', { name: 'Select row 1' }).check()
  await page.getByRole('button', { name: 'Row (1)' }).waitFor()
  await page.getByRole('button', { name: 'No filter' }).click()
  await page.getByText('3 rows', { exact: true }).waitFor()
  // What was chosen under the filter is not chosen any more.
  await page.getByRole('button', { name: 'Row (1)' }).waitFor({ state: 'detached' })

  await insert(id, { user_id: 'dan', sms_code: '555555', tries: 8 })
  await page.getByText('4 rows', { exact: true }).waitFor()
  await cell(page, '555555').waitFor()

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const [ann] = await rowsOf(id)
  await page.getByRole('button', { name: `Copy item ID ${ann.item_id}` }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), ann.item_id)
  demandQuiet()
})

test('chosen rows are deleted, and all of them once the name was typed', async (t) => {
  const { id, page, look, demandQuiet } = await open(t)
  await page.getByRole('checkbox', { name: 'Select row 2' }).check()
  await look('data-selected')
  await page.getByRole('button', { name: 'Row (1)' }).click()
  await page.getByRole('dialog', { name: 'Delete 1 row?' }).getByRole('button', { name: 'Delete' }).click()
  await page.getByText('1 row is deleted').waitFor()
  await cell(page, '171717').waitFor({ state: 'detached' })
  assert.deepEqual(
    (await rowsOf(id)).map(({ user_id }) => user_id),
    ['ann', 'cid'],
  )

  await page.getByRole('button', { name: 'Delete All' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete all rows?' })
  const really = dialog.getByRole('button', { name: 'Delete All' })
  assert.equal(await really.isDisabled(), true)
  await dialog.getByLabel('Type "TwoFactorAuthTokens" to go on').fill('TwoFactorAuthTokens')
  await really.click()
  await page.getByText('There is no row yet').waitFor()
  assert.deepEqual(await rowsOf(id), [])
  demandQuiet()
})

test('rows go out as CSV and JSON and come in again the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-files-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const { id, page, look, demandQuiet } = await open(t)
  const before = await rowsOf(id)
  for (const [format, label] of [
    ['csv', 'As CSV'],
    ['json', 'As JSON'],
  ] as const) {
    await page.getByRole('button', { name: 'Export' }).click()
    const arriving = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: label }).click()
    const download = await arriving
    assert.equal(download.suggestedFilename(), `TwoFactorAuthTokens.${format}`)
    const file = join(folder, download.suggestedFilename())
    await download.saveAs(file)
    if (format === 'csv') {
      const [head] = readFileSync(file, 'utf8').split('\r\n')
      assert.equal(head, 'item_id,user_id,sms_code,tries,pending,sent,more')
    }
    await app.call('DELETE', `/api/v/1/data/${id}`, { developer, query: { query: '[]' } })
    await page.getByRole('button', { name: 'Refresh' }).click()
    await page.getByText('There is no row yet').waitFor()
    await page.getByRole('button', { name: 'Import a file' }).click()
    const dialog = page.getByRole('dialog', { name: 'Import rows' })
    await dialog.locator('input[type=file]').setInputFiles(file)
    await dialog.getByText('3 rows with the columns').waitFor()
    if (format === 'csv') {
      await look('data-import')
    }
    await dialog.getByRole('button', { name: 'Import' }).click()
    await page.getByText('3 rows are imported').last().waitFor()
    await dialog.waitFor({ state: 'hidden' })
    assert.deepEqual(await rowsOf(id), before)
  }

  // A file with a value that does not fit changes nothing; one with more columns brings them along.
  const dialog = page.getByRole('dialog', { name: 'Import rows' })
  const wrong = join(folder, 'wrong.csv')
  writeFileSync(wrong, 'user_id,tries\neve,1\nfay,many\n')
  await page.getByRole('button', { name: 'Import a file' }).click()
  await dialog.locator('input[type=file]').setInputFiles(wrong)
  await dialog.getByRole('button', { name: 'Import' }).click()
  await dialog.getByText('Row 2, tries: Not a whole number').waitFor()
  assert.equal((await rowsOf(id)).length, 3)
  const more = join(folder, 'more.csv')
  writeFileSync(more, 'user_id,weight\neve,1.5\n')
  await dialog.locator('input[type=file]').setInputFiles(more)
  await dialog.getByText('weight (double)').waitFor()
  await dialog.getByRole('button', { name: 'Import' }).click()
  await grid(page).getByRole('columnheader', { name: 'weight (double)' }).waitFor()
  assert.equal((await rowsOf(id)).find(({ user_id }) => user_id === 'eve').weight, 1.5)
  demandQuiet()
})

test('the wrench sets rights, indexes and names, and deletes', async (t) => {
  const { system, id, page, look, demandQuiet } = await open(t)
  await page.getByRole('button', { name: /^Wrench/ }).click()
  const dialog = page.getByRole('dialog', { name: 'TwoFactorAuthTokens' })
  await dialog.getByText(id).waitFor()
  await look('data-properties')

  await dialog.getByRole('tab', { name: 'Security' }).click()
  await dialog.getByRole('button', { name: 'Role' }).click()
  await page.getByRole('menuitem', { name: 'Authenticated' }).click()
  await dialog.getByLabel('Create by Authenticated').check()
  await look('data-security')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The rights on TwoFactorAuthTokens are saved').waitFor()
  const roles = await app.call('GET', `/admin/user/${system.key}/roles`, { developer })
  const authenticated = roles.body.find(({ Name }: any) => Name === 'Authenticated')
  assert.equal(authenticated.Permissions.Collections.find(({ ID }: any) => ID === id).Level, 3)

  await dialog.getByRole('tab', { name: 'Columns' }).click()
  await dialog.getByLabel('Index of user_id').selectOption('Unique')
  await page.waitForFunction(() => !document.querySelector('select[disabled]'))
  await dialog.getByLabel('Name of sms_code').fill('code')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await dialog.getByLabel('Name of code').waitFor()
  await dialog.getByRole('button', { name: 'Delete sent' }).click()
  await page.getByRole('dialog', { name: 'Delete the column sent?' }).getByRole('button', { name: 'Delete' }).click()
  await dialog.getByLabel('Name of sent').waitFor({ state: 'detached' })
  await look('data-columns')
  const indexes = await app.call('GET', `/api/v/4/data/${id}/listindexes`, { developer })
  assert.deepEqual(indexes.body.Data[1], { name: 'user_id', type: 'Unique Index' })
  const now = await app.call('GET', `/api/v/1/data/${id}/columns`, { developer })
  assert.deepEqual(
    now.body.map(({ ColumnName }: any) => ColumnName),
    ['item_id', 'user_id', 'code', 'tries', 'pending', 'more'],
  )

  await dialog.getByRole('tab', { name: 'Properties' }).click()
  await dialog.getByLabel('Name').fill('Tokens')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Tokens', exact: true }).waitFor()
  await page.getByRole('button', { name: /^Wrench/ }).click()
  await page.getByRole('button', { name: 'Delete the collection' }).click()
  await page
    .getByRole('dialog', { name: 'Delete Tokens?' })
    .getByRole('button', { name: 'Delete', exact: true })
    .click()
  await page.getByText('Tokens is deleted').waitFor()
  await page.getByText('There is no collection yet').waitFor()
  demandQuiet()
})

test('100,000 rows are scrolled through, with no more than what is in sight in the page', async (t) => {
  const system = await app.createSystem('large')
  const id = await app.createCollection(system, 'Readings', { n: 'int', word: 'string' })
  for (let start = 0; start < 100_000; start += 10_000) {
    await insert(
      id,
      Array.from({ length: 10_000 }, (_, at) => ({ n: start + at, word: `w${start + at}` })),
    )
  }
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  await signIn()
  await go(`/systems/${system.key}/data/Readings`)
  await page.getByText('100,000 rows', { exact: true }).waitFor()
  const readings = page.getByRole('grid', { name: 'Rows of Readings' })
  assert.equal(await readings.getAttribute('aria-rowcount'), '100001')
  await readings.getByRole('columnheader', { name: 'n (int)' }).getByRole('button').click()
  await readings.getByRole('gridcell', { name: 'w0', exact: true }).waitFor()

  const rows = () => readings.getByRole('row').count()
  for (const share of [0.25, 0.5, 0.75, 1]) {
    await readings.evaluate((box, at) => box.scrollTo(0, (box.scrollHeight - box.clientHeight) * at), share)
    const last = share === 1 ? 99_999 : Math.round(100_000 * share)
    await readings.getByRole('gridcell', { name: `w${last}`, exact: true }).waitFor()
    assert.ok((await rows()) < 80, `${await rows()} rows in the page`)
  }
  await look('data-large')
  await readings.focus()
  await page.keyboard.press('Control+Home')
  await readings.getByRole('gridcell', { name: 'w0', exact: true }).waitFor()
  demandQuiet()
})

test('on a narrow screen a finger reaches everything, and nothing is wider than the screen', async (t) => {
  const { system, page, go, look, demandQuiet } = await open(t)
  await cell(page, '424242').click()
  await look('data-grid')
  await page.setViewportSize({ width: 390, height: 844 })
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the window`)
  await page.getByRole('link', { name: 'All collections' }).click()
  await page.getByRole('link', { name: 'TwoFactorAuthTokens' }).waitFor()
  await page.setViewportSize({ width: 1440, height: 900 })
  await go(`/systems/${system.key}/data`)
  await page.getByText('Choose a collection').waitFor()
  await look('data-list')
  demandQuiet()
})
