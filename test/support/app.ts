/**
 * The one way for tests to get a running node: a real one on a real database, SQLite in memory-like scratch folders, or
 * PostgreSQL where GATEHOUSE_TEST_DATABASE=postgres says so (the test runner runs the same files both ways).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type App, createApp, type GivenByTests } from '../../packages/server/src/app.ts'
import type { Clock } from '../../packages/server/src/base/clock.ts'
import { createLog } from '../../packages/server/src/base/log.ts'
import { readConfig } from '../../packages/server/src/config/config.ts'
import { strongestWalls, type Walls } from '../../packages/server/src/sandbox/walls.ts'
import { openPostgres } from '../../packages/server/src/store/dialect/postgres.ts'
import { migrate } from '../../packages/server/src/store/migrations.ts'
import { preparedDatabaseUrl } from './postgres.ts'

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

export type ServiceOptions = {
  requires?: string
  runAs?: string
  executableBy?: string[]
  fields?: Record<string, unknown>
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
  /** A service with its requirements, who it runs as, and the roles that may execute it. */
  createService(system: { key: string }, name: string, code: string, more?: ServiceOptions): Promise<void>
  createLibrary(system: { key: string }, name: string, code: string, requires?: string): Promise<void>
  /** Level of a role on a service, a collection (by name), or a kind without items. */
  grant(system: { key: string }, role: string, changes: Record<string, unknown>): Promise<void>
  createCollection(system: { key: string }, name: string, columns?: Record<string, string>): Promise<string>
  /** Changes settings of a system, as `auth_service`. */
  set(system: { key: string }, settings: Record<string, unknown>): Promise<void>
  /** Runs a service; answers the whole HTTP answer. */
  run(
    system: { key: string },
    name: string,
    params: unknown,
    as: { developer?: string; token?: string },
  ): Promise<Answer>
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

let walls: Promise<Walls> | undefined

/**
 * How nodes of tests differ from others: passwords are argon2id at a fraction of its cost, since hashes were half of what all
 * tests computed (`main.test.ts` looks at the cost of a real node); walls are looked for once in a process; and a refusal for
 * too many tries comes at once (`http/held-refusals.test.ts` looks at when it otherwise does).
 */
export const quick: GivenByTests = {
  passwordCost: { memory: 64, passes: 1, parallelism: 1, tagLength: 32 },
  findWalls: () => {
    walls ??= strongestWalls()
    return walls
  },
  refusalHoldMs: 0,
}

async function makeTables(connectionString: string): Promise<void> {
  const { db, dialect, close } = openPostgres({ connectionString })
  await migrate(db, dialect)
  await close()
}

async function ok(answer: Promise<Answer>): Promise<Answer> {
  const got = await answer
  if (got.status !== 200) throw new Error(`expected 200, got ${got.status}: ${got.text}`)
  return got
}

export async function createTestApp(
  t: TestContext | { after(fn: () => unknown): void },
  options: TestOptions = {},
): Promise<TestApp & { databaseUrl?: string }> {
  const dataFolder = options.beside?.dataFolder ?? mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const postgres = process.env.GATEHOUSE_TEST_DATABASE === 'postgres'
  const databaseUrl =
    options.beside?.databaseUrl ?? (postgres ? await preparedDatabaseUrl('migrated', makeTables) : undefined)
  const config = readConfig(['--port', '0', '--data', dataFolder, ...(options.args ?? [])], {
    GATEHOUSE_DEVELOPER_EMAIL: developerEmail,
    GATEHOUSE_DEVELOPER_PASSWORD: developerPassword,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...options.env,
  })
  let offset = 0
  const clock: Clock = { now: () => Date.now() + offset, steady: () => performance.now() + offset }
  const log = createLog({ format: process.env.GATEHOUSE_TEST_LOG ? 'readable' : 'silent', level: 'debug' })
  const app = await createApp(config, log, clock, quick)
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
    async createService(system, name, code, more = {}) {
      const body = {
        code,
        parameters: [],
        dependencies: more.requires ?? 'clearblade',
        ...(more.runAs !== undefined && { run_user: more.runAs }),
        ...more.fields,
      }
      await ok(call('POST', `/admin/code/v/1/${system.key}/${name}`, { developer, body }))
      for (const role of more.executableBy ?? []) {
        await made.grant(system, role, { services: [{ itemInfo: { name }, permissions: 1 }] })
      }
    },
    async createLibrary(system, name, code, requires = '') {
      const body = { code, dependencies: requires, description: '', visibility: 'system', api: '' }
      await ok(call('POST', `/codeadmin/v/2/library/${system.key}/${name}`, { developer, body }))
    },
    async grant(system, role, changes) {
      await ok(call('PUT', `/admin/user/${system.key}/roles`, { developer, body: { id: role, changes } }))
    },
    async createCollection(system, name, columns = {}) {
      const created = await ok(
        call('POST', '/admin/collectionmanagement', { developer, body: { name, appID: system.key } }),
      )
      const id = created.body.collectionID
      for (const [column, type] of Object.entries(columns)) {
        await ok(
          call('PUT', '/admin/collectionmanagement', { developer, body: { id, addColumn: { name: column, type } } }),
        )
      }
      return id
    },
    async set(system, settings) {
      await ok(call('PUT', '/admin/v/4/systemmanagement', { developer, body: { id: system.key, ...settings } }))
    },
    run: (system, name, params, as) => call('POST', `/api/v/1/code/${system.key}/${name}`, { ...as, body: params }),
    async signIn(system, email, password) {
      const { body, status, text } = await call('POST', '/api/v/1/user/auth', { system, body: { email, password } })
      if (status !== 200) throw new Error(`no sign-in: ${text}`)
      return body.user_token
    },
  }
  return databaseUrl === undefined ? made : { ...made, databaseUrl }
}
