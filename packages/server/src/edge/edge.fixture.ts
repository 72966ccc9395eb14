/** A real edge node beside the platform of a test, linked to it over the real socket. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type Answer, type CallOptions, quick, type TestApp } from '../../../../test/support/app.ts'
import { type App, createApp } from '../app.ts'
import type { Clock } from '../base/clock.ts'
import { createLog } from '../base/log.ts'
import { readEdgeConfig } from '../config/edge.ts'

export type TestEdge = {
  app: App
  folder: string
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options?: CallOptions): Promise<Answer>
}

type Ends = { after(fn: () => unknown): void }

export type EdgeAsked = {
  system: { key: string }
  name: string
  token?: string
  folder?: string
  platform?: string
  clock?: Clock
  /** And where what it leads to is. */
  gatewayFile?: string
  routes?: { from: string; to: string }[]
}

/** Throws what refused its start. */
export async function startEdge(t: Ends, platform: TestApp, asked: EdgeAsked): Promise<TestEdge> {
  const folder = asked.folder ?? mkdtempSync(join(tmpdir(), 'gatehouse-edge-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const config = readEdgeConfig(
    {
      ...{ platform: asked.platform ?? platform.app.means.publicUrl(), system: asked.system.key, name: asked.name },
      ...{ data: folder, port: '0', host: undefined, token: asked.token, insecure: false, weakSandbox: true },
      gatewayFile: asked.gatewayFile,
    },
    {},
  )
  const log = createLog({ format: process.env.GATEHOUSE_TEST_LOG ? 'readable' : 'silent', level: 'debug' })
  const clock = asked.clock ?? platform.app.means.clock
  const app = await createApp({ ...config, routes: asked.routes ?? [] }, log, clock, quick)
  let closing: Promise<void> | undefined
  const close = app.close
  app.close = () => {
    closing ??= close()
    return closing
  }
  t.after(() => app.close())
  try {
    await app.listen()
  } catch (error) {
    // Else it went on trying, as a process that ends does not.
    await app.close()
    throw error
  }
  return {
    app,
    folder,
    async call(method, path, { token, system, body, developer } = {}) {
      const response = await app.server.inject({
        method,
        url: path,
        headers: {
          ...(developer !== undefined && { 'clearblade-devtoken': developer }),
          ...(token !== undefined && { 'clearblade-usertoken': token }),
          ...(system !== undefined && { 'clearblade-systemkey': system.key, 'clearblade-systemsecret': system.secret }),
        },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
      let parsed: unknown
      try {
        parsed = JSON.parse(response.body)
      } catch {
        parsed = undefined
      }
      return { status: response.statusCode, body: parsed, text: response.body, headers: response.headers }
    },
  }
}

/** For what is begun once for all tests of a file or block: it ends after them, the newest first. */
export function endings(): Ends {
  const ends: (() => unknown)[] = []
  after(async () => {
    for (const end of ends.reverse()) await end()
  })
  return { after: (end) => void ends.push(end) }
}

/** Asks the platform as its first developer; whatever is refused fails the test. Answers the body. */
export const adminOf =
  (platform: () => TestApp) =>
  async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    query?: Record<string, string>,
  ): Promise<Answer['body']> => {
    const { call, developer } = platform()
    const more = { ...(body !== undefined && { body }), ...(query !== undefined && { query }) }
    const got = await call(method, path, { developer, ...more })
    assert.equal(got.status, 200, `${method} ${path}: ${got.text.slice(0, 300)}`)
    return got.body
  }

/** Asks until it is so, within a time that no honest link needs; then the last answer is what the test sees. */
export async function until<T>(ask: () => Promise<T> | T, isSo: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    const value = await ask()
    if (isSo(value) || Date.now() > end) return value
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
