/** Portals of all documented shapes, brought by a package and opened in a real browser: nothing in them fails. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { archiveOf } from '../../packages/server/src/deploy/catalogue.ts'
import { createTestApp } from '../support/app.ts'
import { openBrowser } from '../support/browser.ts'
import { portalDraw } from '../support/portal-generator.ts'
import { openPage, portalLink } from '../support/portals.ts'

const app = await createTestApp({ after })
const { developer } = app
const browser = await openBrowser()
after(() => browser.close())

const count = 16

const bytesOf = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

test(`${count} portals of all documented shapes show each of their pages without an error`, async (t) => {
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Date.now() % 1_000_000)
  t.diagnostic(`GATEHOUSE_TEST_SEED=${seed}`)
  const drawn = Array.from(
    { length: count },
    (_, number) => fc.sample(portalDraw(number), { seed: seed + number, numRuns: 1 })[0]!,
  )
  const files = new Map(
    drawn.flatMap((one) => Object.entries(one.files).map(([path, value]) => [path, bytesOf(value)] as const)),
  )
  files.set('system.json', bytesOf({ name: 'drawn', description: '' }))
  const contents = (await archiveOf(files, '')).toString('base64')
  const installed = await app.call('POST', '/admin/v/4/packages/install', {
    developer,
    body: { contents, name: 'drawn' },
  })
  assert.equal(installed.status, 200, installed.text)
  const { system } = installed.body
  await app.createService(system, 'poll', 'function poll(req, resp) { resp.success([{ a: 1 }]) }', {
    executableBy: ['Anonymous'],
  })
  await app.createCollection(system, 'Readings', { a: 'int' })
  const portals = drawn.map(({ name }) => ({ itemInfo: { name }, permissions: 1 }))
  const collections = [{ itemInfo: { name: 'Readings' }, permissions: 1 }]
  await app.grant(system, 'Anonymous', { portals, collections })

  const { page, problems, close } = await openPage(browser, { width: 1300, height: 900 })
  for (const { name, paths } of drawn) {
    const link = (await portalLink(app, system, name)).replace(/#.*/, '')
    await page.goto(link)
    for (const [index, path] of paths.entries()) {
      await page.setViewportSize({ width: [1300, 1700, 800, 390][index % 4]!, height: 900 })
      await page.evaluate((hash) => (location.hash = `#${hash}`), path)
      await page.locator('.gh-main').waitFor()
      await page.waitForLoadState('networkidle')
      const failed = await page.locator('.gh-trouble, .gh-bad').allInnerTexts()
      const where = `${name} at ${path}; GATEHOUSE_TEST_SEED=${seed}`
      assert.deepEqual([failed, problems], [[], []], where)
      assert.equal(await page.getByText('This portal has no page').count(), 0, where)
    }
  }
  await close()
})
