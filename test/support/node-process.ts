/**
 * Gatehouse as real processes: the command with its output and exit code, and a started node that can be asked over HTTP,
 * stopped and killed. For what can only be seen from outside; everything else uses `createTestApp`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { plainEnvironment } from './environment.ts'

const command = fileURLToPath(new URL('../../packages/cli/src/gatehouse.js', import.meta.url))

export type Ended = { code: number | null; signal: NodeJS.Signals | null }
export type Finished = Ended & { stdout: string; stderr: string }

/** A node that takes longer for a line that a test waits for hangs. */
const patienceMs = 30_000

type Started = { child: ChildProcess; stdout: () => string; stderr: () => string; ended: Promise<Ended> }

/** `gatehouse ARGS`, running: for a test that ends it itself. */
export const startCommand = (args: string[], env: Record<string, string> = {}): Started => spawnCommand(args, env)

/** Nothing of the surrounding environment but what a program needs, so that no option comes in by chance. */
function spawnCommand(args: string[], env: Record<string, string>): Started {
  const { HOME = '/' } = process.env
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...plainEnvironment(), HOME, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A command that ends at once does not read what it is sent.
  child.stdin.on('error', () => {})
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return { child, stdout: () => stdout, stderr: () => stderr, ended }
}

/** Runs `gatehouse ARGS` to its end. A command that does not end by itself is ended after `timeoutMs` and rejected. */
export async function runCommand(
  args: string[],
  {
    env = {},
    input = '',
    timeoutMs = 20_000,
  }: { env?: Record<string, string>; input?: string; timeoutMs?: number } = {},
): Promise<Finished> {
  const { child, stdout, stderr, ended } = spawnCommand(args, env)
  child.stdin!.end(input)
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const end = await ended
  clearTimeout(timer)
  if (end.signal === 'SIGKILL') throw new Error(`gatehouse ${args.join(' ')} did not end:\n${stdout()}${stderr()}`)
  return { ...end, stdout: stdout(), stderr: stderr() }
}

export type Answer = { status: number; body: any; text: string; headers: Headers }

export type Asked = {
  developer?: string
  token?: string
  system?: { key: string; secret: string }
  body?: unknown
  headers?: Record<string, string>
}

export type NodeProcess = {
  url: string
  pid: number
  /** Everything the node has written so far. */
  output(): string
  /** Resolves with the first line of the output that matches, also one that is still to come. */
  line(pattern: RegExp): Promise<string>
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, asked?: Asked): Promise<Answer>
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void
  running(): boolean
  ended: Promise<Ended>
}

/**
 * `gatehouse start --port 0 ARGS`, once it says that it is ready; `edge` for an edge node. Ends with the test at the latest.
 * With a `--port` among the arguments it is asked there, whatever address it says that people know it by.
 */
export async function startNode(
  t: { after(fn: () => unknown): void },
  args: string[],
  env: Record<string, string> = {},
  kind: 'start' | 'edge' = 'start',
): Promise<NodeProcess> {
  const port = args[args.indexOf('--port') + 1]
  const named = args.includes('--port')
  const { child, stdout, stderr, ended } = spawnCommand([kind, ...(named ? [] : ['--port', '0']), ...args], env)
  const running = () => child.exitCode === null && child.signalCode === null
  t.after(async () => {
    if (running()) child.kill('SIGKILL')
    await ended
  })
  const output = () => stdout() + stderr()
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = stdout()
          .split('\n')
          .slice(0, -1)
          .find((one) => pattern.test(one))
        if (found === undefined) return
        child.stdout!.off('data', look)
        clearTimeout(late)
        resolve(found)
      }
      const late = setTimeout(() => reject(new Error(`the node did not write ${pattern}:\n${output()}`)), patienceMs)
      child.stdout!.on('data', look)
      void ended.then(() => reject(new Error(`the node ended without ${pattern}:\n${output()}`)), reject)
      look()
    })
  // In production it stands in a line of JSON.
  const ready = /Gatehouse is ready at (https?:\/\/[^\s"]+)/
  const said = ready.exec(await line(ready))![1]!
  const url = named ? `http://127.0.0.1:${port}` : said
  return { url, pid: child.pid!, output, line, ended, signal: (name) => child.kill(name), running, call: caller(url) }
}

const caller =
  (url: string): NodeProcess['call'] =>
  async (method, path, { developer, token, system, body, headers } = {}) => {
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(developer !== undefined && { 'clearblade-devtoken': developer }),
        ...(token !== undefined && { 'clearblade-usertoken': token }),
        ...(system !== undefined && { 'clearblade-systemkey': system.key, 'clearblade-systemsecret': system.secret }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      parsed = undefined
    }
    return { status: response.status, body: parsed, text, headers: response.headers }
  }

/** Linux: the state letter, parent and processor time (in ticks) of a process; undefined for one that is gone or a zombie. */
export function processFacts(pid: number): { parent: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name stands in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    return undefined
  }
}

/** Linux: every living process below this one. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const facts = processFacts(Number(name))
    if (facts !== undefined) parents.set(Number(name), facts.parent)
  }
  const below = (top: number): number[] =>
    [...parents].filter(([, parent]) => parent === top).flatMap(([child]) => [child, ...below(child)])
  return below(pid)
}

/** Looks again every few milliseconds until `look` gives a value: for what the system tells nobody about. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>, timeoutMs = 5_000): Promise<T> {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    const found = await look()
    if (found !== undefined) return found
    await wait(10)
  }
  throw new Error(`it did not come within ${timeoutMs} ms`)
}
