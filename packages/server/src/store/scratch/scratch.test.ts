/** What a copy of a system promises: the same rows, nothing of anybody else, and an end that leaves nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { everything } from '@gatehouse/contract/query.ts'
import { createTestApp, developerEmail } from '../../../../../test/support/app.ts'
import { everythingIn } from '../../deploy/import.fixture.ts'
import { createItemIndex, insertItems, selectItems } from '../rows.ts'
import type { SystemStore } from '../store.ts'
import { insertAccount } from '../tables/accounts.ts'
import { findCollection } from '../tables/collections.ts'
import { copyLimits } from './bounds.ts'
import { openScratch } from './scratch.ts'

const columns = {
  ...{ text: 'string', id: 'uuid', small: 'int', large: 'bigint', real: 'double', yes: 'bool', at: 'timestamp' },
  ...{ bytes: 'blob', json: 'jsonb', 'odd name (%)': 'string' },
}
const asked = { emails: [], ledgers: [], service: { name: 'none', version: undefined } }

async function plant(t: Parameters<typeof createTestApp>[0]) {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createCollection(system, 'Kinds', columns)
  const data = app.app.means.store.forSystem(system.key)
  const kinds = (await findCollection(data, { name: 'Kinds' }))!
  const rows = async (of: SystemStore) => (await selectItems(of, kinds, { ...everything, pageSize: 'all' })).rows
  const open = (more: Partial<Parameters<typeof openScratch>[1]> = {}) =>
    openScratch(data, { ...asked, ...more }, app.app.means.clock)
  return { app, system, data, kinds, rows, open }
}

test('a copy has every value as it was, the indexes too, and what is written to it stays in it', async (t) => {
  const { data, kinds, rows, open, app } = await plant(t)
  await data.transaction(async (tx) => {
    await insertItems(tx, kinds, [
      {
        ...{ text: 'ü \u{1F600}', id: '123e4567-e89b-12d3-a456-426614174000', small: -1, large: 2 ** 52, real: 0.1 },
        ...{
          yes: false,
          at: '2031-01-02T03:04:05.678Z',
          bytes: 'AAEC',
          json: { a: [1, null, 'x'] },
          'odd name (%)': '',
        },
      },
      { json: 'a text', yes: true },
      {},
    ])
    await createItemIndex(tx, kinds, 'small', true)
  })
  const scratch = await open()
  assert.deepEqual(await rows(scratch.system), await rows(data))
  const before = await everythingIn({ store: app.app.means.store } as never)
  await scratch.system.transaction((tx) => insertItems(tx, kinds, [{ small: 7 }]))
  assert.equal((await rows(scratch.system)).length, 4)
  await assert.rejects(
    scratch.system.transaction((tx) => insertItems(tx, kinds, [{ small: -1 }])),
    /must be unique/,
  )
  assert.deepEqual(await everythingIn({ store: app.app.means.store } as never), before)
  await scratch.close()
  await assert.rejects(rows(scratch.system))
})

test('a copy holds nothing of another system, no developer, and no session that works', async (t) => {
  const { app, system, open } = await plant(t)
  const other = await app.createSystem('another plant')
  await app.createUser(other, 'elsewhere@example.com', 'the plant is quiet')
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  await app.signIn(system, 'op@example.com', 'the plant is quiet')
  const scratch = await open({ emails: ['op@example.com'] })
  const all = await everythingIn({ store: scratch.store } as never)
  const text = JSON.stringify(all)
  assert.ok(text.includes(system.key) && text.includes('op@example.com'))
  for (const foreign of [other.key, 'elsewhere@example.com', developerEmail])
    assert.equal(text.includes(foreign), false)
  const real = await everythingIn({ store: app.app.means.store } as never)
  for (const session of JSON.parse(real.sessions!).map((row: string) => JSON.parse(row))) {
    assert.equal(text.includes(session.token_hash), false)
  }
  const [session] = JSON.parse(all.sessions!).map((row: string) => JSON.parse(row))
  assert.deepEqual([session.expires_at, session.refresh_hash], [0, null])
  await scratch.close()
})

test('a copy has the users who are named or lent to code, however many are newer', async (t) => {
  const { app, system, data, open } = await plant(t)
  const runner = await app.createUser(system, 'runner@example.com', 'power lent to code')
  await app.createUser(system, 'op@example.com', 'the plant is quiet')
  await app.createUser(system, 'old@example.com', 'the plant is quiet')
  await app.createService(system, 'lent', 'resp.success(1)', { runAs: runner })
  const users = (await findCollection(data, { kind: 'users' }))!
  await data.transaction(async (tx) => {
    for (let count = 0; count < copyLimits.users; count++) {
      const userId = `newer-${count}`
      await insertItems(tx, users, [{ user_id: userId, email: `${userId}@example.com` }])
      const createdAt = Date.now() + 10_000 + count
      await insertAccount(tx, {
        ...{ userId, emailKey: `${userId}@example.com`, passwordHash: null, passwordStamp: '', passwordWeak: false },
        ...{ disabled: false, createdAt },
      })
    }
  })
  const scratch = await open({ emails: ['OP@example.com'] })
  assert.deepEqual(scratch.cut, [{ what: 'users', copied: copyLimits.users }])
  const { rows } = await selectItems(scratch.system, users, { ...everything, pageSize: 'all' })
  const emails = new Set(rows.map((row) => row.email))
  assert.equal(rows.length, copyLimits.users + 2)
  assert.deepEqual(
    ['op@example.com', 'runner@example.com', 'old@example.com'].map((one) => emails.has(one)),
    [true, true, false],
  )
  await scratch.close()
})

test('a copy stays small: large rows are left out, and it does not grow without end', async (t) => {
  const { data, kinds, open, rows } = await plant(t)
  const large = 'x'.repeat(5 * 1024 * 1024)
  for (let count = 0; count < 5; count++) {
    await data.transaction((tx) => insertItems(tx, kinds, [{ text: large, small: count }]))
  }
  const scratch = await open()
  assert.deepEqual(scratch.cut, [{ what: 'collection Kinds', copied: 3 }])
  assert.deepEqual((await rows(scratch.system)).map((row) => row.small).sort(), [2, 3, 4], 'the newest')
  let written = 0
  await assert.rejects(
    async () => {
      for (; written < 50; written++)
        await scratch.system.transaction((tx) => insertItems(tx, kinds, [{ text: large }]))
    },
    (error) => error instanceof GatehouseError && error.kind === 'unavailable',
  )
  assert.ok(written > 0 && written < 20)
  await scratch.close()
})
