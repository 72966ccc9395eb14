/**
 * The change log of a system: every write of a thing that may one day travel to an edge appends here, in the transaction
 * that writes it. One row of `change_heads` per system hands out positions; it stays locked until commit, so positions
 * become visible in commit order on both databases (a PostgreSQL sequence would not promise that).
 *
 * A position is (incarnation, number): a restored or copied database gets a new incarnation. Stamps are hybrid logical
 * clocks (48-bit milliseconds, 16-bit counter, then the incarnation as tie-break); the head row is their persisted ceiling,
 * so a restart or a clock set back never goes below what was given. Each row's chain hash covers the one before it.
 */
import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Clock } from '../base/clock.ts'
import type { Dialect } from './dialect/database.ts'
import { type Asked, keptInsert, keptQuery } from './kept-queries.ts'
import type { Tables } from './schema.ts'

export const changeKinds = [
  'settings',
  'user',
  'credential',
  'membership',
  'role',
  'grant',
  'collection',
  'item',
  'service',
  'library',
  'session',
  'authenticator',
  'edge',
  'deployment',
  'portal',
] as const

export type ChangeKind = (typeof changeKinds)[number]

export type Change = {
  kind: ChangeKind
  id: string
  operation: 'put' | 'delete'
  /** What was written: single columns, or a group that only makes sense together (`password` is hash, stamp and strength). */
  columns: string[]
}

export type ChangeRow = Change & { position: number; incarnation: string; stamp: string; chain: string }

/** Kinds that caches of rights, code and schema hang on; a change of one makes the system's revision grow. */
const revisionKinds: ReadonlySet<ChangeKind> = new Set([
  'settings',
  'membership',
  'role',
  'grant',
  'collection',
  'service',
  'library',
  'deployment',
  'portal',
])

/** Nothing hangs on an edge that comes or is described, so that many of them can come; on one that goes sessions do. */
export const makesRevision = (changes: readonly Change[]): boolean =>
  changes.some(({ kind, operation }) => revisionKinds.has(kind) || (kind === 'edge' && operation === 'delete'))

const counterLimit = 0xffff

export async function appendChanges(
  at: Asked,
  dialect: Dialect,
  clock: Clock,
  systemKey: string,
  changes: readonly Change[],
): Promise<void> {
  const { db } = at
  if (makesRevision(changes)) {
    await db
      .updateTable('systems')
      .set((eb) => ({ revision: eb('revision', '+', 1) }))
      .where('key', '=', systemKey)
      .execute()
  }
  const holdHead = dialect.kind === 'postgres' ? headForUpdate : headOf
  const [head] = (await db.executeQuery(keptQuery(at, holdHead, { systemKey }))).rows
  if (head === undefined) throw new Error('This system has no change log.')
  let { position, chain, stamp_ms: ms, stamp_count: count } = head
  const rowOf = (change: Change) => {
    position += 1
    const now = clock.now()
    if (now > ms) [ms, count] = [now, 0]
    else if (count < counterLimit) count += 1
    else [ms, count] = [ms + 1, 0]
    const stamp = formatStamp(ms, count, head.incarnation)
    const columns = JSON.stringify(change.columns)
    chain = createHash('sha256')
      .update(JSON.stringify([chain, position, change.kind, change.id, change.operation, columns, stamp]))
      .digest('base64url')
    const { kind, id, operation } = change
    return {
      system_key: systemKey,
      position,
      incarnation: head.incarnation,
      kind,
      id,
      operation,
      columns,
      stamp,
      chain,
    }
  }
  // 9 parameters a row; PostgreSQL takes 65,535 of them in one statement, SQLite 32,766.
  for (let start = 0; start < changes.length; start += rowsAtOnce) {
    const rows = changes.slice(start, start + rowsAtOnce).map(rowOf)
    if (rows.length === 1) await db.executeQuery(keptInsert(at, 'changes', rows[0]!))
    else await db.insertInto('changes').values(rows).execute()
  }
  await db.executeQuery(keptQuery(at, moveHead, { systemKey, position, chain, ms, count }))
}

type OfSystem = { systemKey: string }

const headOf = (db: Kysely<Tables>, { systemKey }: OfSystem) =>
  db.selectFrom('change_heads').selectAll().where('system_key', '=', systemKey)

const headForUpdate = (db: Kysely<Tables>, of: OfSystem) => headOf(db, of).forUpdate()

type Head = OfSystem & { position: number; chain: string; ms: number; count: number }

const moveHead = (db: Kysely<Tables>, { systemKey, position, chain, ms, count }: Head) =>
  db
    .updateTable('change_heads')
    .set({ position, chain, stamp_ms: ms, stamp_count: count })
    .where('system_key', '=', systemKey)

const rowsAtOnce = 500

/** Sorts as text in the order of the clock. */
export const formatStamp = (ms: number, count: number, node: string): string =>
  `${ms.toString(16).padStart(12, '0')}-${count.toString(16).padStart(4, '0')}-${node}`
