/**
 * The console in a real Chromium, seen as a person sees it. Pictures are taken of each page in both widths and colours, and
 * axe looks at each; what the browser complains of is kept for the end of the test.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import type { Page } from 'playwright-core'
import { developerEmail, developerPassword, type TestApp } from './app.ts'
import { openBrowser } from './browser.ts'

const pictures = resolve(import.meta.dirname, '../../test-output/console')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const wide = { width: 1440, height: 900 }
const narrow = { width: 390, height: 844 }

export type Console = {
  page: Page
  url: string
  /** Opens an address below `/console`. */
  go(path: string): Promise<void>
  signIn(): Promise<void>
  /** Takes four pictures of what stands there now, and has axe look at it in light and in dark. */
  look(name: string): Promise<void>
  /** Throws where the browser complained of anything, but of what the test itself brought about. */
  demandQuiet(expected?: RegExp): void
}

export async function openConsole(t: TestContext, app: TestApp): Promise<Console> {
  mkdirSync(pictures, { recursive: true })
  const browser = await openBrowser()
  t.after(async () => {
    if (!t.passed) {
      await page.screenshot({ path: join(pictures, 'where-it-failed.png') }).catch(() => undefined)
      console.error(complaints.join('\n'))
    }
    await browser.close()
  })
  const context = await browser.newContext({ viewport: wide, permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const complaints: string[] = []
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return
    const { url: from, lineNumber, columnNumber } = message.location()
    complaints.push(`${message.type()}: ${message.text()} (${from}:${lineNumber}:${columnNumber})`)
  })
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  const url = app.app.means.publicUrl()
  return {
    page,
    url,
    async go(path) {
      await page.goto(`${url}/console${path}`)
    },
    async signIn() {
      await page.goto(`${url}/console/sign-in`)
      await page.getByLabel('E-mail').fill(developerEmail)
      await page.getByLabel('Password').first().fill(developerPassword)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Systems', level: 1 }).waitFor()
    },
    look: (name) => look(page, name),
    demandQuiet(expected) {
      assert.deepEqual(
        complaints.filter((text) => expected === undefined || !expected.test(text)),
        [],
      )
    },
  }
}

const guidePictures = resolve(import.meta.dirname, '../../test-output/guide')
const page16to10 = { width: 1200, height: 750 }

/** A picture of a step of a guide. `docs/guide` shows copies of them. */
export async function guidePicture(page: Page, name: string): Promise<void> {
  mkdirSync(guidePictures, { recursive: true })
  const before = page.viewportSize()
  await page.setViewportSize(page16to10)
  await page.screenshot({ path: join(guidePictures, `${name}.png`), animations: 'disabled' })
  if (before !== null) await page.setViewportSize(before)
}

async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const [width, size] of [
      ['1440', wide],
      ['390', narrow],
    ] as const) {
      await page.setViewportSize(size)
      await demandNoOverflow(page, `${name} at ${width}`)
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), animations: 'disabled' })
    }
    await page.setViewportSize(wide)
    await demandAccessible(page, `${name}, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

/** Waits a moment, since a hint beside the pointer finds its new place only after the window has its own. */
async function demandNoOverflow(page: Page, what: string): Promise<void> {
  const fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth
  await page.waitForFunction(fits, undefined, { timeout: 5_000 }).catch(() => undefined)
  assert.ok(await page.evaluate(fits), `${what} pixels is wider than its window`)
}

async function demandAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe)
  const faults = await page.evaluate(async () => {
    const { violations } = await (globalThis as any).axe.run(document, { resultTypes: ['violations'] })
    return violations
      .filter(({ impact }: any) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }: any) => ({
        id,
        where: nodes.slice(0, 4).map(({ html, any }: any) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`),
      }))
  })
  assert.deepEqual(faults, [], `axe finds no serious fault: ${what}`)
}
