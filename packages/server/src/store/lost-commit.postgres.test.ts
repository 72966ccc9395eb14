/** What is said, and what is not done again, when PostgreSQL keeps a change and its answer never arrives. */
import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { createTestDatabase } from '../../../../test/support/postgres.ts'
import { openPostgres } from './dialect/postgres.ts'
import { migrate } from './migrations.ts'
import { databaseOf, storeOn } from './store.ts'

/** Between node and server: while `cuts`, a connection ends once the server has answered a commit, and the answer is lost. */
async function openWire(t: TestContext, server: URL) {
  const wire = { url: '', cuts: false }
  const proxy = createServer((near) => {
    const far = connect(Number(server.port), server.hostname)
    let committing = false
    near.on('data', (bytes) => {
      committing = wire.cuts && /commit/i.test(bytes.toString('latin1'))
      far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (!committing) return near.write(bytes)
      near.destroy()
      return far.destroy()
    })
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => proxy.close())
  const url = new URL(server)
  url.port = String((proxy.address() as AddressInfo).port)
  wire.url = url.href
  return wire
}

test('a change whose commit was not answered is made once, and nobody is told that it was not made', async (t) => {
  const { url, drop } = await createTestDatabase()
  t.after(drop)
  const wire = await openWire(t, new URL(url))
  const database = openPostgres({ connectionString: wire.url })
  await migrate(database.db, database.dialect)
  const store = storeOn(database, { now: Date.now }, 'no audit')
  let runs = 0
  const add = (name: string) =>
    store.transaction(async (tx) => {
      runs += 1
      await databaseOf(tx).insertInto('meta').values({ name, value: 'here' }).execute()
    })
  wire.cuts = true
  await assert.rejects(add('one'), (error) => {
    assert.ok(error instanceof GatehouseError && error.kind === 'unavailable', String(error))
    assert.doesNotMatch(`${error.detail} ${error.hint}`, /nothing was changed/)
    assert.match(`${error.detail} ${error.hint}`, /may have been made or not/)
    return true
  })
  wire.cuts = false
  assert.equal(runs, 1)
  const rows = await databaseOf(store).selectFrom('meta').select('value').where('name', '=', 'one').execute()
  assert.deepEqual(rows, [{ value: 'here' }])
  await add('two')
  await store.close()
})
