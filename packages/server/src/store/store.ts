/**
 * The one way to the database. A `Store` sees the whole node, a `SystemStore` one system; both have the same transactions.
 * Only files of this folder can get at the query builder behind them (`databaseOf`), so SQL stays here.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Kysely, Transaction } from 'kysely'
import type { Clock } from '../base/clock.ts'
import { type AuditChain, type AuditEntry, appendAudit } from './audit.ts'
import { appendChanges, type Change, makesRevision } from './changes.ts'
import type { Database, Dialect } from './dialect/database.ts'
import { type DatabaseFailure, mapDatabaseError } from './dialect/failure.ts'
import type { KeptQueries } from './kept-queries.ts'
import type { Tables } from './schema.ts'
import { appendFacts, type Fact } from './up/facts.ts'

const handle = Symbol('database')

type Handle = { db: Kysely<Tables>; dialect: Dialect; inTransaction: boolean; keptQueries: KeptQueries }

export type Store = {
  readonly [handle]: Handle
  /** Runs `work` in one transaction; inside one, joins it. Await nothing but the store in there. */
  transaction<T>(work: (tx: Store) => Promise<T>): Promise<T>
  forSystem(key: string): SystemStore
  /** Appends to the audit, with what the transaction changes; only inside one. */
  audit(entry: Omit<AuditEntry, 'system'>): void
  /**
   * Told, after commit, which systems have new changes, whether one of them made the revision grow, and what they are. The
   * bell may be lost; the rows may not.
   */
  onChange(listener: ChangeListener): () => void
  /** Told, after commit, which systems have notices to send. The bell may be lost; the rows may not. */
  onNotice(listener: (systemKey: string) => void): () => void
  close(): Promise<void>
}

export type ChangeListener = (systemKey: string, revised: boolean, changes: readonly Change[]) => void

export type SystemStore = {
  readonly [handle]: Handle
  readonly key: string
  transaction<T>(work: (tx: SystemStore) => Promise<T>): Promise<T>
  /** Appends to the change log of this system; only inside a transaction. */
  record(change: Change): void
  /** Appends to the audit as of this system; only inside a transaction. */
  audit(entry: Omit<AuditEntry, 'system'>): void
  /** On an edge, what the platform is to know of what this transaction does; elsewhere nothing. Only inside one. */
  tell(fact: Fact): void
  /** Whether this is an edge, which tells its platform. */
  readonly tells: boolean
  /** Rings for the notices of this system, after commit; only inside a transaction. */
  ringForNotices(): void
  /** The whole node in the same transaction, for tables that are not of one system. */
  readonly node: Store
}

/** For files of `store/` only: the query builder behind a store. */
export const databaseOf = (store: Store | SystemStore): Kysely<Tables> => store[handle].db
/** Whether what is read here may be the caller's own, not yet committed. */
export const inTransaction = (store: Store | SystemStore): boolean => store[handle].inTransaction
/** For `prepared.ts`: texts of queries, by what builds them. */
export const keptQueriesOf = (store: Store | SystemStore): KeptQueries => store[handle].keptQueries
export const dialectOf = (store: Store | SystemStore): Dialect => store[handle].dialect
/** The same for writes that go into the change log: outside a transaction they are refused before anything is written. */
export function writerOf(store: Store | SystemStore): Kysely<Tables> {
  if (!store[handle].inTransaction) throw new Error('What goes into the change log is written in a transaction.')
  return store[handle].db
}

/** What a transaction has to say once it is committed. */
type Pending = {
  changes: Map<string, Change[]>
  facts: Map<string, Fact[]>
  notices: Set<string>
  audit: AuditEntry[]
}

const addTo = <T>(lists: Map<string, T[]>, key: string, one: T): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [one])
  else list.push(one)
}

function safely(tell: () => void): void {
  try {
    tell()
  } catch {
    // The next bell brings it what it missed: it reads on from where it was.
  }
}

/** Throws for what may not be changed on this node: the transaction is then undone. */
export type MayChange = (change: Change) => void

/** A transaction that lost a race with another (a deadlock, a lock held too long) is run again this often. */
const attempts = 4

/**
 * `chain` is whose audit this is; a copy in memory has none, and what is noted there goes with it. `mayChange` is given on an
 * edge alone.
 */
