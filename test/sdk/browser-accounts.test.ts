/** The browser SDK from npm: signing in and out, the own account, other users, roles (rest-api.md §5.1, rows 1-6, 16, 17). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { answered, good, refused } from './answered.ts'
import { openPage, signedIn } from './browser-sdk.ts'
import { email, openPlant, password, reach } from './plant.ts'

const plant = await openPlant(await createTestApp({ after }))
const page = openPage()
after(page.close)
const { app, system, userId } = plant

const infoOf = (token: string) => app.call('GET', '/api/v/1/user/info', { token })

test('init with e-mail and password gives the app a token that opens the own record', async () => {
  const cb = page.createClient()
  const user = await good((callback) => cb.init({ ...reach(plant), email, password, callback }))
  assert.equal(user.email, email)
  assert.equal((await infoOf(user.authToken)).body.user_id, userId)
})

test('init with a wrong password calls back with the error', async () => {
  const cb = page.createClient()
  const envelope = await refused(
    (callback) => cb.init({ ...reach(plant), email, password: 'the plant is loud', callback }),
    401,
  )
  assert.equal(envelope.error.code, 915)
  assert.equal(cb.user.authToken, undefined)
})

test('init with a wrong secret calls back with the error', async () => {
  const cb = page.createClient()
  await refused((callback) => cb.init({ ...reach(plant), systemSecret: 'wrong', email, password, callback }), 401)
})

test('init without e-mail opens an anonymous session', async () => {
  const cb = page.createClient()
  const user = await good((callback) => cb.init({ ...reach(plant), callback }))
  assert.equal(user.email, null)
  assert.notEqual(user.authToken, '')
  assert.equal(await good((callback) => cb.isCurrentUserAuthenticated(callback)), true)
  await refused((callback) => cb.User().getUser(callback), 401)
})

test('init with registerUser makes the account and signs it in', async () => {
  const cb = page.createClient()
  const as = { email: 'js-new@example.com', password: 'nine lives here' }
  const user = await good((callback) => cb.init({ ...reach(plant), ...as, registerUser: true, callback }))
  assert.equal((await infoOf(user.authToken)).body.email, as.email)
})

test('registering an e-mail twice calls back with the error', async () => {
  const cb = page.createClient()
  const as = { email, password: 'nine lives here' }
  const envelope = await refused((callback) => cb.init({ ...reach(plant), ...as, registerUser: true, callback }), 400)
  assert.equal(envelope.error.code, 202)
})

test('init with a token of before goes on with that session', async () => {
  const { authToken } = (await signedIn(page, plant)).user
  const cb = page.createClient()
  cb.init({ ...reach(plant), useUser: { email, authToken } })
  const own = await good((callback) => cb.User().getUser(callback))
  assert.equal(own.user_id, userId)
})

test('isCurrentUserAuthenticated tells the truth before and after logoutUser', async () => {
  const cb = await signedIn(page, plant)
  assert.equal(await good((callback) => cb.isCurrentUserAuthenticated(callback)), true)
  assert.equal(await good((callback) => cb.logoutUser(callback)), 'User Logged out')
  const envelope = await refused((callback) => cb.isCurrentUserAuthenticated(callback), 400)
  assert.equal(envelope.error.code, 919)
  await refused((callback) => cb.User().getUser(callback), 401)
})

test('logoutUser ends its own session and no other', async () => {
  const one = await signedIn(page, plant)
  const other = await signedIn(page, plant)
  await good((callback) => one.logoutUser(callback))
  assert.equal((await infoOf(one.user.authToken)).status, 401)
  assert.equal((await infoOf(other.user.authToken)).status, 200)
})

test('getUser and setUser read and write the own custom columns', async () => {
  const cb = await signedIn(page, plant)
  await good((callback) => cb.User().setUser({ shift: 'night' }, callback))
  const own = await good((callback) => cb.User().getUser(callback))
  assert.equal(own.shift, 'night')
  assert.equal(own.email, email)
})

test('setUser cannot reach e-mail, password or roles', async () => {
  const cb = await signedIn(page, plant)
  for (const change of [
    { email: 'x@example.com' },
    { password: 'something new 9' },
    { roles: { add: ['Administrator'] } },
  ]) {
    await refused((callback) => cb.User().setUser(change, callback), 400)
  }
  assert.equal((await good((callback) => cb.User().getUser(callback))).email, email)
})

test('allUsers and count answer all, or those that match', async () => {
  const cb = await signedIn(page, plant)
  await app.createUser(system, 'listed@example.com', 'nine lives here')
  const all = await good((callback) => cb.User().allUsers({}, callback))
  assert.equal(all.Data.length, all.Total)
  assert.ok(all.Total >= 2)
  const one = cb.Query().equalTo('email', 'listed@example.com')
  const found = await good((callback) => cb.User().allUsers(one, callback))
  assert.deepEqual(
    found.Data.map((row: { email: string }) => row.email),
    ['listed@example.com'],
  )
  assert.equal((await good((callback) => cb.User().count({}, callback))).count, all.Total)
  assert.equal((await good((callback) => cb.User().count(one, callback))).count, 1)
})

test('columns lists the columns of the user table', async () => {
  const cb = await signedIn(page, plant)
  const columns = await good((callback) => cb.User().columns(callback))
  const shift = columns.find((column: { ColumnName: string }) => column.ColumnName === 'shift')
  assert.deepEqual(shift, { ColumnName: 'shift', ColumnType: 'string', PK: false })
  assert.equal(columns.find((column: { PK: boolean }) => column.PK).ColumnName, 'user_id')
})

test('setPassword wants the old password, and the new one then signs in', async () => {
  const as = { email: 'js-password@example.com', password: 'first of all things' }
  await app.createUser(system, as.email, as.password)
  const cb = await signedIn(page, plant, as)
  await refused((callback) => cb.User().setPassword('not this one', 'second of all things', callback))
  await good((callback) => cb.User().setPassword(as.password, 'second of all things', callback))
  assert.equal(await good((callback) => cb.isCurrentUserAuthenticated(callback)), true)
  await refused((callback) => page.createClient().init({ ...reach(plant), ...as, callback }), 401)
  await signedIn(page, plant, { email: as.email, password: 'second of all things' })
})

test('addUser, updateUser and deleteUser manage other users', async () => {
  const cb = await signedIn(page, plant)
  const as = { email: 'js-added@example.com', password: 'nine lives here' }
  await good((callback) => cb.User().addUser({ ...as, shift: 'day' }, callback))
  const added = await signedIn(page, plant, as)
  const own = await good((callback) => added.User().getUser(callback))
  assert.equal(own.shift, 'day')
  const { query } = cb.Query().equalTo('email', as.email)
  await good((callback) => cb.User().updateUser({ query, changes: { shift: 'night' } }, callback))
  assert.equal((await good((callback) => added.User().getUser(callback))).shift, 'night')
  await good((callback) => cb.User().deleteUser({ user_id: own.user_id }, callback))
  await refused((callback) => added.isCurrentUserAuthenticated(callback))
  await refused((callback) => page.createClient().init({ ...reach(plant), ...as, callback }), 401)
})

test('a user without rights sees and changes nobody else', async () => {
  const as = { email: 'js-plain@example.com', password: 'nine lives here' }
  await app.createUser(system, as.email, as.password)
  const cb = await signedIn(page, plant, as)
  await refused((callback) => cb.User().allUsers({}, callback), 403)
  await refused((callback) => cb.User().count({}, callback), 403)
  await refused((callback) => cb.User().deleteUser({ user_id: userId }, callback), 403)
  const changes = { roles: { add: ['operator'] } }
  await refused((callback) => cb.UserManagement().update({ user: userId, changes }, callback), 403)
  await refused((callback) => cb.Roles().create({ name: 'mine' }, callback), 403)
})

test('Roles makes, finds, changes and deletes a role', async () => {
  const cb = await signedIn(page, plant)
  const role = { name: 'fitter', description: 'fits', collections: [], topics: [], services: [], servicecaches: [] }
  const { role_id: id } = await good((callback) => cb.Roles().create(role, callback))
  assert.equal(typeof id, 'string')
  const named = { query: cb.Query().equalTo('Name', 'fitter') }
  const find = async () => (await good((callback) => cb.Roles().fetch(named, callback)))[0]
  assert.equal((await find()).ID, id)
  assert.equal((await find()).Description, 'fits')
  const machines = [{ itemInfo: { name: 'Machines' }, permissions: 1 }]
  await good((callback) => cb.Roles().update(id, { users: { permissions: 1 }, collections: machines }, callback))
  await good((callback) => cb.Roles().update(id, { changes: { users: { permissions: 3 } } }, callback))
  const { Permissions } = await find()
  assert.equal(Permissions.UsersList.Level, 3)
  assert.deepEqual([Permissions.Collections[0].Name, Permissions.Collections[0].Level], ['Machines', 1])
  const all = await good((callback) => cb.Roles().fetch(callback))
  assert.ok(all.length >= 5)
  const page2 = await good((callback) => cb.Roles().fetch({ query: cb.Query().setPage(2, 2) }, callback))
  assert.equal(page2.length, 2)
  await good((callback) => cb.Roles().delete(id, callback))
  assert.equal(await find(), undefined)
})

test('UserManagement gives and takes roles and sets a password', async () => {
  const cb = await signedIn(page, plant)
  const as = { email: 'js-managed@example.com', password: 'nine lives here' }
  const user = await app.createUser(system, as.email, as.password)
  const roles = async () =>
    (await good((callback) => cb.Roles().fetch({ user }, callback))).map((role: { Name: string }) => role.Name).sort()
  const manage = (changes: object) => good((callback) => cb.UserManagement().update({ user, changes }, callback))
  assert.deepEqual(await roles(), ['Authenticated'])
  await manage({ roles: { add: ['operator'], delete: ['Authenticated'] } })
  assert.deepEqual(await roles(), ['operator'])
  await manage({ roles: { add: [], delete: ['operator'] }, password: 'ten lives are here' })
  assert.deepEqual(await roles(), [])
  await refused((callback) => page.createClient().init({ ...reach(plant), ...as, callback }), 401)
  await signedIn(page, plant, { email: as.email, password: 'ten lives are here' })
})

test('a password on many wrong tries is answered with a wait, and the SDK hears it', async () => {
  const as = { email: 'js-guessed@example.com', password: 'nine lives here' }
  await app.createUser(system, as.email, as.password)
  const wrong = { email: as.email, password: 'seven lives here' }
  const statuses: number[] = []
  for (let i = 0; i < 7; i++) {
    const { data } = await answered((callback) => page.createClient().init({ ...reach(plant), ...wrong, callback }))
    statuses.push(JSON.parse(data).statusCode)
  }
  assert.deepEqual(statuses.slice(0, 5), [401, 401, 401, 401, 401])
  assert.equal(statuses.at(-1), 429)
})
