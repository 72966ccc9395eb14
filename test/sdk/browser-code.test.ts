/** The browser SDK from npm: running and writing services (rest-api.md §5.1, rows 14 and 15). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { answered, good, refused } from './answered.ts'
import { openPage, signedIn } from './browser-sdk.ts'
import { openPlant } from './plant.ts'

const plant = await openPlant(await createTestApp({ after }))
const page = openPage()
after(page.close)
const { app, system } = plant
const cb = await signedIn(page, plant)
const execute = (name: string, params?: object) => answered((callback) => cb.Code().execute(name, params, callback))

test('execute hands the parameters over and answers what the service answers', async () => {
  await app.createService(system, 'echo', 'function echo(req, resp) { resp.success(req.params) }')
  const params = { a: 1, b: ['x', null], c: { d: 'ü' } }
  assert.deepEqual(await execute('echo', params), { err: false, data: { success: true, results: params } })
})

test('execute without parameters runs the service with none', async () => {
  await app.createService(system, 'none', 'function none(req, resp) { resp.success(Object.keys(req.params).length) }')
  assert.deepEqual(await execute('none'), { err: false, data: { success: true, results: 0 } })
  assert.deepEqual(await execute('none', {}), { err: false, data: { success: true, results: 0 } })
})

test('what a service refuses with resp.error arrives as success: false, not as an error of the call', async () => {
  await app.createService(system, 'refuses', 'function refuses(req, resp) { resp.error("no more paint") }')
  assert.deepEqual(await execute('refuses'), { err: false, data: { success: false, results: 'no more paint' } })
})

test('a service that throws answers success: false with a text', async () => {
  await app.createService(system, 'throws', 'function throws(req, resp) { throw new Error("broken belt") }')
  const { err, data } = await execute('throws')
  assert.deepEqual([err, data.success], [false, false])
  assert.match(data.results, /broken belt/)
})

test('a service acts with the rights of the user who calls it', async () => {
  const code = `function count(req, resp) {
    ClearBlade.init({ request: req });
    ClearBlade.Collection({ collectionName: 'Machines' }).count(ClearBlade.Query(), function (err, data) {
      if (err) resp.error(data);
      resp.success({ count: data.count, caller: req.userEmail });
    });
  }`
  await app.createService(system, 'count', code, { executableBy: ['Authenticated'] })
  await good((callback) => cb.Collection({ collectionName: 'Machines' }).create({ name: 'drill' }, callback))
  const { data } = await execute('count')
  assert.deepEqual(data, { success: true, results: { count: 1, caller: 'op@example.com' } })
  const as = { email: 'js-plain@example.com', password: 'nine lives here' }
  await app.createUser(system, as.email, as.password)
  const plain = await signedIn(page, plant, as)
  const refusal = await good((callback) => plain.Code().execute('count', {}, callback))
  assert.equal(refusal.success, false)
})

test('a service that the user may not execute, or that is not there, calls back with the error', async () => {
  await app.createService(system, 'closed', 'function closed(req, resp) { resp.success("open") }')
  const as = { email: 'js-outside@example.com', password: 'nine lives here' }
  await app.createUser(system, as.email, as.password)
  const plain = await signedIn(page, plant, as)
  await refused((callback) => plain.Code().execute('closed', {}, callback), 403)
  await refused((callback) => cb.Code().execute('nobodyWroteThis', {}, callback), 400)
})

test('execute takes a run id of the caller', async () => {
  await app.createService(system, 'named', 'function named(req, resp) { resp.success("ran") }')
  const data = await good((callback) => cb.Code().execute('named', {}, callback, { id: 'run-7' }))
  assert.equal(data.results, 'ran')
})

test('create, update and delete write a service that runs as it stands', async () => {
  const first = 'function made(req, resp) { resp.success("first") }'
  const body = { code: first, parameters: ['a'], name: 'made', systemID: system.key, dependencies: '' }
  const created = await good((callback) => cb.Code().create('made', body, callback))
  assert.equal(created.name, 'made')
  assert.equal((await execute('made')).data.results, 'first')
  const changed = { ...body, code: first.replace('first', 'second') }
  const updated = await good((callback) => cb.Code().update('made', changed, callback))
  assert.equal(typeof updated.version_number, 'number')
  assert.equal((await execute('made')).data.results, 'second')
  await good((callback) => cb.Code().delete('made', callback))
  await refused((callback) => cb.Code().execute('made', {}, callback), 400)
})

test('create of a service that is there already, and of a bad name, calls back with the error', async () => {
  const body = { code: 'function twice(req, resp) { resp.success(1) }', parameters: [] }
  await good((callback) => cb.Code().create('twice', body, callback))
  await refused((callback) => cb.Code().create('twice', body, callback), 400)
  await refused((callback) => cb.Code().create('no%20name', body, callback), 400)
})

test('getAllServices lists names', async () => {
  await app.createService(system, 'listed', 'function listed(req, resp) { resp.success(1) }')
  const { code } = await good((callback) => cb.Code().getAllServices(callback))
  assert.ok(code.includes('listed'))
})

test('getFailedServices shows the run that failed, getCompletedServices a list', async () => {
  await app.createService(system, 'fails', 'function fails(req, resp) { throw new Error("broken belt") }')
  await execute('fails', { part: 7 })
  const failed = await good((callback) => cb.Code().getFailedServices(callback))
  const run = failed.find((one: { Service: string }) => one.Service === 'fails')
  assert.match(JSON.stringify(run), /broken belt/)
  assert.deepEqual(run.Args, { part: 7 })
  assert.ok(Array.isArray(await good((callback) => cb.Code().getCompletedServices(callback))))
})

test('a user without rights lists, writes and reads no service', async () => {
  const as = { email: 'js-reader@example.com', password: 'nine lives here' }
  await app.createUser(system, as.email, as.password)
  const code = (await signedIn(page, plant, as)).Code()
  const body = { code: 'function x(req, resp) { resp.success(1) }', parameters: [] }
  await refused((callback) => code.create('x', body, callback), 403)
  await refused((callback) => code.update('echo', body, callback), 403)
  await refused((callback) => code.delete('echo', callback), 403)
  await refused((callback) => code.getAllServices(callback), 403)
  await refused((callback) => code.getFailedServices(callback), 403)
  assert.equal((await execute('echo', { a: 1 })).data.results.a, 1)
})
