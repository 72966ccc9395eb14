/** The command line in front of a PostgreSQL that cannot be used: one sentence, exit code 1, and no secret in it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Finished, runCommand } from '../../../test/support/node-process.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts'

let folder = ''
let database: TestDatabase
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  database = await createTestDatabase()
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await database.drop()
})

const start = (url: string): Promise<Finished> =>
  runCommand(['start', '--port', '0', '--data', folder], { env: { DATABASE_URL: url } })

function demandSentence({ code, stdout, stderr }: Finished, words: RegExp): void {
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, words)
  assert.equal(stderr.trim().split('\n').length, 1, stderr)
  assert.doesNotMatch(stdout, /ready/)
}

test('a wrong password, an unknown database and a newer one are named', async () => {
  const wrong = new URL(database.url)
  wrong.password = 'not-the-password'
  const refused = await start(wrong.href)
  demandSentence(refused, /The database cannot be used: .*authentication.*Check DATABASE_URL/)
  assert.doesNotMatch(refused.stderr, /not-the-password/)
  const missing = new URL(database.url)
  missing.pathname = '/there_is_none'
  demandSentence(await start(missing.href), /"there_is_none" does not exist/)

  const invited = await runCommand(['developer', 'invite', '--data', folder, '--database-url', database.url])
  assert.equal(invited.code, 0, invited.stderr)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query("update meta set value = '999' where name = 'schema_version'")
  await client.end()
  demandSentence(await start(database.url), /version 999, made by a newer Gatehouse.*Start the newer version\./)
})
