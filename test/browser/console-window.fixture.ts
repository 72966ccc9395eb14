/** For tests of the console in a real Chromium: a window that is signed in, what went wrong in it, pictures, axe. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { developerEmail, type TestApp } from '../support/app.ts'

const pictures = resolve(import.meta.dirname, '../../test-output')

const built = resolve(import.meta.dirname, '../../packages/web/dist/console/index.html')

export type Size = 'wide' | 'narrow'
export type Colours = 'light' | 'dark'

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } } as const

export type Window = {
  page: Page
  /** Console errors and failed requests since the last call, but those whose text matches `expected`. */
  troubles(expected?: RegExp): string[]
  /** A picture in `test-output/`. */
  picture(name: string): Promise<void>
  close(): Promise<void>
}

/** The node's own address; tests never reach further. */
export const addressOf = (app: TestApp): string => {
  const address = app.app.server.server.address()
  if (address === null || typeof address === 'string') throw new Error('the node does not listen')
  return `http://localhost:${address.port}`
}

export async function openWindow(
  browser: Browser,
  app: TestApp,
  { size = 'wide', colours = 'light' }: { size?: Size; colours?: Colours } = {},
): Promise<Window> {
  assert.ok(existsSync(built), 'The console is not built. Run: npm run build')
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: colours, reducedMotion: 'reduce' })
  const session = JSON.stringify({ token: app.developer, email: developerEmail })
  await context.addInitScript((text) => localStorage.setItem('gatehouse.developer', text), session)
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  let seen: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') seen.push(message.text())
  })
  page.on('pageerror', (error) => seen.push(String(error)))
  return {
    page,
    troubles(expected) {
      const found = seen.filter((text) => expected === undefined || !expected.test(text))
      seen = []
      return found
    },
    async picture(name) {
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: resolve(pictures, `${name}-${size}-${colours}.png`) })
    },
    close: () => context.close(),
  }
}

/** Fails where axe finds what is serious or critical in the page as it stands. */
export async function demandAccessible(page: Page): Promise<void> {
  // Evaluated from outside, so the page's own policy stays in force.
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const run = (globalThis as any).axe.run as (options: unknown) => Promise<{ violations: any[] }>
    const { violations } = await run({ resultTypes: ['violations'], preload: false })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes
            .slice(0, 4)
            .map((node: any) => `${node.html.slice(0, 200)} ${node.failureSummary}`)
            .join(' | ')}`,
      )
  })
  assert.deepEqual(found, [])
}
