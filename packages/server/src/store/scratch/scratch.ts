/**
 * A scratch store: a copy of one system in a database in memory, where anything may be tried. Nothing of it reaches the
 * database it was copied from, and closing it is the end of it. What is copied, and how much, is `copy.ts`.
 */
import type { Kysely } from 'kysely'
import type { Clock } from '../../base/clock.ts'
import type { AnyTables } from '../dialect/database.ts'
import { openSqlite } from '../dialect/sqlite.ts'
import { migrate } from '../migrations.ts'
import type { Tables } from '../schema.ts'
import { createStore, databaseOf, type Store, type SystemStore } from '../store.ts'
import { createIndex, createTable } from '../typed-table/structure.ts'
import { insertRows } from '../typed-table/write.ts'
import type { CopyAsked, Cut } from './bounds.ts'
import { endedSession, readCopy } from './copy.ts'

export type Scratch = {
  store: Store
  system: SystemStore
  /** What is not in it as a whole. */
  cut: Cut[]
  close(): Promise<void>
}

/** More is refused as on a full disk: what is written to it takes the memory of the node. */
const mostBytes = 64 * 1024 * 1024

/** Throws badRequest for a system that is too large. */
export async function openScratch(from: SystemStore, asked: CopyAsked, clock: Clock): Promise<Scratch> {
  const copy = await readCopy(from, asked)
  const database = openSqlite({ file: ':memory:', maxBytes: mostBytes })
  try {
    await migrate(database.db, database.dialect)
    await database.db.transaction().execute(async (tx) => {
      for (const { table, rows } of copy.plain) await insertPlain(tx, table, rows)
      for (const { table, rows, indexes } of copy.typed) {
        await createTable(tx, database.dialect, table)
        await insertRows(tx, database.dialect, table, rows)
        for (const { column, unique } of indexes) await createIndex(tx, database.dialect, table, column, unique)
      }
    })
  } catch (error) {
    await database.close()
    throw error
  }
  const close = () => database.close()
  const store = createStore(database.db as Kysely<Tables>, database.dialect, clock, 'no audit', close)
  return { store, system: store.forSystem(from.key), cut: copy.cut, close }
}

const rowsAtOnce = 200

async function insertPlain(db: AnyTables, table: string, rows: readonly object[]): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    await db
      .insertInto(table)
      .values(rows.slice(start, start + rowsAtOnce))
      .execute()
  }
}

/** What a sign-in is to find of earlier ones, in the place of what is there. Times in milliseconds. */
export type PretendedPast = {
  /** Wrong answers in a row, by the id in the ledger, and to each second factor of the user. */
  password?: { ledger: string; count: number }
  secondFactor?: { userId: string; count: number }
  /** The newest session of the user; null for none. */
  lastSignIn?: { userId: string; last: { at: number; address: string; factors: string } | null }
}

/** For a scratch store alone: it writes past all rules. */
export async function pretendPast({ system }: Scratch, past: PretendedPast, now: number): Promise<void> {
  const db = databaseOf(system)
  const { password, secondFactor, lastSignIn } = past
  if (password !== undefined) {
    const { ledger, count } = password
    const which = db.deleteFrom('failures').where('system_key', '=', system.key).where('account_id', '=', ledger)
    await which.execute()
    const row = { system_key: system.key, account_id: ledger, place: '', count, last_at: now, blocked_until: 0 }
    if (count > 0)
      await db
        .insertInto('failures')
        .values({ ...row, known_at: null, expires_at: now + 1 })
        .execute()
  }
  if (secondFactor !== undefined) {
    const set = db.updateTable('authenticators').set({ failures: secondFactor.count })
    await set.where('system_key', '=', system.key).where('user_id', '=', secondFactor.userId).execute()
  }
  if (lastSignIn !== undefined) {
    const { userId, last } = lastSignIn
    await db.deleteFrom('sessions').where('subject_id', '=', userId).execute()
    if (last === null) return
    const { at, address, factors } = last
    await db
      .insertInto('sessions')
      .values(endedSession(system.key, userId, { created_at: at, address, factors }))
      .execute()
  }
}
