/** The Node SDK from npm against a listening node: every call of rest-api.md §5.2 that does not need messaging. */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { answered, good, refused } from './answered.ts'
import { nodeSdk as cb, signedIn } from './node-sdk.ts'
import { email, openPlant, password, reach, refill, storedIn } from './plant.ts'

const plant = await openPlant(await createTestApp({ after }))
const { app, system, userId, collectionId } = plant

const rows = [
  { name: 'drill', age: 3, on: true },
  { name: 'lathe', age: 12, on: false },
  { name: 'mill', age: 7, on: true },
]

beforeEach(async () => {
  await refill(plant, rows)
  await signedIn(plant)
})

const machines = () => cb.Collection({ collectionName: 'Machines' })
const query = () => cb.Query({ collectionName: 'Machines' })
type Page = { DATA: { name: string; age: number; item_id: string }[]; TOTAL: number }
const names = (page: Page) => page.DATA.map((row) => row.name)

/** Names and ages as the node holds them. */
const stored = async () => Object.fromEntries((await storedIn(plant)).map((row) => [row.name, row.age]))

const infoOf = (token: string) => app.call('GET', '/api/v/1/user/info', { token })

test('init with e-mail and password gives a token that opens the own record', async () => {
  const user = await good((callback) => cb.init({ ...reach(plant), email, password, callback }))
  assert.equal(user.email, email)
  assert.equal((await infoOf(user.authToken)).body.user_id, userId)
})

test('init with a wrong password or a wrong secret calls back with the error, once', async () => {
  const wrong = { ...reach(plant), email, password: 'the plant is loud' }
  assert.equal((await refused((callback) => cb.init({ ...wrong, callback }), 401)).error.code, 915)
  const secret = { ...reach(plant), systemSecret: 'wrong', email, password }
  await refused((callback) => cb.init({ ...secret, callback }), 401)
})

test('init without e-mail opens an anonymous session', async () => {
  const user = await good((callback) => cb.init({ ...reach(plant), callback }))
  assert.equal(user.email, null)
  await refused((callback) => cb.User().getUser(callback), 401)
})

test('init with registerUser makes the account and signs it in; a second time is an error', async () => {
  const as = { email: 'node-new@example.com', password: 'nine lives here', registerUser: true }
  const user = await good((callback) => cb.init({ ...reach(plant), ...as, callback }))
  assert.equal((await infoOf(user.authToken)).body.email, as.email)
  const { error } = await refused((callback) => cb.init({ ...reach(plant), ...as, callback }), 400)
  assert.equal(error.code, 202)
})

test('init with a token of before goes on with that session', async () => {
  const { authToken } = cb.user
  cb.init({ ...reach(plant), useUser: { email, authToken } })
  assert.equal((await good((callback) => cb.User().getUser(callback))).user_id, userId)
})

test('logoutUser is answered with success, but sends no token: its session lives on', async () => {
  const { authToken } = cb.user
  assert.equal(await good((callback) => cb.logoutUser(callback)), 'User Logged out')
  assert.equal((await infoOf(authToken)).status, 200)
})

test('isCurrentUserAuthenticated is not there to be called; asking without the token is answered with no', async () => {
  assert.equal(cb.isCurrentUserAuthenticated, undefined, 'the SDK hangs it on the wrong object')
  const { URI, systemKey, systemSecret } = reach(plant)
  const ask = { method: 'POST', endpoint: 'api/v/1/user/checkauth', URI, systemKey, systemSecret }
  await refused((callback) => cb.request(ask, callback), 400)
})

test('Collection.create answers the ids in order', async () => {
  const [one] = await good((callback) => machines().create({ name: 'saw', age: 1 }, callback))
  const more = await good((callback) => machines().create([{ name: 'a' }, { name: 'b' }], callback))
  assert.equal(typeof one.item_id, 'string')
  assert.equal(more.length, 2)
  assert.equal(Object.keys(await stored()).length, 6)
})

test('Collection.fetch answers the raw page: all rows, or those that match', async () => {
  const all: Page = await good((callback) => machines().fetch(callback))
  assert.deepEqual(names(all).sort(), ['drill', 'lathe', 'mill'])
  assert.equal(all.TOTAL, 3)
  const found: Page = await good((callback) => machines().fetch(query().equalTo('on', true), callback))
  assert.deepEqual(names(found).sort(), ['drill', 'mill'])
  const byId: Page = await good((callback) => cb.Collection(collectionId).fetch(callback))
  assert.equal(byId.DATA.length, 3)
})

test('Collection.update and Collection.remove work on what matches', async () => {
  const answer = await good((callback) => machines().update(query().equalTo('on', true), { age: 99 }, callback))
  assert.deepEqual(answer, { count: 2 })
  assert.deepEqual(await stored(), { drill: 99, lathe: 12, mill: 99 })
  await good((callback) => machines().remove(query().greaterThan('age', 50), callback))
  assert.deepEqual(await stored(), { lathe: 12 })
})

