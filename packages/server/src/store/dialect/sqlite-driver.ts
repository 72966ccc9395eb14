/**
 * How statements and transactions meet one SQLite file. SQLite lets one transaction write at a time, and an answered write
 * has to wait for the disk. So transactions that wait for each other share a commit: each runs whole, one after another, in a
 * savepoint of its own. While the disk is at work the next ones run; they are committed when it is done, and none is answered
 * before a sync that began after its commit. What is read outside transactions is read by a second connection, which sees what is
 * committed and waits for nobody.
 */
import { setTimeout } from 'node:timers/promises'
import type BetterSqlite from 'better-sqlite3'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
  type TransactionSettings,
} from 'kysely'
import { PlannedOnceCompiler } from './sqlite-compiler.ts'

/** Between two looks whether the write lock is free. */
const pauseMs = 2

/** Transactions that share a commit: the first of them waits for the last. */
const mostInOneCommit = 32

/** What SQLite refuses inside a transaction, or what would mean something else there. */
const alone = /^\s*(pragma|vacuum|attach|detach)\b/i

export type Prepare = (text: string) => BetterSqlite.Statement

/** `prepareRead` is absent where nobody else can read the database, as one in memory. */
export type SqliteConnections = {
  writer: BetterSqlite.Database
  prepare: Prepare
  prepareRead?: Prepare
  /** Brings on the disk what is committed. Absent where a commit is all there is to wait for, as in memory. */
  sync?: () => Promise<void>
  /** Milliseconds to wait for another process, or another node in this one, that is writing. */
  patienceMs: number
}

export class SharedCommitDialect extends SqliteDialect {
  readonly #connections: SqliteConnections

  constructor(connections: SqliteConnections) {
    super({ database: async () => Promise.reject(new Error('This dialect has a driver of its own.')) })
    this.#connections = connections
  }

  override createDriver(): Driver {
    return new SharedCommitDriver(this.#connections)
  }

  override createQueryCompiler(): PlannedOnceCompiler {
    return new PlannedOnceCompiler()
  }

  /** The driver itself lets only one transaction run at a time. */
  override createAdapter(): SqliteAdapter {
    return new ManyAtOnce()
  }
}

class ManyAtOnce extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class SharedCommitDriver implements Driver {
  readonly #line: Line
  readonly #connections: SqliteConnections

  constructor(connections: SqliteConnections) {
    this.#connections = connections
    this.#line = new Line(connections)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Connection> {
    return new Connection(this.#connections, this.#line)
  }

  async beginTransaction(connection: Connection, settings: TransactionSettings): Promise<void> {
    await connection.begin(settings.accessMode === 'read only')
  }

  async commitTransaction(connection: Connection): Promise<void> {
    await connection.commit()
  }

  async rollbackTransaction(connection: Connection): Promise<void> {
    connection.rollback()
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#line.finish()
    await this.#line.onDisk()
  }
}

type Place = 'outside' | 'shared' | 'read only'

/** What one transaction, or one statement outside of any, is given to run on. */
class Connection implements DatabaseConnection {
  readonly #connections: SqliteConnections
  readonly #line: Line
  #place: Place = 'outside'
  /** Why the last statement failed. */
  #failure: unknown

  constructor(connections: SqliteConnections, line: Line) {
    this.#connections = connections
    this.#line = line
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { writer, prepare, prepareRead } = this.#connections
    if (this.#place !== 'outside') {
      // What SQLite has undone by itself, on a full disk say, is over: a statement would be committed on its own.
      if (!writer.inTransaction) throw this.#failure ?? new Error('The transaction is over.')
      try {
        return run(prepare(sql), parameters)
      } catch (error) {
        this.#failure = error
        throw error
      }
    }
    if (alone.test(sql)) {
      const result = await this.#line.alone(() => run<R>(prepare(sql), parameters))
      await this.#line.onDisk()
      return result
    }
    const read = prepareRead?.(sql)
    if (read?.readonly === true) return run(read, parameters)
    if (prepareRead === undefined && prepare(sql).readonly) return this.#line.alone(() => run(prepare(sql), parameters))
    await this.#line.begin()
    let result: QueryResult<R>
    try {
      result = run(prepare(sql), parameters)
    } catch (error) {
      this.#line.rollback(error)
      throw error
    }
    await this.#line.commit()
    return result
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing here reads row by row
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Rows are not streamed from SQLite.')
  }

