/**
 * What a walk through the command line stands on: a home that nobody lives in, a node with its data there, and commands
 * that run as a person types them, each with what it printed. All of it goes at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createWords, type Words } from './words.ts'

export const checkout = resolve(import.meta.dirname, '../..')
export const developer = { email: 'dev@example.com', password: 'correct horse battery' }

const gatehouse = join(checkout, 'packages/cli/src/gatehouse.js')
const patienceMs = 30_000

export type Stage = {
  url: string
  /** A path in the home of the walk. */
  at(path: string): string
  words: Words
  /** The key of each system that was made, by its name. */
  keys: Map<string, string>
  /** A line of the transcript, in which words stand for what is never the same. */
  say(line: string): void
  /**
   * `gatehouse ARGS`, where `~` stands for the home and `~/gatehouse` for this checkout. Answers what it wrote to stdout.
   * Throws where it ends with another code than expected.
   */
  run(args: string, expected?: Expected): Promise<string>
}

export type Expected = {
  code?: number
  /** The folder to type it in; the home without it. */
  folder?: string
  /** The system that is made by it. */
  makes?: string
}

/** Gives `walk` a stage, and takes everything away again, also where it fails or is interrupted. */
export async function onStage(walk: (stage: Stage) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-walk-'))
  const children = new Set<ChildProcess>()
  const start: Start = (args, options) => {
    const { PATH } = process.env
    const env = {
      ...{ PATH, HOME: home, XDG_CONFIG_HOME: join(home, 'settings'), NO_COLOR: '1' },
      GATEHOUSE_DEVELOPER_EMAIL: developer.email,
      GATEHOUSE_DEVELOPER_PASSWORD: developer.password,
    }
    const child = spawn(process.execPath, [gatehouse, ...args], { ...options, env })
    children.add(child)
    child.once('close', () => children.delete(child))
    return child
  }
  const interrupted = Promise.withResolvers<never>()
  const stop = () => interrupted.reject(new Error('The walk was interrupted.'))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const acted = startNode(start, home).then((url) => walk(createStage(start, url, home)))
  try {
    await Promise.race([acted, interrupted.promise])
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await Promise.all([...children].map(end))
    // What was under way ends with the programs that it waits for.
    await acted.catch(() => {})
    rmSync(home, { recursive: true, force: true })
  }
}

type Start = (args: string[], options: { cwd: string; stdio: ('ignore' | 'pipe' | number)[] }) => ChildProcess

/** `gatehouse start`; answers the address once it is ready. */
async function startNode(start: Start, home: string): Promise<string> {
  const args = ['start', '--port', '0', '--data', join(home, 'data'), '--egress-allow', '127.0.0.1']
  const child = start(args, { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] })
  const { promise, resolve: ready, reject } = Promise.withResolvers<string>()
  let output = ''
  const read = (chunk: Buffer) => {
    output += chunk
    const found = /Gatehouse is ready at (http:\/\/[^\s"]+)/.exec(output)
    if (found !== null) ready(found[1]!)
  }
  child.stdout!.on('data', read)
  child.stderr!.on('data', read)
  child.once('error', reject)
  child.once('close', () => reject(new Error(`The node did not come up:\n${output}`)))
  const timer = setTimeout(() => reject(new Error(`The node was not ready in time:\n${output}`)), patienceMs)
  return promise.finally(() => clearTimeout(timer))
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await closed
  clearTimeout(timer)
}

function createStage(start: Start, url: string, home: string): Stage {
  const words = createWords()
  const keys = new Map<string, string>()
  words.learn(url, 'http://localhost:PORT')
  words.learn(developer.password, 'PASSWORD')
  words.learn(home, '~')
  words.learn(checkout, '~/gatehouse')
  const at = (path: string): string => join(home, path)
  const say = (line: string): void => console.log(words.apply(line).replace(/ +$/gm, ''))
  /** As a shell takes the line apart: words, with single quotes round what has spaces in it. */
  const wordsOf = (line: string): string[] =>
    [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) =>
      word
        .replaceAll("'", '')
        .replace(/^~\/gatehouse(?=\/|$)/, checkout)
        .replace(/^~(?=\/|$)/, home),
    )
  return {
    url,
    at,
    words,
    keys,
    say,
    async run(line, { code: expected = 0, folder = '', makes } = {}) {
      mkdirSync(at('out'), { recursive: true })
      // Both streams into one file: they come in the order in which they were written, as at a terminal.
      const [shownFile, resultFile] = [at('out/shown'), at('out/result')]
      const separate = line.includes('--json')
      const shown = openSync(shownFile, 'w')
      const result = separate ? openSync(resultFile, 'w') : shown
      const child = start(wordsOf(line), { cwd: at(folder), stdio: ['ignore', result, shown] })
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      const [code, signal] = await once(child, 'close')
      clearTimeout(timer)
      for (const file of new Set([shown, result])) closeSync(file)
      const messages = readFileSync(shownFile, 'utf8')
      const value = separate ? readFileSync(resultFile, 'utf8') : messages
      const all = separate ? messages + value : messages
      if (makes !== undefined && code === 0) keys.set(makes, words.learnSystem(value, makes))
      say(`$ gatehouse ${line}`)
      if (all !== '') say(all.replace(/\n$/, ''))
      if (code !== expected) {
        throw new Error(`"gatehouse ${line}" ended with ${signal ?? `code ${code}`}, not with code ${expected}.`)
      }
      if (expected !== 0) say(`(exit code ${code})`)
      return value
    },
  }
}
