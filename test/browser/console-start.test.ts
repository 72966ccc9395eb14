/** The first minutes: the one-time link, its page, and how much a browser loads before anything is to be seen. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { brotliCompressSync } from 'node:zlib'
import { setupLink } from '../../packages/server/src/app.ts'
import { createTestApp } from '../support/app.ts'
import { openConsole } from '../support/console.ts'

test('a node without a developer says where the link is; the link makes the first one and goes on to the console', async (t) => {
  const app = await createTestApp(t, {
    env: { GATEHOUSE_DEVELOPER_EMAIL: '', GATEHOUSE_DEVELOPER_PASSWORD: '' },
  })
  const { page, url, look, demandQuiet } = await openConsole(t, app)
  await page.goto(url)
  await page.getByText('This node has no developer yet').waitFor()
  await look('first-run')
  await page.goto((await setupLink(app.app.means))!)
  await page.getByLabel('E-mail').fill('first@example.com')
  await page.getByLabel('Password').first().fill('correct horse battery')
  await page.getByLabel('Confirm Password').first().fill('correct horse')
  await page.getByText('The two are not the same.').waitFor()
  await look('setup')
  await page.getByLabel('Confirm Password').first().fill('correct horse battery')
  await page.getByRole('button', { name: 'Make me the first developer' }).click()
  await page.getByRole('heading', { name: 'Packages', level: 1 }).waitFor()
  assert.ok(!page.url().includes('key='))
  demandQuiet()
})

const kB = 1000

test('the first page of the console is at most 250 kB, compressed', () => {
  const folder = resolve(import.meta.dirname, '../../packages/web/dist/console')
  const index = readFileSync(join(folder, 'index.html'), 'utf8')
  const pulled = [...index.matchAll(/(?:src|href)="\/console\/([^"]+)"/g)].map(([, path]) => join(folder, path!))
  assert.ok(pulled.length > 1)
  const sizes = pulled.map((path) =>
    existsSync(`${path}.br`) ? readFileSync(`${path}.br`).length : brotliCompressSync(readFileSync(path)).length,
  )
  const sum = sizes.reduce((one, other) => one + other, brotliCompressSync(index).length)
  assert.ok(sum <= 250 * kB, `${Math.round(sum / kB)} kB`)
})
