import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import BetterSqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { mapDatabaseError } from './failure.ts'
import { openSqlite } from './sqlite.ts'

describe('an SQLite database', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-sqlite-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('keeps a write-ahead log and checks foreign keys', async () => {
    const { db, close } = openSqlite({ file: join(folder, 'settings.db') })
    const setting = async (name: string): Promise<unknown> => {
      const pragma = sql<Record<string, unknown>>`select * from ${sql.id(`pragma_${name}`)}`
      const { rows } = await db.transaction().execute((trx) => pragma.execute(trx))
      return Object.values(rows[0] ?? {})[0]
    }
    assert.equal(await setting('journal_mode'), 'wal')
    assert.equal(await setting('foreign_keys'), 1)
    await close()
  })

  test('SQLite syncs at each commit itself where the database is held alone', async () => {
    const { db, close } = openSqlite({ file: join(folder, 'held.db'), alone: true })
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db)
    assert.deepEqual(rows, [{ synchronous: 2 }])
    await close()
  })

  test('a committed row is there for another process before the database is closed', async () => {
    const file = join(folder, 'shared.db')
    const { db, close } = openSqlite({ file })
    await sql`create table t (a integer)`.execute(db)
    await db.transaction().execute((trx) => sql`insert into t values (1)`.execute(trx))
    const other = new BetterSqlite(file, { readonly: true })
    assert.deepEqual(other.prepare('select a from t').all(), [{ a: 1 }])
    other.close()
    await close()
  })

  test('is busy, not broken, while another process writes', async () => {
    const file = join(folder, 'busy.db')
    const { db, close } = openSqlite({ file, busyTimeoutMs: 20 })
    await sql`create table t (a integer)`.execute(db)
    const other = new BetterSqlite(file)
    other.exec('begin immediate; insert into t values (1)')
    const transaction = db.transaction().execute((trx) => sql`select * from t`.execute(trx))
    assert.deepEqual(mapDatabaseError(await transaction.catch((error) => error)), { kind: 'busy', timedOut: false })
    assert.deepEqual((await sql`select * from t`.execute(db)).rows, [])
    other.exec('commit')
    await db.transaction().execute((trx) => sql`insert into t values (2)`.execute(trx))
    assert.equal((await sql`select * from t`.execute(db)).rows.length, 2)
    other.close()
    await close()
  })

  test('two that are open in one process write in turns, and neither holds the other up', async () => {
    const file = join(folder, 'beside.db')
    const [one, other] = [openSqlite({ file }), openSqlite({ file })]
    await sql`create table t (a integer)`.execute(one.db)
    const write = (db: typeof one.db, value: number) =>
      db.transaction().execute((trx) => sql`insert into t values (${value})`.execute(trx))
    await Promise.all(Array.from({ length: 40 }, (_, n) => write(n % 2 === 0 ? one.db : other.db, n)))
    assert.equal((await sql`select * from t`.execute(other.db)).rows.length, 40)
    await one.close()
    await other.close()
  })

  test('a kept statement sees the columns that another process added', async () => {
    const file = join(folder, 'columns.db')
    const { db, close } = openSqlite({ file })
    await sql`create table t (a integer)`.execute(db)
    await sql`insert into t values (1)`.execute(db)
    const read = async () => (await sql`select * from t`.execute(db)).rows
    assert.deepEqual(await read(), [{ a: 1 }])
    const other = new BetterSqlite(file)
    other.exec('alter table t add column b text')
    other.close()
    assert.deepEqual(await read(), [{ a: 1, b: null }])
    await close()
  })

  test('transactions that run at once do not see into each other', async () => {
    const { db, close } = openSqlite({ file: ':memory:' })
    await sql`create table t (a integer)`.execute(db)
    const work = (value: number, fails: boolean) =>
      db.transaction().execute(async (trx) => {
        await sql`insert into t values (${value})`.execute(trx)
        await sql`select * from t`.execute(trx)
        if (fails) throw new Error('undone')
      })
    await Promise.allSettled([work(1, false), work(2, true), work(3, false)])
    assert.deepEqual((await sql`select a from t order by a`.execute(db)).rows, [{ a: 1 }, { a: 3 }])
    await close()
  })

  test('of many transactions at once each is kept or undone by itself, and none is seen before it is committed', async () => {
    const file = join(folder, 'many.db')
    const { db, close } = openSqlite({ file })
    const other = new BetterSqlite(file, { readonly: true })
    await sql`create table t (a integer primary key)`.execute(db)
    const count = async () => Number((await sql<{ n: number }>`select count(*) as n from t`.execute(db)).rows[0]?.n)
    const elsewhere = other.prepare('select count(*) as n from t where a = ?')
    const isThere = (value: number) => (elsewhere.get(value) as { n: number }).n === 1
    const seenEarly: number[] = []
    const work = async (value: number): Promise<boolean> => {
      await db.transaction().execute(async (trx) => {
        await sql`insert into t values (${value % 40})`.execute(trx)
        if (value === 7) throw new Error('undone')
        if (value < 40 && isThere(value)) seenEarly.push(value)
      })
      // Whoever is told that a row is kept finds it, and so does every other process.
      return isThere(value % 40)
    }
    const single = Array.from({ length: 5 }, (_, n) => sql`insert into t values (${100 + n})`.execute(db))
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, value) => work(value)))
    await Promise.all(single)
    const refused = results.flatMap((result, value) => (result.status === 'rejected' ? [value] : []))
    // 47 comes after 7, which was undone; the other nine find their number taken.
    assert.deepEqual(refused, [7, 40, 41, 42, 43, 44, 45, 46, 48, 49])
    assert.ok(results.every((result) => result.status === 'rejected' || result.value))
    assert.deepEqual(seenEarly, [])
    assert.equal(await count(), 45)
    other.close()
    await close()
  })

  test('transactions of requests that came in together share a commit, though each begins when the last has run', async () => {
    const { db, close } = openSqlite({ file: join(folder, 'together.db') })
    await sql`create table t (a integer)`.execute(db)
    const events: string[] = []
    const work = async (value: number): Promise<void> => {
      await db.transaction().execute(async (trx) => {
        await sql`insert into t values (${value})`.execute(trx)
        events.push(`ran ${value}`)
      })
      events.push(`answered ${value}`)
    }
    // What is awaited is done between two callbacks of one turn.
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    setImmediate(() => work(1).then(first.resolve, first.reject))
    setImmediate(() => work(2).then(second.resolve, second.reject))
    await Promise.all([first.promise, second.promise])
    assert.deepEqual(events, ['ran 1', 'ran 2', 'answered 1', 'answered 2'])
    await close()
  })

  test('a transaction that fills the disk takes none with it that was answered', async () => {
    const { db, close } = openSqlite({ file: join(folder, 'full.db'), maxBytes: 64 * 1024 })
    await sql`create table t (a text)`.execute(db)
    const insert = (bytes: number) =>
      db.transaction().execute((trx) => sql`insert into t values (${'x'.repeat(bytes)})`.execute(trx))
    const results = await Promise.allSettled([insert(10), insert(1_000_000), insert(20), insert(30)])
    const kept = results.filter(({ status }) => status === 'fulfilled').length
    assert.deepEqual(mapDatabaseError((results[1] as PromiseRejectedResult).reason), { kind: 'full' })
    const { rows } = await sql<{ n: number }>`select count(*) as n from t`.execute(db)
    assert.equal(rows[0]?.n, kept)
    await insert(40)
    await close()
  })

  test('ends a statement whose patterns take too long, and serves the next', async () => {
    const { db, close } = openSqlite({ file: ':memory:', patternTimeMs: 20 })
    await sql`create table t (a text)`.execute(db)
    const long = 'ab'.repeat(100_000)
    for (let row = 0; row < 40; row++) await sql`insert into t values (${long})`.execute(db)
    const slow = sql`select count(*) from t where regexp('(a?b?){60}[ab]{60}c|(x+x+)+y|b$|d', a || a)`.execute(db)
    await assert.rejects(slow, (error) => error instanceof GatehouseError && error.kind === 'badQuery')
    const { rows } = await sql<{ n: number }>`select count(*) as n from t where regexp('^ab', a)`.execute(db)
    assert.equal(rows[0]?.n, 40)
    await close()
  })
})
