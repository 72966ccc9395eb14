/**
 * Writes into the SQLite file that it is given until it is killed, in transactions that overlap, and says of each at once what
 * became of it: `kept N`, `undone N`, and `seen N` for what a read outside any transaction found. Run by the test beside it.
 */
import { writeSync } from 'node:fs'
import { sql } from 'kysely'
import { openSqlite } from '../../packages/server/src/store/dialect/sqlite.ts'

const { db } = openSqlite({ file: process.argv[2]! })
await sql`create table if not exists parts (whole integer, part integer, primary key (whole, part))`.execute(db)
await sql`insert or ignore into parts values (0, 0)`.execute(db)
const newest = await sql<{ whole: number }>`select max(whole) as whole from parts`.execute(db)
let last = newest.rows[0]!.whole

// Not by a stream: what is said must be out before anything else happens.
const say = (what: 'kept' | 'undone' | 'seen', whole: number): void => {
  writeSync(1, `${what} ${whole}\n`)
}

class Undo extends Error {}

async function write(): Promise<void> {
  const whole = ++last
  const kind = whole % 7
  const work = db.transaction().execute(async (tx) => {
    for (let part = 0; part < 3; part++) await sql`insert into parts values (${whole}, ${part})`.execute(tx)
    if (kind === 0) throw new Undo()
    // A key that is taken.
    if (kind === 1) await sql`insert into parts values (0, 0)`.execute(tx)
  })
  try {
    await work
    say('kept', whole)
  } catch (error) {
    if (!(error instanceof Undo) && !String(error).includes('UNIQUE')) throw error
    say('undone', whole)
  }
}

async function writeAlone(): Promise<void> {
  const whole = ++last
  await sql`insert into parts values (${whole}, 0), (${whole}, 1), (${whole}, 2)`.execute(db)
  say('kept', whole)
}

async function read(): Promise<void> {
  const { rows } = await sql<{ whole: number }>`select max(whole) as whole from parts`.execute(db)
  say('seen', rows[0]!.whole)
}

// All of a volley begin at once, so that they stand in line and share a commit.
for (let volley = 0; volley < 1_000_000; volley++) {
  await Promise.all([...Array.from({ length: 12 }, write), writeAlone(), read()])
}