  async begin(readOnly: boolean): Promise<void> {
    await (readOnly ? this.#line.beginReading() : this.#line.begin())
    this.#place = readOnly ? 'read only' : 'shared'
  }

  async commit(): Promise<void> {
    const place = this.#place
    this.#place = 'outside'
    if (place === 'read only') this.#line.endReading()
    else await this.#line.commit()
  }

  /** Also called after a commit that failed, when nothing is left to undo. */
  rollback(): void {
    const place = this.#place
    this.#place = 'outside'
    if (place === 'read only') this.#line.endReading()
    else if (place === 'shared') this.#line.rollback(this.#failure ?? new Error('SQLite undid the transaction.'))
  }
}

function run<R>(statement: BetterSqlite.Statement, parameters: readonly unknown[]): QueryResult<R> {
  if (statement.reader) return { rows: statement.all(parameters) as R[] }
  const { changes, lastInsertRowid } = statement.run(parameters)
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
}

type Waiting = { resolve: () => void; reject: (error: unknown) => void }

/** Who has the writing connection, who waits for it, and who waits for the commit that is shared. */
class Line {
  readonly #begin: BetterSqlite.Statement
  readonly #commit: BetterSqlite.Statement
  readonly #rollback: BetterSqlite.Statement
  readonly #mark: BetterSqlite.Statement
  readonly #keep: BetterSqlite.Statement
  readonly #undo: BetterSqlite.Statement
  readonly #writer: BetterSqlite.Database
  readonly #patienceMs: number
  readonly #sync: (() => Promise<void>) | undefined
  /** Somebody runs on the connection right now. */
  #taken = false
  /** A transaction is open on it. */
  #open = false
  /** The commit is to come as soon as nothing else does. */
  #ending = false
  /** Transactions that are through and wait for the commit. */
  #finished: Waiting[] = []
  /** Committed, and not known to be on the disk. */
  #committed: Waiting[] = []
  #syncing = false
  /** Why a sync failed. What the disk holds since is not known, so nothing more is written. */
  #lost: { cause: unknown } | undefined
  readonly #transactions: (() => void)[] = []
  readonly #others: (() => void)[] = []

  constructor({ writer, patienceMs, sync }: SqliteConnections) {
    this.#writer = writer
    this.#patienceMs = patienceMs
    this.#sync = sync
    // With the write lock from the start: one that began by reading could not wait for another process's write later.
    this.#begin = writer.prepare('begin immediate')
    this.#commit = writer.prepare('commit')
    this.#rollback = writer.prepare('rollback')
    this.#mark = writer.prepare('savepoint one')
    this.#keep = writer.prepare('release one')
    this.#undo = writer.prepare('rollback to one')
  }

  /** A transaction of its own, seen from the caller; committed with the others that are waiting. */
  async begin(): Promise<void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#transactions.push(resolve))
    this.#taken = true
    try {
      if (this.#lost !== undefined) throw this.#lost.cause
      if (!this.#open) await this.#lock()
      this.#open = true
      this.#mark.run()
    } catch (error) {
      this.#next()
      throw error
    }
  }

  /** Takes the write lock. Whoever holds it meanwhile may be in this process, so the waiting must not hold it up. */
  async #lock(): Promise<void> {
    const until = performance.now() + this.#patienceMs
    while (true) {
      try {
        this.#begin.run()
        return
      } catch (error) {
        const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')
        if (!isBusy || performance.now() >= until) throw error
        await setTimeout(pauseMs)
      }
    }
  }

