/**
 * One node with one system, a user, an anonymous session and a developer: where the checklist of the engine contract is
 * acted out. Services are saved through the developer API and executed over HTTP, as anybody would.
 */
import assert from 'node:assert/strict'
import type { Answer, ServiceOptions, TestApp } from '../support/app.ts'

export const email = 'op@example.com'
export const password = 'the plant is quiet'

/** Who executes a service. */
export type Who = 'developer' | 'user' | 'anonymous'

export type RunOptions = ServiceOptions & {
  as?: Who
  params?: unknown
  /** Adds the header `Logging-enabled: true`. */
  logging?: boolean
}

export type Stage = {
  app: TestApp
  system: { key: string; secret: string }
  userId: string
  token: string
  anonymous: string
  /** Saves a service of that name, executable by everybody, whole code as given. */
  serve(name: string, code: string, more?: ServiceOptions): Promise<void>
  execute(name: string, options?: RunOptions): Promise<Answer>
  /** Saves a service whose entry function has this body, and executes it; as the user unless said otherwise. */
  run(body: string, options?: RunOptions): Promise<Answer>
  /** The same for whole code; `NAME` in it stands for the name of the service. */
  runCode(code: string, options?: RunOptions): Promise<Answer>
  /** The failed runs kept of a service, newest first. */
  failedRuns(service: string): Promise<any[]>
}

export async function openStage(app: TestApp): Promise<Stage> {
  const system = await app.createSystem()
  const userId = await app.createUser(system, email, password)
  const token = await app.signIn(system, email, password)
  const anonymous: string = (await app.call('POST', '/api/v/1/user/anon', { system })).body.user_token
  const credentials = { developer: { developer: app.developer }, user: { token }, anonymous: { token: anonymous } }
  let count = 0
  const stage: Stage = {
    app,
    system,
    userId,
    token,
    anonymous,
    serve: (name, code, more = {}) =>
      app.createService(system, name, code, { executableBy: ['Authenticated', 'Anonymous'], ...more }),
    execute: (name, { as = 'user', params, logging } = {}) =>
      app.call('POST', `/api/v/1/code/${system.key}/${name}`, {
        ...credentials[as],
        ...(params !== undefined && { body: params }),
        ...(logging && { headers: { 'logging-enabled': 'true' } }),
      }),
    run: (body, options) => stage.runCode(`function NAME(req, resp) {\n${body}\n}`, options),
    async runCode(code, options = {}) {
      const { as = 'user', params, logging, ...more } = options
      count += 1
      const name = `service${count}`
      const executableBy = as === 'developer' ? [] : [as === 'user' ? 'Authenticated' : 'Anonymous']
      await app.createService(system, name, code.replaceAll('NAME', name), { executableBy, ...more })
      return stage.execute(name, { as, ...(params !== undefined && { params }), ...(logging && { logging }) })
    },
    async failedRuns(service) {
      const { body } = await app.call('GET', `/codeadmin/failed/${system.key}`, { developer: app.developer })
      return body[system.key].filter((run: any) => run.Service === service)
    },
  }
  return stage
}

/** What a service answered with `resp.success`; fails the test if it did anything else. */
export function results(answer: Answer): any {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.success, true, answer.text)
  return answer.body.results
}

/** What a service answered with `resp.error`, or how its run failed. */
export function problem(answer: Answer): any {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.success, false, answer.text)
  return answer.body.results
}
