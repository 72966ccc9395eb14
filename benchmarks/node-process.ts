/** A Gatehouse node as a process of its own, started the way an operator starts one, and how long it takes to serve. */
import { get } from 'node:http'
import { resolve } from 'node:path'
import type { Children } from './children.ts'

export const developer = { email: 'bench@example.com', password: 'a long password for benchmarks' }

const program = resolve(import.meta.dirname, '../packages/cli/src/gatehouse.js')
const startMs = 30_000

export type ServerProcess = {
  pid: number
  port: number
  /** Milliseconds from the start of the process until it served. */
  startMs: number
  /** Its warnings and errors. */
  remarks: () => string
  end(): Promise<void>
}

export type NodeOptions = {
  folder: string
  databaseUrl: string | undefined
  nodeFlags?: string[]
  /** Options of `gatehouse start` beside those of every benchmark. */
  args?: string[]
}

/**
 * Production in all but the certificate, with the default log, which says where the node is and nothing per request. The
 * environment is a fresh one: what the caller has set there is not measured.
 */
export function startNode(children: Children, options: NodeOptions): Promise<ServerProcess> {
  const flags = ['--mode', 'production', '--insecure-http', '--weak-sandbox']
  return startServer(children, {
    args: [
      ...(options.nodeFlags ?? []),
      program,
      'start',
      '--port',
      '0',
      '--data',
      options.folder,
      ...flags,
      ...(options.args ?? []),
    ],
    env: {
      GATEHOUSE_DEVELOPER_EMAIL: developer.email,
      GATEHOUSE_DEVELOPER_PASSWORD: developer.password,
      ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
    },
    cwd: options.folder,
  })
}

/** Runs a Node program that writes `… is ready at http://…:PORT`, and waits until its /healthz says 200. */
export async function startServer(
  children: Children,
  options: { args: string[]; env?: Record<string, string>; cwd: string },
): Promise<ServerProcess> {
  const began = performance.now()
  const child = children.spawn(process.execPath, options.args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const port = await new Promise<number>((found, reject) => {
    const fail = (why: string) => reject(new Error(`The server ${why}: ${output}`))
    const timer = setTimeout(() => fail('was not ready in time'), startMs)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with code ${code}`)
    })
    const read = (chunk: Buffer) => {
      output += chunk
      const port = /ready at https?:\/\/[^\s:]+:(\d+)/.exec(output)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      found(Number(port))
    }
    child.stdout!.on('data', read)
    child.stderr!.on('data', read)
  })
  while (!(await isHealthy(port))) {
    if (performance.now() - began > startMs) throw new Error('The server is up but not healthy.')
  }
  return {
    pid: child.pid!,
    port,
    startMs: performance.now() - began,
    remarks: () => output.replace(/^.*(?:is ready at|"level":[1-3]0,).*\n?/gm, '').trim(),
    end: () => children.end(child),
  }
}

const isHealthy = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    get({ port, host: '127.0.0.1', path: '/healthz', agent: false }, (response) => {
      response.resume()
      answer(response.statusCode === 200)
    }).once('error', () => answer(false))
  })
