import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openSqlite } from './sqlite.ts'

test('the number of a LIMIT stands in the text, and values stay parameters', async (t) => {
  const { db, close } = openSqlite({ file: ':memory:' })
  t.after(close)
  await sql`create table plants (name text)`.execute(db)
  await sql`insert into plants values ('oak'), ('elm'), ('ash')`.execute(db)
  const plants = db.withTables<{ plants: { name: string } }>().selectFrom('plants').select('name').orderBy('name')
  const two = plants.where('name', '!=', 'oak').limit(1).offset(1)
  assert.deepEqual(two.compile().parameters, ['oak', 1])
  assert.match(two.compile().sql, /limit 1 offset \?$/)
  assert.deepEqual(await two.execute(), [{ name: 'elm' }])
  // What is no whole number was never a limit, and is not written into a text.
  const odd = plants.limit(sql.val('1; drop table plants') as never)
  assert.deepEqual(odd.compile().parameters, ['1; drop table plants'])
  await assert.rejects(odd.execute(), /mismatch/)
})