  /** Resolves once the rows are on the disk. */
  async commit(): Promise<void> {
    try {
      this.#keep.run()
    } catch (error) {
      this.rollback(error)
      throw error
    }
    const written = new Promise<void>((resolve, reject) => this.#finished.push({ resolve, reject }))
    this.#next()
    await written
  }

  /** Undoes the one transaction. SQLite may have undone all that is open, on a full disk say: then `cause` is told to all. */
  rollback(cause: unknown): void {
    if (!this.#undone()) {
      this.#open = false
      this.#tell((one) => one.reject(cause))
    }
    this.#next()
  }

  /** False where more than the one transaction was undone: by SQLite, or here, since the one alone could not be. */
  #undone(): boolean {
    if (!this.#writer.inTransaction) return false
    try {
      this.#undo.run()
      this.#keep.run()
      return true
    } catch {
      if (this.#writer.inTransaction) this.#rollback.run()
      return false
    }
  }

  async beginReading(): Promise<void> {
    await this.#wait()
    this.#writer.exec('begin')
  }

  endReading(): void {
    if (this.#writer.inTransaction) this.#writer.exec('rollback')
    this.#next()
  }

  /** Runs what must not meet an open transaction. */
  async alone<T>(work: () => T): Promise<T> {
    await this.#wait()
    try {
      return work()
    } finally {
      this.#next()
    }
  }

  async #wait(): Promise<void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#others.push(resolve))
    else this.finish()
    this.#taken = true
  }

  /** Hands the connection on; `#taken` stays with whoever gets it. */
  #next(): void {
    if (this.#open) {
      const following = this.#finished.length < mostInOneCommit ? this.#transactions.shift() : undefined
      if (following !== undefined) {
        following()
        return
      }
      if (this.#finished.length > 0 && this.#finished.length < mostInOneCommit && this.#others.length === 0) {
        this.#taken = false
        this.#endSoon()
        return
      }
      this.#end()
    }
    const next = this.#others.shift() ?? this.#transactions.shift()
    if (next === undefined) this.#taken = false
    else next()
  }

  /**
   * Requests that came in together begin one after another, each when the one before has nothing left to do at once. So the
   * commit waits until all that has come in was looked at; nobody waits for what comes later.
   */
  #endSoon(): void {
    // Whoever is committed while the disk is at work waits for the next sync all the same, and till then others can join.
    if (this.#ending || this.#syncing) return
    this.#ending = true
    setImmediate(() => {
      this.#ending = false
      if (this.#taken || !this.#open) return
      this.#taken = true
      this.#end()
      this.#next()
    })
  }

  /** Commits what waits for a commit, where nobody runs. */
  finish(): void {
    if (this.#open && !this.#taken) this.#end()
  }

  #end(): void {
    this.#open = false
    try {
      if (this.#finished.length > 0) this.#commit.run()
      else this.#rollback.run()
    } catch (error) {
      if (this.#writer.inTransaction) this.#rollback.run()
      this.#tell((one) => one.reject(error))
      return
    }
    if (this.#sync === undefined) {
      this.#tell((one) => one.resolve())
      return
    }
    this.#committed.push(...this.#finished)
    this.#finished = []
    void this.#syncAll()
  }

  /** One sync after another, as long as somebody waits for one. Never rejects: who waits is told. */
  async #syncAll(): Promise<void> {
    if (this.#syncing) return
    this.#syncing = true
    while (this.#committed.length > 0) {
      const waiting = this.#committed
      this.#committed = []
      try {
        if (this.#lost !== undefined) throw this.#lost.cause
        await this.#sync?.()
        for (const one of waiting) one.resolve()
      } catch (cause) {
        this.#lost ??= { cause }
        for (const one of waiting) one.reject(cause)
      }
    }
    this.#syncing = false
    if (this.#open && !this.#taken) this.#endSoon()
  }

  /** Resolves when everything that is committed by now is on the disk. */
  async onDisk(): Promise<void> {
    if (this.#sync === undefined) return
    const written = new Promise<void>((resolve, reject) => this.#committed.push({ resolve, reject }))
    void this.#syncAll()
    await written
  }

  #tell(how: (one: Waiting) => void): void {
    const finished = this.#finished
    this.#finished = []
    for (const one of finished) how(one)
  }
}
