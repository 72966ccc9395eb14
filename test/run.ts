/**
 * Runs the tests, and what goes with them.
 *
 *   npm test             everything: format, lint, types, tests on SQLite, then again on a real PostgreSQL
 *   npm run check        format, lint, types and the tests on SQLite
 *   npm run check:all    the same as npm test
 *
 * Names of files or folders after `--` narrow what is run: npm test -- test/walks
 */
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { clusterVariable, startPostgres } from './support/postgres.ts'

const root = resolve(import.meta.dirname, '..')
const args = process.argv.slice(2)
const sqliteOnly = args.includes('--check') && !args.includes('--all')
const wanted = args.filter((arg) => !arg.startsWith('--'))

/**
 * Compiled code of ours and of packages, for all processes that the tests start: half of what beginning costs one. Node
 * keeps it by the content of each file, and `npm ci` takes it away.
 */
const compiled = { NODE_COMPILE_CACHE: resolve(root, 'node_modules/.cache/compiled') }

const bin = (name: string): string => resolve(root, 'node_modules/.bin', name)

function run(title: string, command: string, given: string[], env: Record<string, string> = {}): Promise<boolean> {
  console.log(`\n── ${title}`)
  const started = performance.now()
  return new Promise((done) => {
    const child = spawn(command, given, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...compiled, ...process.env, ...env },
    })
    child.on('error', (error) => {
      console.error(`${title}: ${error.message}`)
      done(false)
    })
    child.on('exit', (code) => {
      console.log(
        `── ${title}: ${code === 0 ? 'done' : 'FAILED'} in ${Math.round((performance.now() - started) / 1000)} s`,
      )
      done(code === 0)
    })
  })
}

/** Test files, without those of the PostgreSQL dialect alone where there is no PostgreSQL. */
function testFiles(): string[] {
  const found = globSync(['packages/*/src/**/*.test.ts', 'packages/web/*/src/**/*.test.ts', 'test/**/*.test.ts'], {
    cwd: root,
  }).sort()
  const chosen =
    wanted.length === 0
      ? found
      : found.filter((file) => wanted.some((name) => file.startsWith(name.replace(/^\.\//, ''))))
  return chosen
}

const onPostgresAlone = (file: string): boolean => file.includes('.postgres.test.')
/** Pages ask the node by calls that are tested on both databases themselves. */
const inBrowser = (file: string): boolean => file.startsWith('test/browser/')
const onBoth = (file: string): boolean =>
  !inBrowser(file) && /support\/app\.ts'/.test(readFileSync(resolve(root, file), 'utf8'))

const nodeTest = ['--test', '--test-concurrency=2', '--test-timeout=300000', '--test-reporter=spec']

const failed: string[] = []
const step = async (title: string, result: Promise<boolean>): Promise<void> => {
  if (!(await result)) failed.push(title)
}

if (wanted.length === 0) {
  await step('format and lint', run('format and lint', bin('biome'), ['check', '--error-on-warnings', '.']))
  await step('types', run('types', bin('tsc'), ['-p', '.']))
  await step('types of the web pages', run('types of the web pages', bin('tsc'), ['-p', 'packages/web']))
}
const files = testFiles()
const sqlite = files.filter((file) => !onPostgresAlone(file))
if (sqlite.length > 0) await step('tests on SQLite', run('tests on SQLite', process.execPath, [...nodeTest, ...sqlite]))
if (!sqliteOnly) {
  const postgres = files.filter((file) => onPostgresAlone(file) || onBoth(file))
  if (postgres.length > 0) {
    const cluster = await startPostgres()
    const env = { [clusterVariable]: cluster.url, GATEHOUSE_TEST_DATABASE: 'postgres' }
    await step('tests on PostgreSQL', run('tests on PostgreSQL', process.execPath, [...nodeTest, ...postgres], env))
    await cluster.stop()
  }
}
if (files.length === 0) failed.push('no test file matches')
console.log(failed.length === 0 ? '\nAll is well.' : `\nFailed: ${failed.join(', ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1
