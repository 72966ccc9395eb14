/**
 * Opens an SQLite database: a connection that writes and one that reads, settings that make an answered write last, and the
 * `regexp` function behind the RE operator. Nothing of the product's tables is known here.
 */
import { statSync } from 'node:fs'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import BetterSqlite from 'better-sqlite3'
import { Kysely } from 'kysely'
import { type Database, DatabaseInUse } from './database.ts'
import { keySequence } from './keys.ts'
import { comparePattern, type Pattern } from './pattern.ts'
import { type Prepare, SharedCommitDialect } from './sqlite-driver.ts'
import { WriteAheadSync } from './write-ahead-sync.ts'

export type SqliteOptions = {
  /** A path, or `:memory:` for a database that lives as long as it is open. */
  file: string
  /** Milliseconds to wait for another process that is writing. */
  busyTimeoutMs?: number
  /** Milliseconds that the RE conditions of one statement may take together before it is refused. */
  patternTimeMs?: number
  /** The most that the database may grow to. */
  maxBytes?: number
  /** For this process alone, as long as it is open. Throws DatabaseInUse where another one has it open. */
  alone?: true
}

/** Statements prepared and kept, by their text. Preparing costs more than a simple statement's run. */
const keptStatements = 400
const longestKeptStatement = 4_000
const keptPatterns = 100

export function openSqlite(options: SqliteOptions): Database {
  const busyTimeoutMs = options.busyTimeoutMs ?? 5_000
  const place = placeOf(options.file)
  const connection = new BetterSqlite(options.file, { timeout: busyTimeoutMs })
  if (options.alone === true) lockOut(connection)
  useWriteAheadLog(connection, busyTimeoutMs)
  if (place !== undefined && placeOf(options.file) !== place) {
    connection.close()
    throw new Error('it was replaced while it was being opened')
  }
  // SQLite syncs its log before it copies it into the database, and the start of a log that begins anew. What each commit
  // needs besides, the driver does before it answers: then a write survives kill -9 and, as far as the disk keeps its word,
  // a power cut. Where there is no log beside the file, or nobody to do it, SQLite syncs at each commit.
  const log = options.file === ':memory:' || options.alone === true ? undefined : new WriteAheadSync(options.file)
  connection.pragma(`synchronous = ${log === undefined ? 'FULL' : 'NORMAL'}`)
  // On macOS an ordinary sync leaves data in the drive's cache. Elsewhere these two do nothing.
  connection.pragma('fullfsync = ON')
  connection.pragma('checkpoint_fullfsync = ON')
  connection.pragma('foreign_keys = ON')
  connection.pragma('trusted_schema = OFF')
  if (options.maxBytes !== undefined) {
    const pageSize = Number(connection.pragma('page_size', { simple: true }))
    connection.pragma(`max_page_count = ${Math.floor(options.maxBytes / pageSize)}`)
  }
  // From here on the driver waits for the write lock itself, without holding the node up.
  connection.pragma('busy_timeout = 0')
  const patternTimeMs = options.patternTimeMs ?? 1_000
  const prepare = prepareFor(connection, patternTimeMs)
  // A database in memory is its connection's alone, and so is one that others are kept out of.
  const reader =
    options.file === ':memory:' || options.alone === true
      ? undefined
      : new BetterSqlite(options.file, { readonly: true, timeout: busyTimeoutMs })
  reader?.pragma('trusted_schema = OFF')
  const prepareRead = reader && prepareFor(reader, patternTimeMs)
  const db = new Kysely<unknown>({
    dialect: new SharedCommitDialect({
      ...{ writer: connection, prepare, patienceMs: busyTimeoutMs },
      ...(prepareRead && { prepareRead }),
      ...(log && { sync: () => log.sync() }),
    }),
  })
  return {
    db,
    dialect: {
      kind: 'sqlite',
      maxParameters: 30_000,
      newKey: keySequence(),
      ...(prepareRead && { read: (text, parameters) => prepareRead(text).all(parameters) }),
    },
    async close() {
      try {
        await db.destroy()
      } finally {
        await log?.close()
        reader?.close()
        connection.close()
      }
    },
  }
}

function prepareFor(connection: BetterSqlite.Database, patternTimeMs: number): Prepare {
  const clock = { spent: 0 }
  registerPatterns(connection, clock, patternTimeMs)
  return keepStatements(connection, clock)
}

/** Which file the name stands for: one that is replaced in this moment must not be worked on any more. */
const placeOf = (file: string): bigint | undefined =>
  file === ':memory:' ? undefined : statSync(file, { bigint: true, throwIfNoEntry: false })?.ino

/**
 * Keeps others out as long as the connection is open. Whoever has a database open in write-ahead mode holds a shared lock on
 * it, also where he does nothing: then this throws DatabaseInUse.
 */
export function lockOut(connection: BetterSqlite.Database): void {
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.exec('begin exclusive; commit')
  } catch (error) {
    connection.close()
    throw String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY') ? new DatabaseInUse() : error
  }
}

/**
 * SQLite does not wait for another process when it changes the journal's mode, which is what nodes that start at once on a
 * new file do; so it is tried again here.
 */
function useWriteAheadLog(connection: BetterSqlite.Database, patienceMs: number): void {
  const until = performance.now() + patienceMs
  const bell = new Int32Array(new SharedArrayBuffer(4))
  while (true) {
    try {
      connection.pragma('journal_mode = WAL')
      return
    } catch (error) {
      const busy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')
      if (!busy || performance.now() > until) throw error
      Atomics.wait(bell, 0, 0, 10)
    }
  }
}

/** Prepares a statement or takes the kept one. A change of the schema forgets them all. */
function keepStatements(connection: BetterSqlite.Database, clock: { spent: number }): Prepare {
  const kept = new Map<string, BetterSqlite.Statement>()
  return (text) => {
    clock.spent = 0
    const known = kept.get(text)
    if (known !== undefined) return known
    const statement = connection.prepare(text)
    if (/^\s*(create|alter|drop|pragma|vacuum|reindex|analyze|attach|detach)\b/i.test(text)) {
      kept.clear()
      return statement
    }
    if (text.length > longestKeptStatement) return statement
    if (kept.size >= keptStatements) kept.delete(kept.keys().next().value ?? '')
    kept.set(text, statement)
    return statement
  }
}

/**
 * `value REGEXP pattern`, in time linear in the value. The node is busy while it runs, so one statement gets a budget:
 * it prevents a filter over many long rows from holding up everybody's sign-in.
 */
function registerPatterns(connection: BetterSqlite.Database, clock: { spent: number }, budgetMs: number): void {
  const kept = new Map<string, Pattern>()
  connection.function('regexp', { deterministic: true, directOnly: true }, (text: unknown, value: unknown) => {
    if (typeof text !== 'string' || typeof value !== 'string') return null
    let pattern = kept.get(text)
    if (pattern === undefined) {
      pattern = comparePattern(text)
      if (kept.size >= keptPatterns) kept.delete(kept.keys().next().value ?? '')
      kept.set(text, pattern)
    }
    const start = performance.now()
    const found = pattern.test(value)
    clock.spent += performance.now() - start
    if (clock.spent > budgetMs) {
      throw new GatehouseError(
        'badQuery',
        `The RE conditions of this query took more than ${budgetMs} ms and were ended.`,
        {
          hint: 'Narrow the query with another condition, or match fewer or shorter values.',
        },
      )
    }
    return found ? 1 : 0
  })
}
