import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { anotherDeveloper, onCollection, userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app
const path = '/admin/collectionmanagement'

const columnsOf = async (id: string) =>
  (await call('GET', `/api/v/1/data/${id}/columns`, { developer })).body.map(
    (column: { ColumnName: string; ColumnType: string }) => `${column.ColumnName} ${column.ColumnType}`,
  )

test('a collection is made, found by id, listed and deleted', async () => {
  const system = await app.createSystem()
  const made = await call('POST', path, { developer, body: { name: 'things', appID: system.key } })
  assert.equal(made.status, 200)
  const { collectionID: id } = made.body
  const shape = { appID: system.key, collectionID: id, name: 'things' }
  assert.deepEqual((await call('GET', path, { developer, query: { id } })).body, shape)
  assert.deepEqual((await call('GET', '/admin/allcollections', { developer, query: { appid: system.key } })).body, [
    shape,
  ])
  assert.deepEqual((await call('GET', `/api/v/3/allcollections/${system.key}`, { developer })).body, [shape])
  assert.equal((await call('DELETE', path, { developer, query: { id } })).status, 200)
  assert.equal((await call('GET', path, { developer, query: { id } })).status, 400)
  assert.deepEqual((await call('GET', '/admin/allcollections', { developer, query: { appid: system.key } })).body, [])
})

test('columns of every type are added, renamed and dropped, values kept, and the collection renamed', async () => {
  const system = await app.createSystem()
  const types = ['string', 'uuid', 'int', 'bigint', 'float', 'double', 'bool', 'timestamp', 'blob', 'jsonb']
  const id = await app.createCollection(system, 'things', Object.fromEntries(types.map((type) => [`a ${type}`, type])))
  assert.deepEqual(await columnsOf(id), ['item_id uuid', ...types.map((type) => `a ${type} ${type}`)])
  await call('POST', `/api/v/1/data/${id}`, { developer, body: { 'a int': 5 } })
  const put = async (body: unknown) => assert.equal((await call('PUT', path, { developer, body })).status, 200)
  await put({ id, addColumn: { id, name: 'more', type: 'int' } })
  await put({ id, renameColumn: { from: 'a int', to: 'number' } })
  await put({ id, deleteColumn: 'a blob' })
  await put({ id, renameCollection: 'stuff' })
  assert.ok((await columnsOf(id)).includes('number int'))
  assert.ok(!(await columnsOf(id)).includes('a blob blob'))
  const { body } = await call('GET', `/api/v/1/collection/${system.key}/stuff`, { developer })
  assert.equal(body.DATA[0].number, 5)
  assert.equal(body.DATA[0].more, null)
})

test('what cannot be is refused and leaves the collection as it was', async () => {
  const system = await app.createSystem()
  const id = await app.createCollection(system, 'things', { a: 'int', b: 'string' })
  await app.createCollection(system, 'other')
  const before = JSON.stringify(await columnsOf(id))
  const bad = [
    { id },
    { id, addColumn: null },
    { id, addColumn: 'x' },
    { id, addColumn: { name: 'x' } },
    { id, addColumn: { name: 'x', type: 'varchar' } },
    { id, addColumn: { name: 'A', type: 'int' } },
    { id, addColumn: { name: 'item_id', type: 'int' } },
    { id, addColumn: { name: 'x" int); drop table systems; --', type: 'int' } },
    { id, addColumn: { name: '', type: 'int' } },
    { id, addColumn: { name: 'x', type: 'int' }, deleteColumn: 'a' },
    { id, deleteColumn: 'item_id' },
    { id, deleteColumn: 'nope' },
    { id, deleteColumn: { name: 'a' } },
    { id, renameColumn: { from: 'a' } },
    { id, renameColumn: { from: 'a', to: 'B' } },
    { id, renameColumn: { from: 'item_id', to: 'x' } },
    { id, renameColumn: 'a' },
    { id, renameCollection: 'OTHER' },
    { id, renameCollection: '' },
    { id, renameCollection: 'a/b' },
    { addColumn: { name: 'x', type: 'int' } },
    { id: 5, addColumn: { name: 'x', type: 'int' } },
    { id: 'nope', addColumn: { name: 'x', type: 'int' } },
  ]
  for (const body of bad) assert.equal((await call('PUT', path, { developer, body })).status, 400, JSON.stringify(body))
  assert.equal(JSON.stringify(await columnsOf(id)), before)
  for (const name of ['things', 'THINGS', '', 5, null, 'a/b', 'x'.repeat(201), 'a\u0000']) {
    const answer = await call('POST', path, { developer, body: { name, appID: system.key } })
    assert.equal(answer.status, 400, JSON.stringify(name))
  }
  assert.equal((await call('POST', path, { developer, body: { name: 'x' } })).status, 400)
  assert.equal((await call('GET', '/admin/allcollections', { developer })).status, 400)
  assert.equal((await call('DELETE', path, { developer })).status, 400)
  const all = (await call('GET', '/admin/allcollections', { developer, query: { appid: system.key } })).body
  assert.deepEqual(
    all.map((one: { name: string }) => one.name),
    ['things', 'other'],
  )
})

test('users make, change and delete collections only with the right for each', async () => {
  const system = await app.createSystem()
  const user = '/api/v/3/collectionmanagement'
  const id = await app.createCollection(system, 'things')
  const calls = [
    ['GET', `/api/v/3/allcollections/${system.key}`, 1, {}],
    ['POST', user, 2, { body: { name: 'made', appID: system.key } }],
    ['PUT', user, 4, { body: { id, addColumn: { name: 'x', type: 'int' } } }],
    ['DELETE', user, 8, { query: { id } }],
  ] as const
  for (const [method, url, bit, options] of calls) {
    const without = await userWith(app, system, {
      allcollections: { permissions: 15 & ~bit },
      ...onCollection(id, 15),
    })
    assert.equal((await call(method, url, { ...options, token: without.token })).status, 403, method)
  }
  for (const [method, url, bit, options] of calls) {
    const having = await userWith(app, system, { allcollections: { permissions: bit } })
    assert.equal((await call(method, url, { ...options, token: having.token })).status, 200, method)
  }
})

test('a user learns of a collection when he has any right on it, and not otherwise', async () => {
  const system = await app.createSystem()
  const id = await app.createCollection(system, 'things')
  const one = await userWith(app, system, onCollection(id, 2))
  const none = await userWith(app, system)
  const url = '/api/v/3/collectionmanagement'
  assert.equal((await call('GET', url, { token: one.token, query: { id } })).body.name, 'things')
  assert.equal((await call('GET', url, { token: none.token, query: { id } })).status, 403)
})

test('collections are closed to other developers, and to users of other systems whatever system they name', async () => {
  const system = await app.createSystem()
  const elsewhere = await app.createSystem('elsewhere')
  const id = await app.createCollection(system, 'things', { a: 'int' })
  const admin = await userWith(app, elsewhere, { allcollections: { permissions: 15 } })
  const stranger = await anotherDeveloper(app)
  for (const base of [path, '/api/v/3/collectionmanagement']) {
    const calls = [
      ['POST', { body: { name: 'x', appID: system.key } }],
      ['PUT', { body: { id, deleteColumn: 'a' } }],
      ['PUT', { body: { id, appID: elsewhere.key, deleteColumn: 'a' } }],
      ['GET', { query: { id } }],
      ['DELETE', { query: { id } }],
    ] as const
    for (const [method, options] of calls) {
      for (const credentials of [
        { developer: stranger },
        { token: admin.token },
        { token: admin.token, system },
        { system },
        {},
      ]) {
        const answer = await call(method, base, { ...options, ...credentials })
        assert.ok([400, 401, 403].includes(answer.status), `${method} ${base} gave ${answer.status}`)
        assert.ok(!answer.text.includes('things'))
      }
    }
  }
  for (const credentials of [{ developer: stranger }, { token: admin.token }]) {
    assert.notEqual(
      (await call('GET', '/admin/allcollections', { ...credentials, query: { appid: system.key } })).status,
      200,
    )
    assert.notEqual((await call('GET', `/api/v/3/allcollections/${system.key}`, credentials)).status, 200)
  }
  assert.deepEqual(await columnsOf(id), ['item_id uuid', 'a int'])
  assert.deepEqual(
    (await call('GET', '/admin/allcollections', { developer, query: { appid: elsewhere.key } })).body,
    [],
  )
})

test('rights on a collection go with it', async () => {
  const system = await app.createSystem()
  const id = await app.createCollection(system, 'things')
  const { role } = await userWith(app, system, onCollection(id, 15))
  await call('DELETE', path, { developer, query: { id } })
  const query = { query: JSON.stringify({ FILTERS: [[{ EQ: [{ name: role }] }]] }) }
  const found = await call('GET', `/admin/user/${system.key}/roles`, { developer, query })
  assert.deepEqual(found.body[0].Permissions.Collections, [])
})
