import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { databaseOf } from '../../store/store.ts'
import { anotherDeveloper, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

const filter = (conditions: unknown, more: Record<string, unknown> = {}) => ({
  query: JSON.stringify({ FILTERS: conditions, ...more }),
})

test('a developer makes a user, who is not signed in by that, with the fields that the SDKs read', async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  const made = await call('POST', path, { developer, body: { email: 'Jo@Example.com', password: 'short' } })
  assert.equal(made.status, 200)
  assert.equal(made.body.email, 'Jo@Example.com')
  assert.equal(made.body.user_token, '')
  assert.equal(typeof made.body.expires_at, 'number')
  assert.match(made.body.user_id, /^[0-9a-f]+$/)
  assert.match(made.body.creation_date, /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual((await call('GET', `/admin/v/4/session/${system.key}/user`, { developer })).body, [])
  assert.notEqual(await app.signIn(system, 'jo@example.com', 'short'), '')
})

test('an e-mail in use, in any case, makes no second user', async () => {
  const system = await app.createSystem()
  await app.createUser(system, 'jo@example.com', 'pw')
  const second = await call('POST', `/admin/user/${system.key}`, {
    developer,
    body: { email: 'JO@example.com', password: 'x' },
  })
  assert.equal(second.status, 400)
  assert.equal((await call('GET', `/admin/user/${system.key}/count`, { developer })).body.count, 1)
})

test('users come as {Data, Total} without a query and as a bare array with one', async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  const jo = await app.createUser(system, 'jo@example.com', 'pw')
  await app.createUser(system, 'al@example.com', 'pw')
  const all = await call('GET', path, { developer })
  assert.equal(all.body.Total, 2)
  assert.deepEqual(all.body.Data.map((row: { email: string }) => row.email).sort(), [
    'al@example.com',
    'jo@example.com',
  ])
  const found = await call('GET', path, { developer, query: filter([[{ EQ: [{ email: 'jo@example.com' }] }]]) })
  assert.deepEqual(
    found.body.map((row: { user_id: string }) => row.user_id),
    [jo],
  )
  const go = await call('GET', path, {
    developer,
    query: filter([[]], { PAGENUM: 0, PAGESIZE: 0, SELECTCOLUMNS: null, SORT: [] }),
  })
  assert.equal(go.body.length, 2)
  const page = filter([], { PAGESIZE: 1, PAGENUM: 2, SORT: [{ ASC: 'email' }], SELECTCOLUMNS: ['email'] })
  assert.deepEqual((await call('GET', path, { developer, query: page })).body, [{ email: 'jo@example.com' }])
  const count = await call('GET', `${path}/count`, { developer, query: filter([[{ RE: [{ email: '^al' }] }]]) })
  assert.deepEqual(count.body, { count: 1 })
})

test('a filter without a value, on an unknown column or with the operator that Go does not know finds nobody', async () => {
  const system = await app.createSystem()
  await app.createUser(system, 'jo@example.com', 'pw')
  for (const conditions of [
    [[{ EQ: [{}] }]],
    [[{ EQ: [] }]],
    [[{ EQ: [{ nope: 1 }] }]],
    [[{ WHAT_THE_HELL_ARE_YOU_DOING: [{ email: ['jo@example.com'] }] }]],
    [[{ EQ: [{ email: 'jo@example.com' }] }], []],
  ]) {
    for (const place of ['', '/count']) {
      const answer = await call('GET', `/admin/user/${system.key}${place}`, { developer, query: filter(conditions) })
      assert.equal(answer.status, 400, JSON.stringify(conditions))
    }
  }
})

