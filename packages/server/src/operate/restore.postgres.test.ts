import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestApp } from '../../../../test/support/app.ts'
import { runCommand } from '../../../../test/support/node-process.ts'
import { databaseOf } from '../store/store.ts'

test('what pg_restore brought back is finished before a node starts: no session is alive, and not beside a node', async (t) => {
  const app = await createTestApp(t)
  const system = await app.createSystem()
  await app.createUser(system, 'op@example.com', 'three unrelated words')
  const token = await app.signIn(system, 'op@example.com', 'three unrelated words')
  const env = { DATABASE_URL: app.databaseUrl! }
  const finish = ['restore', '--finish', '--data', app.dataFolder]
  const refused = await runCommand(finish, { env })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /works on this database/)
  const info = (node: typeof app) => node.call('GET', '/api/v/1/user/info', { token })
  assert.equal((await info(app)).status, 200)
  await app.app.close()
  const { code, stdout, stderr } = await runCommand(finish, { env })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /Ended: 2 sessions/)
  const again = await createTestApp(t, { beside: app })
  assert.equal((await info(again)).status, 401)
  await again.signIn(system, 'op@example.com', 'three unrelated words')
})

test('a node whose database is put under another key finds out, and serves no more', async (t) => {
  const app = await createTestApp(t)
  await databaseOf(app.app.means.store)
    .updateTable('meta')
    .set({ value: 'another' })
    .where('name', '=', 'key_fingerprint')
    .execute()
  await app.app.outdated
  assert.equal((await app.call('GET', '/healthz')).status, 503)
})
