import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { databaseOf } from '@gatehouse/server/store/store.ts'
import { signedIn } from './command.fixture.ts'

const { app, person } = await signedIn({ after })

test('audit prints who changed what, of one system or of all, as a table or as JSON', async () => {
  const system = await app.createSystem('plant')
  await app.createUser(system, 'op@example.com', 'three unrelated words')
  await app.createSystem('other')
  const rows = await person.json(['audit', '--system', 'plant'])
  assert.deepEqual(
    rows.map(({ kind, subject, who }: Record<string, string>) => [kind, subject, who]),
    [
      ['user', 'op@example.com', 'developer dev@example.com'],
      ['system', 'plant', 'developer dev@example.com'],
    ],
  )
  const { stdout } = await person.run(['audit', '--kind', 'system', '--limit', '1'])
  assert.match(stdout, /^AT +WHO +FROM +WHAT +SUBJECT +SYSTEM\n\S+ +developer dev@example.com +127.0.0.1 .*other/)
  const none = await person.run(['audit', '--kind', 'unlock'])
  assert.deepEqual([none.code, none.stdout], [0, ''])
  assert.equal((await person.run(['audit', '--kind', 'weather'])).code, 1)
})

test('audit verify ends with 0 where every row fits, and with 1 and its number where one does not', async () => {
  const given = ['--data', app.dataFolder]
  const env: Record<string, string> = 'databaseUrl' in app ? { DATABASE_URL: String(app.databaseUrl) } : {}
  const good = await person.run(['audit', 'verify', ...given], { env })
  assert.deepEqual([good.code, good.stderr], [0, ''])
  assert.match(good.stdout, /^ok {4}node [0-9a-f]{12}: \d+ rows, up to row \d+, \S{43}\n$/)
  const db = databaseOf(app.app.means.store)
  await db.updateTable('audit_rows').set({ who: 'developer else@example.com' }).where('position', '=', 2).execute()
  const bad = await person.run(['audit', 'verify', ...given, '--json'], { env })
  assert.equal(bad.code, 1)
  assert.match(JSON.parse(bad.stdout)[0].problem, /Row 2 was changed/)
})
