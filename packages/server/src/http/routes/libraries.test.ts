import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'
import { userWith } from './people.fixture.ts'

const app = await createTestApp({ after })
const { developer, call } = app

const fields = {
  code: 'var shared = 1',
  dependencies: 'log',
  description: 'shared things',
  visibility: 'system',
  api: '{}',
}

test('a library is made, read, listed, changed and deleted, each time answered as an object', async () => {
  const system = await app.createSystem()
  const list = `/codeadmin/v/2/library/${system.key}`
  assert.deepEqual((await call('GET', list, { developer })).body, [])
  const made = await call('POST', `${list}/shared`, { developer, body: fields })
  assert.equal(made.status, 200)
  const read = (await call('GET', `${list}/shared`, { developer })).body
  assert.deepEqual(made.body, read)
  for (const [name, value] of Object.entries({ ...fields, name: 'shared', version: 1 }))
    assert.equal(read[name], value, name)
  const [listed] = (await call('GET', list, { developer })).body
  assert.equal(listed.name, 'shared')
  assert.equal(listed.visibility, 'system')
  assert.ok(!('code' in listed))
  const saved = await call('PUT', `${list}/shared`, { developer, body: { code: 'var shared = 2' } })
  assert.equal(saved.body.version, 2)
  assert.equal(saved.body.description, 'shared things')
  const described = await call('PUT', `${list}/shared`, { developer, body: { description: 'other' } })
  assert.equal(described.body.version, 2)
  assert.equal((await call('DELETE', `${list}/shared`, { developer })).status, 200)
  assert.equal((await call('GET', `${list}/shared`, { developer })).status, 400)
  assert.equal((await call('DELETE', `${list}/shared`, { developer })).status, 400)
  assert.equal((await call('PUT', `${list}/shared`, { developer, body: fields })).status, 400)
})

test('a library and a service may have one name, and a name is taken once', async () => {
  const system = await app.createSystem()
  await app.createService(system, 'same', 'function same(req, resp) { resp.success(1) }')
  const path = `/codeadmin/v/2/library/${system.key}/same`
  assert.equal((await call('POST', path, { developer, body: fields })).status, 200)
  assert.equal((await call('POST', path, { developer, body: { ...fields, code: 'var other' } })).status, 400)
  assert.equal((await call('GET', path, { developer })).body.code, fields.code)
  assert.match((await call('GET', `/api/v/1/code/${system.key}/same`, { developer })).body.code, /resp\.success/)
})

test('every version of a library is read and made current again', async () => {
  const system = await app.createSystem()
  const path = `/codeadmin/v/2/library/${system.key}/shared`
  const history = `/codeadmin/v/2/history/library/${system.key}/shared`
  await call('POST', path, { developer, body: fields })
  await call('PUT', path, { developer, body: { code: 'var shared = 2', dependencies: '' } })
  const versions = (await call('GET', history, { developer })).body
  assert.deepEqual(
    versions.map((one: { version: number; current: boolean }) => [one.version, one.current]),
    [
      [2, true],
      [1, false],
    ],
  )
  const first = (await call('GET', `${history}/1`, { developer })).body
  assert.equal(first.code, fields.code)
  assert.equal(first.dependencies, 'log')
  assert.equal((await call('PUT', `${history}/1`, { developer })).body.code, fields.code)
  assert.equal((await call('GET', path, { developer })).body.version, 1)
  for (const version of ['3', '0', 'latest']) {
    assert.equal((await call('PUT', `${history}/${version}`, { developer })).status, 400)
  }
})

test('what no library can be is refused', async () => {
  const system = await app.createSystem()
  const path = `/codeadmin/v/2/library/${system.key}`
  for (const body of [
    { code: 5 },
    { ...fields, description: 5 },
    { ...fields, visibility: [] },
    { ...fields, dependencies: 5 },
    [],
  ]) {
    assert.equal((await call('POST', `${path}/shared`, { developer, body })).status, 400, JSON.stringify(body))
  }
  for (const name of ['%20', '1', 'a%2Fb', 'a%00b', "a'b"]) {
    assert.equal((await call('POST', `${path}/${name}`, { developer, body: fields })).status, 400, name)
  }
  assert.deepEqual((await call('GET', path, { developer })).body, [])
})

test('no token of a user opens a library', async () => {
  const system = await app.createSystem()
  await app.createLibrary(system, 'shared', fields.code)
  const { token } = await userWith(app, system, { allservices: { permissions: 15 } })
  const path = `/codeadmin/v/2/library/${system.key}/shared`
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    assert.equal((await call(method, path, { token, ...(method === 'PUT' && { body: fields }) })).status, 403)
  }
})
