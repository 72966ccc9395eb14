/** Signing in through a developer's auth service with both SDKs from npm, as apps and portals do (rest-api.md §3.2, §3.3). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { answered, good, refused } from './answered.ts'
import { openPage } from './browser-sdk.ts'
import { nodeSdk } from './node-sdk.ts'
import { email, openPlant, type Plant, password, reach } from './plant.ts'

const service = (name: string) => readFileSync(new URL(`../services/${name}.service.js`, import.meta.url), 'utf8')

const app = await createTestApp({ after })
const page = openPage()
after(page.close)

/** A plant whose sign-ins the given code decides. */
async function guarded(code: string, more: { runAs?: string; settings?: object } = {}): Promise<Plant> {
  const plant = await openPlant(app)
  const { system } = plant
  await app.createService(system, 'authOverride', code, {
    executableBy: ['Anonymous'],
    ...(more.runAs !== undefined && { runAs: more.runAs }),
  })
  await app.set(system, { auth_service: 'authOverride', ...more.settings })
  return plant
}

type Sdk = { client(): any; request(cb: any, options: object, callback: (err: unknown, data?: unknown) => void): void }

const sdks: Record<string, Sdk> = {
  'the browser SDK': {
    client: () => page.createClient(),
    // What portals call as ClearBlade.request.
    request: (cb, options, callback) => cb.constructor.request(options, callback),
  },
  'the Node SDK': {
    client: () => nodeSdk,
    request: (cb, options, callback) => cb.request(options, callback),
  },
}

const init = (cb: any, plant: Plant, as: object) =>
  answered((callback) => cb.init({ ...reach(plant), ...as, callback }))

/** Where the node takes a token; the SDK is not asked. */
const infoOf = (token: string) => app.call('GET', '/api/v/1/user/info', { token })

for (const [name, sdk] of Object.entries(sdks)) {
  test(`${name} signs in through a service as the guide shows it, unaware of it`, async () => {
    const plant = await guarded(service('init-at-top-level'))
    const cb = sdk.client()
    const { err, data } = await init(cb, plant, { email, password })
    assert.equal(err, false)
    assert.equal((await infoOf(data.authToken)).body.user_id, plant.userId)
    const own = await good((callback) => cb.User().getUser(callback))
    assert.equal(own.email, email)
  })

  test(`${name} reports a refusal as a success with an empty token, which opens nothing`, async () => {
    const plant = await guarded(service('init-in-function'))
    const cb = sdk.client()
    const { err, data } = await init(cb, plant, { email, password: 'the plant is loud' })
    assert.equal(err, false, 'the SDK takes any 2xx for success: test the token')
    assert.deepEqual(data, { email, authToken: '' })
    const { err: closed } = await answered((callback) => cb.User().getUser(callback))
    assert.equal(closed, true)
    const sessions = await app.call('GET', `/admin/v/4/session/${plant.system.key}/user`, { developer: app.developer })
    assert.deepEqual(sessions.body, [])
  })

  test(`${name} keeps no earlier token when a later sign-in is refused`, async () => {
    const plant = await guarded(service('init-in-function'))
    const cb = sdk.client()
    const before = await init(cb, plant, { email, password })
    const { authToken } = before.data
    assert.notEqual(authToken, '')
    const { data } = await init(cb, plant, { email, password: 'the plant is loud' })
    assert.equal(data.authToken, '')
    assert.equal(cb.user.authToken, '')
    assert.equal((await infoOf(authToken)).status, 200, 'the session of before is not ended by a refusal')
  })

  test(`${name} hears a refusal as an error where auth_error_status is 401, options included`, async () => {
    const code = 'resp.error({options: {err: true, message: "not on shift"}})'
    const plant = await guarded(code, { settings: { auth_error_status: 401 } })
    const cb = sdk.client()
    const { err, data } = await init(cb, plant, { email, password })
    assert.equal(err, true)
    const body = JSON.parse(data)
    assert.equal(body.user_token, '')
    assert.deepEqual(body.options, { err: true, message: 'not on shift' })
    const { error, statusCode } = await refused((callback) => cb.init({ ...reach(plant), email, password, callback }))
    assert.deepEqual([error.code, statusCode], [918, 401])
  })

  test(`${name} hears of a service that breaks as an error, and nobody is let in`, async () => {
    const plant = await guarded('throw new Error("broken belt")')
    const cb = sdk.client()
    const { error } = await refused((callback) => cb.init({ ...reach(plant), email, password, callback }), 401)
    assert.equal(error.code, 918)
    assert.doesNotMatch(JSON.stringify(error), /belt/)
  })

  test(`${name} registers and signs in through the service`, async () => {
    const plant = await guarded(service('init-in-function'))
    const cb = sdk.client()
    const as = { email: 'new@example.com', password: 'nine lives here' }
    const { err, data } = await init(cb, plant, { ...as, registerUser: true })
    assert.equal(err, false, JSON.stringify(data))
    assert.equal((await infoOf(data.authToken)).body.email, as.email)
  })

  test(`${name} opens an anonymous session although the service lets nobody in`, async () => {
    const plant = await guarded('resp.error("closed")')
    const cb = sdk.client()
    const { err, data } = await init(cb, plant, {})
    assert.deepEqual([err, data.email], [false, null])
    assert.notEqual(data.authToken, '')
    assert.equal((await infoOf(data.authToken)).status, 401, 'an anonymous session is nobody')
  })

  test(`${name} walks both steps of a second factor by plain requests`, async () => {
    const plant = await openPlant(app)
    const { system, userId, url } = plant
    const { developer } = app
    const runAs = await app.createUser(system, 'runner@example.com', 'runs the services')
    await app.createCollection(system, 'Pending', { token: 'string', code: 'string' })
    const pending = [{ itemInfo: { name: 'Pending' }, permissions: 15 }]
    const role = { name: 'authRole', collections: pending }
    await app.call('POST', `/admin/user/${system.key}/roles`, { developer, body: role })
    const changes = { roles: { add: ['authRole'] } }
    await app.call('PUT', `/admin/user/${system.key}`, { developer, body: { user: runAs, changes } })
    await app.createService(system, 'authOverride', service('two-steps'), { executableBy: ['Anonymous'], runAs })
    await app.set(system, { auth_service: 'authOverride' })

    const cb = sdk.client()
    await init(cb, plant, {})
    const ask = (body: object) => {
      const credentials = { systemKey: system.key, systemSecret: system.secret, URI: url }
      const options = { method: 'POST', endpoint: 'api/v/1/user/auth', body, ...credentials }
      return good((callback) => sdk.request(cb, options, callback))
    }
    const wrong = await ask({ email, password: 'the plant is loud', factor: 1 })
    assert.deepEqual([wrong.user_token, wrong.options.err], ['', true])
    const first = await ask({ email, password, factor: 1 })
    assert.deepEqual([first.user_token, first.user_id, first.options.err], ['', '', false])
    const second = { email: 'a', password: 'b', factor: 2, factor_id: first.options.factor_id }
    assert.equal((await ask({ ...second, code: '000000' })).user_token, '')
    const { user_token: token, user_id: signedIn, options } = await ask({ ...second, code: '424242' })
    assert.deepEqual([signedIn, options.err], [userId, false])
    assert.equal((await infoOf(token)).body.email, email)
  })
}
