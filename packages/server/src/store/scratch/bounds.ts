/** How much of a system a copy may hold, and the shapes of what is read for one. */
import type { Row } from '@gatehouse/contract/columns.ts'
import type { Transaction } from 'kysely'
import type { Dialect } from '../dialect/database.ts'
import type { Tables } from '../schema.ts'
import type { TypedTable } from '../typed-table/table.ts'

/** Of one copy. They keep a copy in memory small, and the database free for others soon. */
export const copyLimits = {
  /** Rows of a table that is copied whole or not at all. */
  whole: 20_000,
  /** Newest users, beside those that are named. */
  users: 1_000,
  /** Newest rows of each collection. */
  rows: 1_000,
  /** Of all rows of collections and users together, as texts. */
  rowBytes: 16 * 1024 * 1024,
  /** Of all compiled code together. */
  codeBytes: 16 * 1024 * 1024,
} as const

export type CopyAsked = {
  /** Whose accounts must be in it, however many there are. */
  emails: readonly string[]
  /** Ids in the ledger of failures that belong to no account. */
  ledgers: readonly string[]
  /** The service that must be in it with this version and all that it requires; without a version the current one. */
  service: { name: string; version: number | undefined }
}

export type PlainRows = { table: keyof Tables; rows: Record<string, unknown>[] }
export type TypedRows = { table: TypedTable; indexes: { column: string; unique: boolean }[]; rows: Row[] }
/** What is not in it as a whole: `copied` newest rows of `what`, which has more. */
export type Cut = { what: string; copied: number }
export type SystemCopy = { plain: PlainRows[]; typed: TypedRows[]; cut: Cut[] }

/** One look at the database, and what was left out in it. */
export type Reading = { db: Transaction<Tables>; dialect: Dialect; key: string; cut: Cut[] }

/** A long list in parts that fit into one statement. */
export function pieces<T>(all: readonly T[], size = 500): T[][] {
  const found: T[][] = []
  for (let start = 0; start < all.length; start += size) found.push(all.slice(start, start + size))
  return found
}