export function createStore(
  db: Kysely<Tables>,
  dialect: Dialect,
  clock: Clock,
  chain: AuditChain | 'no audit',
  close: () => Promise<void>,
  mayChange?: MayChange,
): Store {
  const listeners = new Set<ChangeListener>()
  const noticeListeners = new Set<(systemKey: string) => void>()
  const keptQueries: KeptQueries = new Map()

  const open = (database: Kysely<Tables>, pending: Pending | undefined): Store => {
    const store: Store = {
      [handle]: { db: database, dialect, inTransaction: pending !== undefined, keptQueries },
      transaction: (work) => (pending === undefined ? begin(work) : work(store)),
      forSystem: (key) => openSystem(store, key, pending),
      audit: (entry) => noteAudit(pending, { ...entry, system: '' }),
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      onNotice(listener) {
        noticeListeners.add(listener)
        return () => noticeListeners.delete(listener)
      },
      close,
    }
    return store
  }

  const openSystem = (node: Store, key: string, pending: Pending | undefined): SystemStore => {
    const system: SystemStore = {
      [handle]: node[handle],
      key,
      node,
      transaction: (work) => (pending === undefined ? begin((tx) => work(tx.forSystem(key))) : work(system)),
      record(change) {
        if (pending === undefined) throw new Error('A change is recorded in the transaction that makes it.')
        mayChange?.(change)
        addTo(pending.changes, key, change)
      },
      audit: (entry) => noteAudit(pending, { ...entry, system: key }),
      tells: mayChange !== undefined,
      tell(fact) {
        if (mayChange === undefined) return
        if (pending === undefined) throw new Error('A fact is told in the transaction that makes it one.')
        addTo(pending.facts, key, fact)
      },
      ringForNotices() {
        if (pending === undefined) throw new Error('A notice is noted in the transaction that it tells of.')
        pending.notices.add(key)
      },
    }
    return system
  }

  const noteAudit = (pending: Pending | undefined, entry: AuditEntry): void => {
    if (pending === undefined) throw new Error('The audit is written in the transaction that it tells of.')
    pending.audit.push(entry)
  }

  const begin = async <T>(work: (tx: Store) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const pending: Pending = { changes: new Map(), facts: new Map(), notices: new Set(), audit: [] }
      let committing = false
      try {
        const result = await db.transaction().execute(async (trx: Transaction<Tables>) => {
          const value = await work(open(trx, pending))
          // In order of key, so that two transactions over several systems cannot wait for each other.
          for (const [systemKey, changes] of [...pending.changes].sort(([a], [b]) => (a < b ? -1 : 1))) {
            await appendChanges({ db: trx, keptQueries }, dialect, clock, systemKey, changes)
          }
          for (const [systemKey, facts] of pending.facts) await appendFacts(trx, systemKey, facts, clock.now())
          if (pending.audit.length > 0 && chain !== 'no audit') await appendAudit(trx, dialect, chain, pending.audit)
          committing = true
          return value
        })
        ring(pending)
        return result
      } catch (error) {
        const failure = mapDatabaseError(error)
        if (failure?.kind === 'busy' && !failure.timedOut && attempt < attempts) continue
        throw failure === undefined ? error : storeError(failure, error, committing)
      }
    }
  }

  /** What is committed stays so whatever a listener does: one that throws has missed a bell, the write has not failed. */
  const ring = ({ changes, facts, notices }: Pending): void => {
    for (const [systemKey, made] of changes) {
      const revised = makesRevision(made)
      for (const listener of listeners) safely(() => listener(systemKey, revised, made))
    }
    for (const systemKey of facts.keys()) {
      if (!changes.has(systemKey)) for (const listener of listeners) safely(() => listener(systemKey, false, []))
    }
    for (const systemKey of notices) for (const listener of noticeListeners) safely(() => listener(systemKey))
  }

  return open(db, undefined)
}

/** The store on an open database, with which it is closed. */
export const storeOn = (
  database: Database,
  clock: Clock,
  chain: AuditChain | 'no audit',
  mayChange?: MayChange,
): Store =>
  createStore(database.db as Kysely<Tables>, database.dialect, clock, chain, () => database.close(), mayChange)

/** Both databases' failures as the same few errors; `committing` where the answer to a commit is what did not come. */
function storeError(failure: DatabaseFailure, cause: unknown, committing: boolean): GatehouseError {
  switch (failure.kind) {
    case 'conflict': {
      const where = failure.column === undefined ? 'A column' : `The column "${failure.column}"`
      return new GatehouseError('conflict', `${where} must be unique, and another row holds this value.`, { cause })
    }
    case 'busy':
      return new GatehouseError('unavailable', 'The database is busy.', {
        hint: 'Try again in a moment.',
        cause,
        retryAfter: 1,
      })
    case 'full':
      return new GatehouseError('unavailable', 'The disk of the database is full; nothing was changed.', { cause })
    case 'tooLong':
      return new GatehouseError(
        'badValue',
        'A value is longer than the database, or the index on its column, can hold.',
        { cause },
      )
    case 'unfit':
      return new GatehouseError('badValue', 'A text holds a character that no text can hold, such as NUL.', { cause })
    case 'unavailable':
      if (committing) {
        return new GatehouseError('unavailable', 'The database was lost while it kept the change.', {
          hint: 'It may have been made or not: look before you ask again.',
          cause,
          retryAfter: 5,
        })
      }
      return new GatehouseError('unavailable', 'The database cannot be reached; nothing was changed.', {
        cause,
        retryAfter: 5,
      })
  }
}
