/** An upgrade to a package that differs, by what a person sees: what changes is shown first, and its steps tick. */
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { archiveOf } from '../../packages/server/src/deploy/catalogue.ts'
import { column, filesOf, service } from '../../packages/server/src/deploy/import.fixture.ts'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

const portal = { name: 'Front', type: 'custom_v2', config: { pages: [], widgets: [] } }

const first = filesOf({
  'package.json': { name: 'shifts', version: '1.0.0' },
  ...service('hello'),
  ...service('old'),
  'portals/Front.json': portal,
  'timers/nightly.json': { name: 'nightly', service_name: 'hello', frequency: 60, repeats: -1, start_time: 'Now' },
})
const second = filesOf({
  'package.json': { name: 'shifts', version: '2.0.0' },
  ...service('hello', {}, "resp.success('better')"),
  ...service('fresh'),
  'data/Shifts.json': { name: 'Shifts', schema: [column('who', 'string')], items: [] },
  'portals/Front.json': portal,
})

test('an upgrade shows what it changes, ticks its steps, and leaves the new version there', async (t) => {
  let archive = await archiveOf(first, '')
  /** Where an answer stops half way until the test has seen what the page shows meanwhile. */
  let held: ((rest: () => void) => void) | undefined
  const answer = (response: ServerResponse): void => {
    if (held === undefined) return void response.end(archive)
    const half = archive.length >> 1
    response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, half))
    held(() => response.end(archive.subarray(half)))
  }
  const place = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1')
  t.after(() => place.close())
  await new Promise((resolve) => place.once('listening', resolve))
  const { port } = place.address() as AddressInfo
  const app = await createTestApp(t, { args: ['--route', `https://example.com=http://127.0.0.1:${port}`] })
  const { developer } = app
  const system = await app.createSystem('plant')
  const url = 'https://example.com/shifts.zip'
  const { page, go, signIn, look, demandQuiet } = await openConsole(t, app)
  const services = async (): Promise<string[]> =>
    (await app.call('GET', `/admin/code/v/1/${system.key}`, { developer })).body.code.sort()

  await signIn()
  await go(`/packages/install?into=${system.key}`)
  await page.getByLabel('URL').fill(url)
  await page.getByRole('button', { name: 'Fetch' }).click()
  await page.getByText('Timers: nightly').waitFor()
  // A portal is in use as it stands.
  assert.equal(await page.getByText('Portals: Front').count(), 0)
  const installed = await app.call('POST', '/admin/v/4/packages/install', {
    developer,
    body: { url, system: system.key },
  })
  assert.equal(installed.status, 200, installed.text)
  assert.deepEqual(await services(), ['hello', 'old'])

  archive = await archiveOf(second, '')
  await go(`/systems/${system.key}/packages`)
  await page.getByText('1.0.0').waitFor()
  await page.getByRole('button', { name: 'Upgrade' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'See what would change' }).click()
  await dialog.getByRole('row', { name: /changes hello Code services code/ }).waitFor()
  await dialog.getByRole('row', { name: /new fresh Code services/ }).waitFor()
  await dialog.getByRole('row', { name: /new Shifts Collections columns who/ }).waitFor()
  // What the new version does not have stays, and so does what is alike.
  assert.equal(await dialog.getByRole('row', { name: /old|Front/ }).count(), 0)
  await look('upgrade-differs')
  assert.deepEqual(await services(), ['hello', 'old'], 'nothing was changed by looking')

  const reached = new Promise<() => void>((resolve) => {
    held = resolve
  })
  await dialog.getByRole('button', { name: 'Upgrade' }).click()
  const rest = await reached
  held = undefined
  const steps = dialog.getByRole('status', { name: 'Upgrade' })
  await steps.getByRole('listitem').filter({ hasText: 'Fetching' }).waitFor()
  assert.equal(await steps.getByRole('listitem').filter({ hasText: 'Asking' }).locator('svg').count(), 1, 'ticked')
  await look('upgrade-ticking')
  rest()
  await page.getByText('shifts is upgraded.').waitFor()
  await page.getByText('2.0.0').waitFor()
  const code = await app.call('GET', `/api/v/1/code/${system.key}/hello`, { developer })
  assert.match(code.body.code, /better/)
  assert.ok((await services()).includes('fresh'))
  demandQuiet()
})
