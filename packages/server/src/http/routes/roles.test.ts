import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { anotherDeveloper, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

type System = { key: string; secret: string }
const rolesOf = (system: System) => `/admin/user/${system.key}/roles`
const filter = (conditions: unknown, more: Record<string, unknown> = {}) => ({
  query: JSON.stringify({ FILTERS: conditions, ...more }),
})
const roleNamed = async (system: System, name: string) =>
  (await call('GET', rolesOf(system), { developer, query: filter([[{ EQ: [{ name }] }]]) })).body[0]

test('every system begins with the three default roles, whose id is their name', async () => {
  const system = await app.createSystem()
  const roles = (await call('GET', rolesOf(system), { developer })).body
  assert.deepEqual(
    roles.map((role: { ID: string; Name: string }) => [role.ID, role.Name]).sort(),
    ['Administrator', 'Anonymous', 'Authenticated'].map((name) => [name, name]),
  )
  assert.deepEqual((await call('GET', `${rolesOf(system)}/count`, { developer })).body, { count: 3 })
})

test('roles are found by name or id in any case of the column, sorted and in pages', async () => {
  const system = await app.createSystem()
  for (const name of ['b', 'a', 'c']) await call('POST', rolesOf(system), { developer, body: { name } })
  const names = async (query: Record<string, string>) =>
    (await call('GET', rolesOf(system), { developer, query })).body.map((role: { Name: string }) => role.Name)
  for (const column of ['name', 'Name', 'NAME'])
    assert.deepEqual(await names(filter([[{ EQ: [{ [column]: 'a' }] }]])), ['a'])
  assert.deepEqual(await names(filter([[{ EQ: [{ ID: 'Anonymous' }] }]])), ['Anonymous'])
  assert.deepEqual(await names(filter([[{ RE: [{ name: '^[ab]$' }] }]], { SORT: [{ ASC: 'name' }] })), ['a', 'b'])
  const lower = [[{ GTE: [{ name: 'a' }] }]]
  assert.deepEqual(await names(filter(lower, { SORT: [{ DESC: 'name' }], PAGESIZE: 2, PAGENUM: 1 })), ['c', 'b'])
  assert.deepEqual(await names(filter(lower, { SORT: [{ DESC: 'name' }], PAGESIZE: 2, PAGENUM: 2 })), ['a'])
  const count = await call('GET', `${rolesOf(system)}/count`, { developer, query: filter(lower, { PAGESIZE: 1 }) })
  assert.deepEqual(count.body, { count: 3 })
  for (const query of [
    filter([[{ EQ: [{ nope: 1 }] }]]),
    filter([[{ EQ: [{}] }]]),
    filter([], { GROUPBY: ['name'] }),
    { query: '{' },
  ]) {
    assert.equal((await call('GET', rolesOf(system), { developer, query })).status, 400)
  }
})

test('a role is made with rights, read back in the read shape, and merged item by item', async () => {
  const system = await app.createSystem()
  const collection = await app.createCollection(system, 'things', { n: 'int' })
  const made = await call('POST', rolesOf(system), {
    developer,
    body: {
      name: 'editor',
      description: 'edits',
      collections: [{ itemInfo: { name: 'things' }, permissions: 5 }],
      topics: [],
      services: [{ itemInfo: { name: 'hello' }, permissions: 1 }],
      servicecaches: [],
      externaldatabases: [],
      users: { permissions: 1 },
    },
  })
  assert.equal(made.status, 200)
  const id = made.body.role_id
  let role = await roleNamed(system, 'editor')
  assert.equal(role.ID, id)
  assert.equal(role.Description, 'edits')
  assert.deepEqual(role.Permissions.Collections, [
    { ID: collection, Name: 'things', Level: 5, Columns: null, Items: null },
  ])
  assert.deepEqual(role.Permissions.CodeServices, [{ Name: 'hello', SystemKey: system.key, Level: 1 }])
  assert.deepEqual(role.Permissions.UsersList, { Level: 1 })
  const put = (body: unknown) => call('PUT', rolesOf(system), { developer, body })
  const goShape = {
    collections: [],
    topics: [],
    externaldatabases: [],
    services: [],
    portals: [],
    servicecaches: [],
    files: [],
  }
  await put({ id, changes: { ...goShape, topics: [{ itemInfo: { name: 'news' }, permissions: 15 }] } })
  await put({ id: 'editor', changes: { edges: [{ permissions: 3 }], description: 'edits more' } })
  await put({ id, changes: { changes: { msgHistory: { permissions: 9 } } } })
  await put({ id, changes: { services: [{ itemInfo: { name: 'hello' }, permissions: 0 }] } })
  role = await roleNamed(system, 'editor')
  assert.equal(role.Description, 'edits more')
  assert.deepEqual(role.Permissions.Topics, [{ Name: 'news', Level: 15 }])
  assert.deepEqual(role.Permissions.EdgesList, { Level: 3 })
  assert.deepEqual(role.Permissions.MsgHistory, { Level: 9 })
  assert.deepEqual(role.Permissions.CodeServices, [])
  assert.equal(role.Permissions.Collections[0].Level, 5)
  assert.equal((await put({ id, name: 'writer', changes: {} })).status, 200)
  assert.equal((await roleNamed(system, 'writer')).ID, id)
  assert.equal(
    (await put({ id: 'Authenticated', name: 'Authenticated', changes: { users: { permissions: 1 } } })).status,
    200,
  )
})

test('a role that cannot be is refused and nothing of it stays', async () => {
  const system = await app.createSystem()
  const before = (await call('GET', rolesOf(system), { developer })).text
  const bad = [
    {},
    { name: '' },
    { name: 5 },
    { name: 'Administrator' },
    { name: 'a\u0000b' },
    { name: 'x', description: 5 },
    { name: 'x', collections: [{ itemInfo: { name: 'no such' }, permissions: 1 }] },
    { name: 'x', users: { permissions: 16 } },
    { name: 'x', users: { permissions: -1 } },
    { name: 'x', users: { permissions: '1' } },
    { name: 'x', users: 'all' },
    { name: 'x', services: [{ permissions: 1 }] },
    { name: 'x', services: [{ itemInfo: { name: { $ne: 1 } }, permissions: 1 }] },
    { name: 'x', services: [{ itemInfo: { name: 'a\u0000' }, permissions: 1 }] },
  ]
  for (const body of bad) {
    assert.equal((await call('POST', rolesOf(system), { developer, body })).status, 400, JSON.stringify(body))
  }
  for (const body of [
    { changes: { users: { permissions: 1 } } },
    { id: 'nobody', changes: {} },
    { id: 'Administrator' },
    { id: 'Administrator', changes: [] },
    { id: 'Administrator', changes: { changes: 5 } },
    { id: 'Administrator', name: 'Boss', changes: {} },
    { id: 'Administrator', changes: { description: 'x', users: { permissions: 99 } } },
  ]) {
    assert.equal((await call('PUT', rolesOf(system), { developer, body })).status, 400, JSON.stringify(body))
  }
  for (const query of [
    {} as Record<string, string>,
    { role: '' },
    { role: 'nobody' },
    { role: 'Anonymous' },
    { query: '{}' },
  ]) {
    assert.equal((await call('DELETE', rolesOf(system), { developer, query })).status, 400, JSON.stringify(query))
  }
  assert.equal((await call('GET', rolesOf(system), { developer })).text, before)
})

test('a role takes no name that another role has as its name or id', async () => {
  const system = await app.createSystem()
  const first = (await call('POST', rolesOf(system), { developer, body: { name: 'first' } })).body.role_id
  await call('POST', rolesOf(system), { developer, body: { name: 'second' } })
  for (const name of ['first', first, 'Anonymous', 'x'.repeat(201), ' ']) {
    const answer = await call('PUT', rolesOf(system), { developer, body: { id: 'second', name, changes: {} } })
    assert.equal(answer.status, 400, name)
  }
})

test('deleting a role takes its rights from everybody who had it, at once', async () => {
  const system = await app.createSystem()
  const { token, role } = await userWith(app, system, { users: { permissions: 1 } })
  assert.equal((await call('GET', '/api/v/1/user', { token })).status, 200)
  const { ID } = await roleNamed(system, role)
  assert.equal((await call('DELETE', rolesOf(system), { developer, query: { role: ID } })).status, 200)
  assert.equal((await call('GET', '/api/v/1/user', { token })).status, 403)
})

test('users manage roles within their own rights, and give away none that they do not hold', async () => {
  const system = await app.createSystem()
  const path = `/api/v/3/user/roles/${system.key}`
  const id = await app.createCollection(system, 'things')
  const { token, role } = await userWith(app, system, {
    roles: { permissions: 15 },
    collections: [{ itemInfo: { id }, permissions: 3 }],
  })
  const right = (permissions: number) => [{ itemInfo: { id, name: 'things' }, permissions }]
  const made = await call('POST', path, { token, body: { name: 'readers', collections: right(1), topics: [] } })
  assert.equal(made.status, 200)
  const readers = made.body.role_id
  const listed = await call('GET', path, { token, query: filter([[{ EQ: [{ Name: 'readers' }] }]]) })
  assert.equal(listed.body[0].ID, readers)
  assert.equal(
    (await call('PUT', path, { token, body: { id: readers, changes: { collections: right(3) } } })).status,
    200,
  )
  const refused = [
    ['POST', { name: 'more', collections: right(4) }],
    ['POST', { name: 'more', allcollections: { permissions: 1 } }],
    ['POST', { name: 'more', users: { permissions: 1 } }],
    ['PUT', { id: readers, changes: { collections: right(15) } }],
    ['PUT', { id: readers, changes: { description: 'x', manageusers: { permissions: 4 } } }],
    ['PUT', { id: role, changes: { changes: { users: { permissions: 1 } } } }],
    ['PUT', { id: 'Authenticated', changes: { services: [{ itemInfo: { name: 'any' }, permissions: 1 }] } }],
  ] as const
  for (const [method, body] of refused) {
    const answer = await call(method, path, { token, body })
    assert.equal(answer.status, 403, JSON.stringify(body))
  }
  const after = (await roleNamed(system, 'readers')).Permissions
  assert.equal(after.Collections[0].Level, 3)
  assert.equal(after.ManageUsers.Level, 0)
  assert.deepEqual((await call('GET', `${rolesOf(system)}/count`, { developer })).body, { count: 5 })
  assert.equal((await call('DELETE', path, { token, query: { role: readers } })).status, 200)
})

test('each call on roles needs its own right', async () => {
  const system = await app.createSystem()
  const path = `/api/v/3/user/roles/${system.key}`
  const target = (await call('POST', rolesOf(system), { developer, body: { name: 'target' } })).body.role_id
  const calls = [
    ['GET', 1, {}],
    ['POST', 2, { body: { name: 'made' } }],
    ['PUT', 4, { body: { id: target, changes: { description: 'x' } } }],
    ['DELETE', 8, { query: { role: target } }],
  ] as const
  for (const [method, bit, options] of calls) {
    const without = await userWith(app, system, { roles: { permissions: 15 & ~bit } })
    assert.equal((await call(method, path, { ...options, token: without.token })).status, 403, method)
  }
  for (const [method, bit, options] of calls) {
    const having = await userWith(app, system, { roles: { permissions: bit } })
    assert.equal((await call(method, path, { ...options, token: having.token })).status, 200, method)
  }
})

test('a user sees his own roles without any right, and nobody else sees them', async () => {
  const system = await app.createSystem()
  const path = `/api/v/3/user/roles/${system.key}`
  const me = await userWith(app, system)
  const other = await userWith(app, system)
  const own = await call('GET', path, { token: me.token, query: { user: me.id } })
  assert.deepEqual(own.body.map((role: { Name: string }) => role.Name).sort(), ['Authenticated', me.role].sort())
  assert.equal((await call('GET', path, { token: me.token, query: { user: other.id } })).status, 403)
  assert.equal((await call('GET', path, { token: me.token })).status, 403)
})

test('roles of a system are closed to other developers, to tokens of other systems and to callers without one', async () => {
  const system = await app.createSystem()
  const elsewhere = await app.createSystem('elsewhere')
  const admin = await userWith(app, elsewhere, { roles: { permissions: 15 } })
  const stranger = await anotherDeveloper(app)
  const before = (await call('GET', rolesOf(system), { developer })).text
  const calls = [
    ['GET', {}],
    ['POST', { body: { name: 'x' } }],
    ['PUT', { body: { id: 'Anonymous', changes: { users: { permissions: 15 } } } }],
    ['DELETE', { query: { role: 'Anonymous' } }],
  ] as const
  for (const path of [rolesOf(system), `/api/v/3/user/roles/${system.key}`]) {
    for (const [method, options] of calls) {
      for (const credentials of [
        { developer: stranger },
        { token: admin.token },
        { token: admin.token, system },
        { system },
        {},
      ]) {
        const answer = await call(method, path, { ...options, ...credentials })
        assert.ok([400, 401, 403].includes(answer.status), `${method} ${path} gave ${answer.status}`)
      }
    }
  }
  assert.equal((await call('GET', rolesOf(system), { developer })).text, before)
})

test('a role is marked as privileged by developers alone, and Administrator always is', async () => {
  const system = await app.createSystem()
  const change = (id: string, privileged: unknown, who: object = { developer }) =>
    call('PUT', rolesOf(system), { ...who, body: { id, changes: { privileged } } })
  await call('POST', rolesOf(system), { developer, body: { name: 'wardens', privileged: true } })
  await call('POST', rolesOf(system), { developer, body: { name: 'guests' } })
  const marks = async () =>
    Object.fromEntries(
      (await call('GET', rolesOf(system), { developer })).body.map((role: any) => [role.Name, role.Privileged]),
    )
  const made = { Administrator: true, Anonymous: false, Authenticated: false, guests: false, wardens: true }
  assert.deepEqual(await marks(), made)
  const admin = await userWith(app, system, { roles: { permissions: 15 } })
  const path = `/api/v/3/user/roles/${system.key}`
  const byUser = await call('PUT', path, {
    ...{ token: admin.token, body: { id: 'wardens', changes: { privileged: false } } },
  })
  assert.equal(byUser.status, 403, byUser.text)
  for (const [id, privileged] of [
    ...[['Administrator', false] as const, ['Authenticated', true] as const, ['Anonymous', true] as const],
    ['guests', 'yes'] as const,
  ]) {
    assert.equal((await change(id, privileged)).status, 400, id)
  }
  const still = { ...made, [admin.role]: false }
  assert.deepEqual(await marks(), still)
  assert.equal((await change('guests', true)).status, 200)
  assert.equal((await change('wardens', false)).status, 200)
  assert.deepEqual(await marks(), { ...still, guests: true, wardens: false })
  const audited = await call('GET', '/admin/audit', { developer, query: { system: system.key, kind: 'role' } })
  assert.match(audited.text, /"privileged":false/)
})
