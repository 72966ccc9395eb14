/**
 * The one way for tests to get a running node: a real one on a real database, SQLite in memory-like scratch folders, or
 * PostgreSQL where GATEHOUSE_TEST_DATABASE=postgres says so (the test runner runs the same files both ways).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type App, createApp } from '../../packages/server/src/app.ts'
import type { Clock } from '../../packages/server/src/base/clock.ts'
import { createLog } from '../../packages/server/src/base/log.ts'
import { readConfig } from '../../packages/server/src/config/config.ts'
import { postgresUrl } from './postgres.ts'

export const developerEmail = 'dev@example.com'
export const developerPassword = 'correct horse battery'

export type Answer = { status: number; body: any; text: string; headers: Record<string, unknown> }

export type CallOptions = {
  developer?: string
  token?: string
  system?: { key: string; secret: string }
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown
  headers?: Record<string, string>
  query?: Record<string, string>
}

export type TestApp = {
  app: App
  /** Moves the node's clock on. */
  advance(ms: number): void
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options?: CallOptions): Promise<Answer>
  /** The token of the first developer. */
  developer: string
  /** A new system of that developer. */
  createSystem(name?: string): Promise<{ key: string; secret: string }>
  /** A user made by the developer; answers the id. */
  createUser(
    system: { key: string },
    email: string,
    password: string,
    fields?: Record<string, unknown>,
  ): Promise<string>
  /** Signs in with a password; answers the token. */
  signIn(system: { key: string; secret: string }, email: string, password: string): Promise<string>
  dataFolder: string
}

type TestOptions = {
  env?: Record<string, string>
  args?: string[]
  /** Another node on the database of this one. */
  beside?: TestApp & { databaseUrl?: string }
}

export async function createTestApp(
  t: TestContext | { after(fn: () => unknown): void },
  options: TestOptions = {},
): Promise<TestApp & { databaseUrl?: string }> {
  const dataFolder = options.beside?.dataFolder ?? mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const postgres = process.env.GATEHOUSE_TEST_DATABASE === 'postgres'
  const databaseUrl = options.beside?.databaseUrl ?? (postgres ? await postgresUrl() : undefined)
  const config = readConfig(['--port', '0', '--data', dataFolder, ...(options.args ?? [])], {
    GATEHOUSE_DEVELOPER_EMAIL: developerEmail,
    GATEHOUSE_DEVELOPER_PASSWORD: developerPassword,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...options.env,
  })
  let offset = 0
  const clock: Clock = { now: () => Date.now() + offset }
  const log = createLog({ format: process.env.GATEHOUSE_TEST_LOG ? 'readable' : 'silent', level: 'debug' })
  const app = await createApp(config, log, clock)
  t.after(async () => {
    await app.close()
    if (options.beside === undefined) rmSync(dataFolder, { recursive: true, force: true })
  })
  await app.listen()

  const call: TestApp['call'] = async (method, path, given = {}) => {
    const { developer, token, system, body, headers, query } = given
    const response = await app.server.inject({
      method,
      url: path,
      ...(query !== undefined && { query }),
      headers: {
        ...(developer !== undefined && { 'clearblade-devtoken': developer }),
        ...(token !== undefined && { 'clearblade-usertoken': token }),
        ...(system !== undefined && { 'clearblade-systemkey': system.key, 'clearblade-systemsecret': system.secret }),
        ...headers,
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    let parsed: unknown
    try {
      parsed = JSON.parse(response.body)
    } catch {
      parsed = undefined
    }
    return { status: response.statusCode, body: parsed, text: response.body, headers: response.headers }
  }

  const signedIn = await call('POST', '/admin/auth', { body: { email: developerEmail, password: developerPassword } })
  const developer: string = signedIn.body.dev_token
  const made: TestApp = {
    app,
    dataFolder,
    developer,
    call,
    advance: (ms) => {
      offset += ms
    },
    async createSystem(name = 'plant') {
      const { body } = await call('POST', '/admin/systemmanagement', { developer, body: { name } })
      return { key: body.appID, secret: body.appSecret }
    },
    async createUser(system, email, password, fields = {}) {
      const { body, status, text } = await call('POST', `/admin/user/${system.key}`, {
        developer,
        body: { email, password, ...fields },
      })
      if (status !== 200) throw new Error(`no user was made: ${text}`)
      return body.user_id
    },
    async signIn(system, email, password) {
      const { body, status, text } = await call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
      if (status !== 200) throw new Error(`no sign-in: ${text}`)
      return body.user_token
    },
  }
  return databaseUrl === undefined ? made : { ...made, databaseUrl }
}