test("columns say which are the system's own, and those can be added and dropped while the others stay", async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}/columns`
  const added = await call('POST', path, { developer, body: { column_name: 'sms_phone', type: 'string' } })
  assert.equal(added.status, 200)
  const columns = (await call('GET', path, { developer })).body
  assert.ok(columns.every((column: { UserDefined: unknown }) => typeof column.UserDefined === 'boolean'))
  assert.deepEqual(columns.at(-1), { ColumnName: 'sms_phone', ColumnType: 'string', PK: false, UserDefined: true })
  assert.deepEqual(columns[0], { ColumnName: 'user_id', ColumnType: 'string', PK: true, UserDefined: false })
  const id = await app.createUser(system, 'jo@example.com', 'pw', { sms_phone: '5' })
  assert.equal((await call('GET', `/admin/user/${system.key}`, { developer })).body.Data[0].sms_phone, '5')
  for (const body of [
    { column_name: 'Sms_Phone', type: 'string' },
    { column_name: 'email', type: 'string' },
    { column_name: 'password', type: 'string' },
    { column_name: 'cb_anything', type: 'string' },
    { column_name: 'a"; drop table accounts; --', type: 'string' },
    { column_name: 'x', type: 'text; drop table accounts' },
    { column_name: 'x' },
    {},
  ]) {
    assert.equal((await call('POST', path, { developer, body })).status, 400, JSON.stringify(body))
  }
  for (const column of ['email', 'user_id', 'cb_token', 'nope', '']) {
    assert.equal((await call('DELETE', path, { developer, query: { column } })).status, 400, column)
  }
  assert.equal((await call('DELETE', path, { developer })).status, 400)
  assert.equal((await call('DELETE', path, { developer, query: { column: 'sms_phone' } })).status, 200)
  const row = (await call('GET', `/admin/user/${system.key}`, { developer })).body.Data[0]
  assert.equal(row.user_id, id)
  assert.ok(!('sms_phone' in row))
})

test('changes set columns, e-mail, password and roles by id or name, and end sessions where they must', async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  await call('POST', `${path}/columns`, { developer, body: { column_name: 'city', type: 'string' } })
  const id = await app.createUser(system, 'jo@example.com', 'first')
  const token = await app.signIn(system, 'jo@example.com', 'first')
  const row = (await call('GET', path, { developer, query: filter([[{ EQ: [{ user_id: id }] }]]) })).body[0]
  const change = (changes: unknown) => call('PUT', path, { developer, body: { user: id, changes } })
  assert.equal(
    (await change({ ...row, city: 'Ulm', roles: { add: ['Administrator'], delete: ['Authenticated'] } })).status,
    200,
  )
  const roles = await call('GET', `${path}/roles`, { developer, query: { user: id } })
  assert.deepEqual(
    roles.body.map((role: { Name: string }) => role.Name),
    ['Administrator'],
  )
  assert.equal((await call('GET', '/api/v/1/user/info', { token })).body.city, 'Ulm')
  assert.equal((await change({ password: 'second' })).status, 200)
  assert.equal((await call('GET', '/api/v/1/user/info', { token })).status, 401)
  assert.equal((await change({ email: 'joan@example.com' })).status, 200)
  const next = await app.signIn(system, 'joan@example.com', 'second')
  assert.equal((await change({ disabled: true })).status, 200)
  assert.equal((await call('GET', '/api/v/1/user/info', { token: next })).status, 401)
})

test('a change that fails in part changes nothing', async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  await call('POST', `${path}/columns`, { developer, body: { column_name: 'city', type: 'string' } })
  const id = await app.createUser(system, 'jo@example.com', 'first')
  await app.createUser(system, 'al@example.com', 'other')
  const token = await app.signIn(system, 'jo@example.com', 'first')
  for (const changes of [
    { city: 'Ulm', roles: { add: ['no such role'] } },
    { city: 'Ulm', nope: 1 },
    { city: 'Ulm', password: '' },
    { city: 'Ulm', password: 5 },
    { city: 'Ulm', email: 'AL@example.com' },
    { city: 'Ulm', email: 'no address' },
    { city: 'Ulm', roles: { add: 'Administrator' } },
    { city: 'Ulm', disabled: 'true' },
    { city: { $ne: null }, password: 'x' },
  ]) {
    const answer = await call('PUT', path, { developer, body: { user: id, changes } })
    assert.equal(answer.status, 400, JSON.stringify(changes))
  }
  const own = await call('GET', '/api/v/1/user/info', { token })
  assert.equal(own.status, 200)
  assert.equal(own.body.city, null)
  assert.equal(own.body.email, 'jo@example.com')
})

test('the parts of a change that are missing are named by their codes', async () => {
  const { key } = await app.createSystem()
  const code = async (body: unknown) => (await call('PUT', `/admin/user/${key}`, { developer, body })).body.error.code
  assert.equal(await code({ changes: {} }), 216)
  assert.equal(await code({ user: 'x' }), 217)
  assert.equal(await code({ user: 'x', changes: [] }), 217)
  assert.equal(await code({ user: 'x', changes: {} }), 222)
})

test('a deleted user is gone with his sessions and memberships', async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  const id = await app.createUser(system, 'jo@example.com', 'pw')
  const token = await app.signIn(system, 'jo@example.com', 'pw')
  assert.equal((await call('DELETE', path, { developer })).status, 400)
  assert.equal((await call('DELETE', path, { developer, query: { user: 'nobody' } })).status, 400)
  assert.equal((await call('GET', '/api/v/1/user/info', { token })).status, 200)
  assert.equal((await call('DELETE', path, { developer, query: { user: id } })).status, 200)
  assert.equal((await call('GET', '/api/v/1/user/info', { token })).status, 401)
  assert.equal((await call('GET', `${path}/count`, { developer })).body.count, 0)
  assert.deepEqual((await call('GET', `${path}/roles`, { developer, query: { user: id } })).body, [])
})

test('sessions are listed, counted and ended: those that match, or all', async () => {
  const system = await app.createSystem()
  const path = `/admin/v/4/session/${system.key}/user`
  const jo = await app.createUser(system, 'jo@example.com', 'pw')
  const al = await app.createUser(system, 'al@example.com', 'pw')
  const joToken = await app.signIn(system, 'jo@example.com', 'pw')
  const alToken = await app.signIn(system, 'al@example.com', 'pw')
  const list = (await call('GET', path, { developer })).body
  assert.deepEqual(list.map((one: { user_id: string }) => one.user_id).sort(), [al, jo].sort())
  assert.ok(list.every((one: { issued: number }) => Math.abs(one.issued - Date.now() / 1000) < 60))
  assert.ok(!JSON.stringify(list).includes(joToken))
  const ofJo = filter([[{ EQ: [{ user_id: jo }] }]])
  assert.deepEqual((await call('GET', `${path}/count`, { developer, query: ofJo })).body, { count: 1 })
  for (const query of [
    { query: 'undefined' },
    { query: 'null' },
    { query: '' },
    filter([[{ EQ: [{ token: 'x' }] }]]),
  ]) {
    assert.equal((await call('DELETE', path, { developer, query })).status, 400)
  }
  assert.deepEqual((await call('DELETE', path, { developer, query: ofJo })).body, { count: 1 })
  assert.equal((await call('GET', '/api/v/1/user/info', { token: joToken })).status, 401)
  assert.equal((await call('GET', '/api/v/1/user/info', { token: alToken })).status, 200)
  assert.deepEqual((await call('DELETE', path, { developer })).body, { count: 1 })
  assert.equal((await call('GET', '/api/v/1/user/info', { token: alToken })).status, 401)
})

test('the token of a service account is shown to nobody and cannot be guessed by comparing', async () => {
  const system = await app.createSystem()
  const id = await app.createUser(system, 'robot@example.com', 'pw')
  const reader = await userWith(app, system, { users: { permissions: 15 } })
  const database = databaseOf(app.app.means.store)
  const { table_name: table } = await database
    .selectFrom('collections')
    .select('table_name')
    .where('system_key', '=', system.key)
    .where('kind', '=', 'users')
    .executeTakeFirstOrThrow()
  await database
    .updateTable(table as never)
    .set({ cb_token: 'the-secret' } as never)
    .where('user_id' as never, '=', id as never)
    .execute()
  const answers = [
    await call('GET', `/admin/user/${system.key}`, { developer }),
    await call('GET', `/admin/user/${system.key}`, { developer, query: filter([], { SELECTCOLUMNS: ['cb_token'] }) }),
    await call('GET', '/api/v/1/user', { token: reader.token }),
    await call('GET', '/api/v/1/user/info', { token: await app.signIn(system, 'robot@example.com', 'pw') }),
  ]
  for (const answer of answers) {
    assert.equal(answer.status, 200)
    assert.ok(!answer.text.includes('the-secret'))
  }
  for (const query of [
    filter([[{ EQ: [{ cb_token: 'the-secret' }] }]]),
    filter([[{ RE: [{ cb_token: '^t' }] }]]),
    filter([], { SORT: [{ ASC: 'cb_token' }] }),
    filter([], { GROUPBY: ['cb_token'] }),
  ]) {
    for (const path of [`/admin/user/${system.key}`, `/admin/user/${system.key}/count`]) {
      // Counting looks at conditions alone, but what cannot be asked is refused everywhere.
      assert.equal((await call('GET', path, { developer, query })).status, 400, JSON.stringify(query))
    }
    assert.equal((await call('GET', '/api/v/1/user', { token: reader.token, query })).status, 400)
  }
  const set = await call('PUT', '/api/v/2/user/info', {
    token: reader.token,
    body: { query: [[{ EQ: [{ user_id: id }] }]], changes: { cb_token: 'mine' } },
  })
  assert.equal(set.status, 400)
})

test('users of a system belong to its developer alone', async () => {
  const system = await app.createSystem()
  const id = await app.createUser(system, 'jo@example.com', 'pw')
  const stranger = await anotherDeveloper(app)
  const { token } = await userWith(app, system, { users: { permissions: 15 }, manageusers: { permissions: 15 } })
  const path = `/admin/user/${system.key}`
  const calls = [
    ['GET', path, {}],
    ['GET', `${path}/count`, {}],
    ['POST', path, { body: { email: 'x@example.com', password: 'pw' } }],
    ['PUT', path, { body: { user: id, changes: { password: 'taken' } } }],
    ['DELETE', path, { query: { user: id } }],
    ['GET', `${path}/columns`, {}],
    ['POST', `${path}/columns`, { body: { column_name: 'x', type: 'int' } }],
    ['DELETE', `${path}/columns`, { query: { column: 'x' } }],
    ['GET', `/admin/v/4/session/${system.key}/user`, {}],
    ['GET', `/admin/v/4/session/${system.key}/user/count`, {}],
    ['DELETE', `/admin/v/4/session/${system.key}/user`, {}],
  ] as const
  for (const [method, url, options] of calls) {
    for (const credentials of [
      { developer: stranger },
      { token },
      { developer: token },
      { developer: 'made up' },
      { system },
      {},
    ]) {
      const answer = await call(method, url, { ...options, ...credentials })
      assert.ok([400, 401, 403].includes(answer.status), `${method} ${url} gave ${answer.status}`)
      assert.ok(!answer.text.includes('jo@example.com'))
    }
  }
  assert.notEqual(await app.signIn(system, 'jo@example.com', 'pw'), '')
})

test('who manages users takes over no account that has more rights than he has', async () => {
  const system = await app.createSystem()
  const manager = await userWith(app, system, { manageusers: { permissions: 15 } })
  const boss = await userWith(app, system, { users: { permissions: 15 } })
  const plain = await userWith(app, system)
  const manage = (user: string, changes: unknown) =>
    call('PUT', '/api/v/4/user/manage', { token: manager.token, body: { user, changes } })
  assert.equal((await manage(plain.id, { password: 'new one' })).status, 200)
  assert.equal((await manage(boss.id, { password: 'new one' })).status, 403)
  assert.equal((await manage(boss.id, { email: 'mine@example.com' })).status, 403)
  assert.equal((await manage(plain.id, { roles: { add: [boss.role] } })).status, 403)
  assert.equal((await manage(manager.id, { roles: { add: ['Administrator'] } })).status, 403)
  assert.equal((await call('GET', '/api/v/1/user/info', { token: boss.token })).status, 200)
  assert.equal((await manage(plain.id, { roles: { add: [manager.role] } })).status, 200)
})

test('a change of users that says of nobody whom it means is refused', async () => {
  const system = await app.createSystem()
  await call('POST', `/admin/user/${system.key}/columns`, { developer, body: { column_name: 'city', type: 'string' } })
  await app.createUser(system, 'jo@example.com', 'pw')
  const { token } = await userWith(app, system, { users: { permissions: 15 } })
  const put = (query: unknown) =>
    call('PUT', '/api/v/2/user/info', { token, body: { query, changes: { city: 'Ulm' } } })
  for (const query of [undefined, null, '', 'undefined', 'null', 5, { PAGESIZE: 1 }, [[{ EQ: [{}] }]]]) {
    assert.equal((await put(query)).status, 400, JSON.stringify(query))
  }
  const some = await put([[{ EQ: [{ email: 'jo@example.com' }] }]])
  assert.deepEqual(some.body, { count: 1 })
})

test('a row that was exported from elsewhere can be sent back whole; a second factor that is on is not swallowed', async () => {
  const system = await app.createSystem()
  const path = `/admin/user/${system.key}`
  await call('POST', `${path}/columns`, { developer, body: { column_name: 'city', type: 'string' } })
  const user = await app.createUser(system, 'jo@example.com', 'pw')
  const own = { user_id: 'x', email: 'jo@example.com', creation_date: 'x', cb_service_account: false, cb_token: '' }
  const foreign = {
    two_factor_enabled: false,
    two_factor_method: 'email',
    phone_validated: true,
    email_validated: null,
  }
  const put = (changes: unknown) => call('PUT', path, { developer, body: { user, changes } })
  assert.equal((await put({ ...own, ...foreign, city: 'Ulm', roles: ['Authenticated'] })).status, 200)
  const [row] = (await call('GET', path, { developer, query: filter([[{ EQ: [{ user_id: user }] }]]) })).body
  assert.deepEqual([row.city, row.email], ['Ulm', 'jo@example.com'])
  const refused = await put({ ...foreign, two_factor_enabled: true, city: 'Bonn' })
  assert.equal(refused.status, 400)
  assert.match(refused.body.error.detail, /no column two_factor_enabled/)

  await call('POST', `${path}/columns`, { developer, body: { column_name: 'two_factor_method', type: 'string' } })
  await put(foreign)
  const [now] = (await call('GET', path, { developer, query: filter([]) })).body
  assert.deepEqual([now.city, now.two_factor_method], ['Ulm', 'email'], "a column of the system's own is written")
})
