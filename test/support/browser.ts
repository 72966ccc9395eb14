/**
 * A real Chromium for tests: the one from npm (`@sparticuz/chromium`, for Linux), or the one that GATEHOUSE_TEST_CHROMIUM
 * names. It talks to loopback alone and calls nobody on its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflate } from '@sparticuz/chromium'
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
  const named = process.env.GATEHOUSE_TEST_CHROMIUM
  if (named !== undefined) return playwright.launch({ executablePath: named, args: quiet, headless: true })
  // The package holds a program for Linux; elsewhere people have Chrome.
  if (process.platform !== 'linux') return playwright.launch({ channel: 'chrome', args: quiet, headless: true })
  const folder = await unpacked()
  const executablePath = join(folder, 'chromium')
  return playwright.launch({ executablePath, args: quiet, headless: true, env: environmentFor(folder, executablePath) })
}

/**
 * Unpacked once for each version, and moved into its place whole: test files run at the same time, and one must not start
 * what another is still writing.
 */
async function unpacked(): Promise<string> {
  const from = dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))))
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `gatehouse-test-chromium-${version}`)
  if (existsSync(folder)) return folder
  const making = mkdtempSync(`${folder}-`)
  const before = process.env.TMPDIR
  // The package unpacks into the folder for temporary files, whichever that is.
  process.env.TMPDIR = making
  try {
    const packed = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br']
    await Promise.all(packed.map((name) => inflate(join(from, 'bin', name))))
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  try {
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** A bare machine lacks libraries and fonts that a browser needs; the package brings them. */
function environmentFor(folder: string, executable: string): Record<string, string> {
  const { stdout } = spawnSync('ldd', [executable], { encoding: 'utf8' })
  const lacks = stdout?.includes('not found') === true
  return {
    ...(process.env as Record<string, string>),
    ...(lacks && { LD_LIBRARY_PATH: join(folder, 'al2023/lib') }),
    ...(!existsSync('/etc/fonts') && { FONTCONFIG_PATH: join(folder, 'fonts') }),
  }
}
