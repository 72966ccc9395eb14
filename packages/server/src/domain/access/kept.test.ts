import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../../../test/support/app.ts'

test('one run makes a collection, adds columns, and uses each at once', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  const code = `function grow(req, resp) {
    ClearBlade.init({request: req});
    var made = [];
    function step(err, data) { if (err) resp.error(data); made.push(data); }
    ClearBlade.newCollection("Readings", step);
    var readings = ClearBlade.Collection({collectionName: "Readings"});
    readings.addColumn({name: "a", type: "int"}, step);
    readings.create({a: 1}, step);
    readings.addColumn({name: "b", type: "string"}, step);
    readings.create({a: 2, b: "two"}, step);
    readings.fetch(function (err, data) { resp.success(data.DATA.map(function (row) { return [row.a, row.b]; })); });
  }`
  await app.createService(system, 'grow', code)
  const ran = await app.run(system, 'grow', {}, { developer: app.developer })
  assert.deepEqual(ran.body.results, [
    [1, null],
    [2, 'two'],
  ])
})

test('a right that is given or taken holds for the very next request', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  const token = await app.signIn(system, 'op@example.com', 'the plant is quiet')
  await app.createCollection(system, 'Readings', { a: 'int' })
  const path = `/api/v/1/collection/${system.key}/Readings`
  for (let round = 0; round < 3; round++) {
    assert.equal((await app.call('GET', path, { token })).status, 403)
    await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 1 }] })
    assert.equal((await app.call('GET', path, { token })).status, 200)
    await app.grant(system, 'Authenticated', { collections: [{ itemInfo: { name: 'Readings' }, permissions: 0 }] })
  }
})
