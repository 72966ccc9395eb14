/** Portals in a real browser: their links, pages that keep what went wrong, pictures of them. */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { TestApp } from './app.ts'

type System = { key: string; secret: string }

/** The link of a portal, as its developer gets it. */
export async function portalLink(app: TestApp, system: System, name: string): Promise<string> {
  const query = { systemKey: system.key, systemSecret: system.secret, name }
  const { status, body, text } = await app.call('GET', '/console-api/portal/createURL', {
    developer: app.developer,
    query,
  })
  if (status !== 200) throw new Error(`no link: ${text}`)
  return body.url
}

/** A portal made by the developer, which the roles named may open. */
export async function makePortal(
  app: TestApp,
  system: System,
  name: string,
  config: object,
  roles: readonly string[] = ['Anonymous'],
): Promise<void> {
  const path = `/api/v/2/portals/${system.key}/${encodeURIComponent(name)}`
  const body = { name, type: 'custom_v2', config: JSON.stringify(config) }
  const { status, text } = await app.call('POST', path, { developer: app.developer, body })
  if (status !== 200) throw new Error(`no portal: ${text}`)
  for (const role of roles) await app.grant(system, role, { portals: [{ itemInfo: { name }, permissions: 1 }] })
}

export type OpenedPage = { page: Page; problems: string[]; close(): Promise<void> }

/** A private window of its own. `problems` fills with errors of the console and of the page. */
export async function openPage(browser: Browser, size: { width: number; height: number }): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: size })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  return { page, problems, close: () => context.close() }
}

export const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
]

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds to be serious, each as one line; the roles of its rows are the grid library's business. */
export async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate<any>(
    'axe.run({ exclude: [[".tabulator"]] }, { resultTypes: ["violations"] })',
  )
  return violations
    .filter(({ impact }: any) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }: any) => `${id}: ${nodes.map(({ html }: any) => html.slice(0, 160)).join(' | ')}`)
}

const folder = resolve(import.meta.dirname, '../../test-output')

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: resolve(folder, `${name}-${page.viewportSize()!.width}.png`), fullPage: true })
}