test('Collection.update and remove without a filter are refused: the SDK then sends no query, or the word undefined', async () => {
  await refused((callback) => machines().update(query(), { age: 1 }, callback), 400)
  await refused((callback) => machines().remove(query(), callback), 400)
  await refused((callback) => query().update({ age: 1 }, callback), 400)
  await refused((callback) => query().remove(callback), 400)
  assert.deepEqual(await stored(), { drill: 3, lathe: 12, mill: 7 })
})

const filters: [string, (q: any) => any, string[]][] = [
  ['equalTo', (q) => q.equalTo('name', 'mill'), ['mill']],
  ['notEqualTo', (q) => q.notEqualTo('name', 'mill'), ['drill', 'lathe']],
  ['greaterThan', (q) => q.greaterThan('age', 7), ['lathe']],
  ['greaterThanEqualTo', (q) => q.greaterThanEqualTo('age', 7), ['lathe', 'mill']],
  ['lessThan', (q) => q.lessThan('age', 7), ['drill']],
  ['lessThanEqualTo', (q) => q.lessThanEqualTo('age', 7), ['drill', 'mill']],
  ['matches', (q) => q.matches('name', '^.i'), ['mill']],
  ['an and', (q) => q.equalTo('on', true).greaterThan('age', 3), ['mill']],
  ['an or', (q) => q.equalTo('name', 'mill').or(query().equalTo('name', 'lathe')), ['lathe', 'mill']],
  ['columns', (q) => q.columns(['name']).equalTo('age', 3), ['drill']],
]

for (const [what, build, expected] of filters) {
  test(`Query.fetch finds by ${what}`, async () => {
    const found: Page = await good((callback) => build(query()).ascending('name').fetch(callback))
    assert.deepEqual(names(found), expected)
  })
}

test('Query sorts and answers page by page', async () => {
  const pages: string[][] = []
  for (const number of [1, 2]) {
    pages.push(names(await good((callback) => query().descending('age').setPage(2, number).fetch(callback))))
  }
  assert.deepEqual(pages, [['lathe', 'mill'], ['drill']])
})

test('Query.update and Query.remove work on what matches', async () => {
  await good((callback) => query().equalTo('name', 'mill').update({ age: 8 }, callback))
  await good((callback) => query().equalTo('name', 'drill').remove(callback))
  assert.deepEqual(await stored(), { lathe: 12, mill: 8 })
})

test('Item.destroy deletes its row alone', async () => {
  const found: Page = await good((callback) => query().equalTo('name', 'mill').fetch(callback))
  const item = cb.Item(found.DATA[0], { collectionName: 'Machines' })
  // It takes no callback; its request is seen here instead.
  await new Promise<void>((resolve) => {
    app.app.server.server.once('request', (_request, response) => response.once('finish', resolve))
    item.destroy()
  })
  assert.deepEqual(await stored(), { drill: 3, lathe: 12 })
})

test('Code.execute answers the result; a refusal of the service is an error with the whole answer', async () => {
  await app.createService(system, 'echo', 'function echo(req, resp) { resp.success(req.params) }')
  await app.createService(system, 'refuses', 'function refuses(req, resp) { resp.error({ why: "no paint" }) }')
  await app.grant(system, 'operator', {
    services: ['echo', 'refuses'].map((name) => ({ itemInfo: { name }, permissions: 1 })),
  })
  const params = { a: 1, b: ['x', null] }
  const data = await good((callback) => cb.Code().execute('echo', params, callback))
  assert.deepEqual(data, { success: true, results: params })
  assert.deepEqual(await good((callback) => cb.Code().execute('echo', {}, callback)), { success: true, results: {} })
  const { err, data: refusal } = await answered((callback) => cb.Code().execute('refuses', {}, callback))
  assert.deepEqual([err, refusal], [true, { success: false, results: { why: 'no paint' } }])
  await refused((callback) => cb.Code().execute('nobodyWroteThis', {}, callback), 400)
})

test('User reads and writes the own record, and lists users', async () => {
  await good((callback) => cb.User().setUser({ shift: 'night' }, callback))
  const own = await good((callback) => cb.User().getUser(callback))
  assert.deepEqual([own.email, own.shift], [email, 'night'])
  const all = await good((callback) => cb.User().allUsers(callback))
  assert.equal(all.Data.length, all.Total)
  const found = await good((callback) => cb.User().allUsers(cb.Query().equalTo('email', email), callback))
  assert.deepEqual(
    found.Data.map((row: { user_id: string }) => row.user_id),
    [userId],
  )
})

test('a user without rights reads and writes nothing', async () => {
  const as = { email: 'node-plain@example.com', password: 'nine lives here' }
  await good((callback) => cb.init({ ...reach(plant), ...as, registerUser: true, callback }))
  await refused((callback) => machines().fetch(callback), 403)
  await refused((callback) => machines().create({ name: 'x' }, callback), 403)
  await refused((callback) => query().equalTo('age', 3).update({ age: 1 }, callback), 403)
  await refused((callback) => query().equalTo('age', 3).remove(callback), 403)
  await refused((callback) => cb.User().allUsers(callback), 403)
  assert.deepEqual(await stored(), { drill: 3, lathe: 12, mill: 7 })
})
