/**
 * A real Chromium for tests: from npm (`@sparticuz/chromium`), or the one that GATEHOUSE_TEST_CHROMIUM names. It talks to
 * loopback alone and calls nobody on its own.
 */
import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.GATEHOUSE_TEST_CHROMIUM ?? (await chromium.executablePath())
  return playwright.launch({ executablePath, args: quiet, headless: true })
}
