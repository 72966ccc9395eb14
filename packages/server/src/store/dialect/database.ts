/**
 * What an open database is to the rest of the store, whichever engine stands behind it. Opening one is `sqlite.ts` and
 * `postgres.ts`; what their errors mean is `failure.ts`. No table of the product is known here.
 */
import type { Kysely } from 'kysely'

/**
 * A query builder or transaction over tables whose names are known only at run time (one per collection).
 * Every `Kysely<Tables>` and `Transaction<Tables>` fits.
 */
// biome-ignore lint/suspicious/noExplicitAny: the columns of such a table are data, checked by typed-table itself
export type AnyTables = Kysely<any>

/** What differs between the two engines, as far as callers outside this folder must know it. */
export type Dialect = {
  kind: 'sqlite' | 'postgres'
  /** The most values that one statement may carry. */
  maxParameters: number
  /** A new key for a row: a lower-case UUID, greater than all that this open database gave before. */
  newKey(): string
  /**
   * Reads what is committed, at once; only outside transactions, and only what changes nothing. Absent where the database has
   * to be asked over a wire, or has one connection for all.
   */
  read?: (text: string, parameters: readonly unknown[]) => unknown[]
}

/** Another process has the database open, and what was to be done wants it for itself. */
export class DatabaseInUse extends Error {
  override readonly name = 'DatabaseInUse'
}

export type Database = {
  db: AnyTables
  dialect: Dialect
  /** Ends every connection; what runs is finished first. */
  close(): Promise<void>
}
