/**
 * Rows of an edge into the platform's, by the rule of their collection. A column that the edge changed knowing what stands here
 * is simply written; one that somebody else changed meanwhile is a conflict, decided here once and for all: every edge gets what
 * came of it, the one that sent it too. Nothing is decided anywhere else, so nothing can be decided differently.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { sql } from 'kysely'
import { formatStamp } from '../changes.ts'
import { mapDatabaseError } from '../dialect/failure.ts'
import type { ConflictRule } from '../down/groups.ts'
import { rowsWhere } from '../rows.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import type { CollectionRecord } from '../tables/collections.ts'
import { insertConflict } from '../tables/sync-conflicts.ts'
import { getRows } from '../typed-table/read.ts'
import { deleteRows, insertRows, updateRows } from '../typed-table/write.ts'
import { type Decided, decide, type Mark, type SentRow, type Written } from './decide.ts'
import { type LogHead, type RowStamps, readStamps, type Stamped, setLogClock, writeStamps } from './stamps.ts'

export type Merging = {
  tx: SystemStore
  edge: string
  head: LogHead
  now: number
  /** Whether what one row fails by keeps the others from being written: then they are written one by one. */
  careful: boolean
}

/** `restamped`: some were dated too far ahead and got the platform's time. */
export type Merged = { restamped: boolean; setAside: number }

/** A stamp that is further ahead than this is not believed. */
export const aheadMs = 5 * 60_000

/** The head of the log is held by then, and what was written here is folded in. */
export async function mergeRows(
  merging: Merging,
  { collection, rule, rows }: { collection: CollectionRecord; rule: ConflictRule; rows: readonly SentRow[] },
): Promise<Merged> {
  const { tx, head, careful } = merging
  const merged: Merged = { restamped: false, setAside: 0 }
  const keys = rows.map(({ key }) => key)
  const stamps = await readStamps(tx, collection.id, keys)
  const { table } = collection
  const present = new Map(
    (await getRows(databaseOf(tx), dialectOf(tx), table, keys)).map((row) => [String(row[table.key]), row]),
  )
  const written = new Map<string, RowStamps>()
  const inserts: Row[] = []
  for (const sent of rows) {
    if ('large' in sent) {
      merged.setAside += 1
      await keepConflict(merging, collection, rule, sent.key, 'set aside', { why: 'It is too large for the way up.' })
      continue
    }
    const own = restamp(merging, known(collection, sent), merged)
    const before = { row: present.get(sent.key), stamps: stamps.get(sent.key) ?? { columns: {}, deleted: null } }
    // Whatever came of it, the row goes to all edges; no column is named, so it counts as written by none of them here.
    const note = (key: string): Stamped => {
      tx.record({ kind: 'item', id: `${collection.id}/${key}`, operation: 'put', columns: [] })
      head.position += 1
      return ['', head.position, merging.edge]
    }
    const [, position] = note(sent.key)
    const decided = decide(merging.edge, { rule, collection, sent: own, before, position })
    let problem: string | undefined
    if (careful) problem = await oneByOne(tx, () => write(tx, collection, decided))
    else {
      const { insert, ...others } = decided
      // Together, behind what may have to give way to them.
      if (insert !== undefined) inserts.push(insert)
      await write(tx, collection, others)
    }
    if (problem !== undefined) {
      merged.setAside += 1
      const values = 'row' in own ? own.row : {}
      await keepConflict(merging, collection, rule, sent.key, 'set aside', { why: problem, row: values })
      continue
    }
    written.set(sent.key, decided.stamps)
    if (decided.copy !== undefined) note(String(decided.copy[table.key]))
    if (decided.conflict === undefined) continue
    await keepConflict(merging, collection, rule, sent.key, decided.conflict.outcome, decided.conflict.columns)
  }
  if (inserts.length > 0) await insertRows(databaseOf(tx), dialectOf(tx), table, inserts)
  await writeStamps(tx, collection.id, written, merging.now)
  await setLogClock(tx, [head.ms, head.count])
  return merged
}

/** Without columns that are not here any more, or not yet. */
function known({ table }: CollectionRecord, sent: Written): Written {
  if ('deleted' in sent) return sent
  const names = new Set(table.columns.map(({ name }) => name))
  const present = <T>(fields: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => names.has(name) && name !== table.key))
  return { key: sent.key, row: { ...present(sent.row), [table.key]: sent.key }, columns: present(sent.columns) }
}

const msOf = (stamp: string): number => Number.parseInt(stamp.slice(0, 12), 16)
const countOf = (stamp: string): number => Number.parseInt(stamp.slice(13, 17), 16)

/** The clock of the log goes on behind every stamp that it has seen, and gives its own in the place of one too far ahead. */
function restamp({ head, now }: Merging, sent: Written, merged: Merged): Written {
  const seen = (mark: Mark): Mark => {
    const [ms, count] = [msOf(mark.stamp), countOf(mark.stamp)]
    if (ms <= now + aheadMs) {
      if (ms > head.ms || (ms === head.ms && count > head.count)) [head.ms, head.count] = [ms, count]
      return mark
    }
    merged.restamped = true
    if (now > head.ms) [head.ms, head.count] = [now, 0]
    else if (head.count < 0xffff) head.count += 1
    else [head.ms, head.count] = [head.ms + 1, 0]
    return { ...mark, stamp: formatStamp(head.ms, head.count, mark.stamp.slice(18)) }
  }
  if ('deleted' in sent) return { key: sent.key, deleted: seen(sent.deleted) }
  return {
    ...sent,
    columns: Object.fromEntries(Object.entries(sent.columns).map(([name, mark]) => [name, seen(mark)])),
  }
}

async function write(tx: SystemStore, { table }: CollectionRecord, decided: Decided): Promise<undefined> {
  const [db, dialect] = [databaseOf(tx), dialectOf(tx)]
  const { insert, update, remove, copy, key } = decided
  if (insert !== undefined) await insertRows(db, dialect, table, [insert])
  if (update !== undefined) await updateRows(db, dialect, table, rowsWhere(table.key, key), update)
  if (remove) await deleteRows(db, dialect, table, rowsWhere(table.key, key))
  if (copy === undefined) return
  const there = await getRows(db, dialect, table, [String(copy[table.key])])
  if (there.length === 0) await insertRows(db, dialect, table, [copy])
}

/** Answers why it cannot be written, where that is the fault of the row; nothing of it is then. */
async function oneByOne(tx: SystemStore, work: () => Promise<undefined>): Promise<string | undefined> {
  const db = databaseOf(tx)
  await sql`savepoint one_row`.execute(db)
  try {
    await work()
    await sql`release savepoint one_row`.execute(db)
    return undefined
  } catch (error) {
    const why = whyNot(error)
    if (why === undefined) throw error
    await sql`rollback to savepoint one_row`.execute(db)
    return why
  }
}

/** What is wrong with a row, without its values; undefined where it is not the row that is wrong. */
export function whyNot(error: unknown): string | undefined {
  if (error instanceof GatehouseError) {
    return ['badValue', 'conflict'].includes(error.kind) ? error.detail : undefined
  }
  const kind = mapDatabaseError(error)?.kind
  return kind === 'conflict' || kind === 'tooLong' || kind === 'unfit' ? 'The database refuses it.' : undefined
}

const keepConflict = (
  { tx, edge, now }: Merging,
  collection: CollectionRecord,
  rule: ConflictRule,
  itemId: string,
  outcome: string,
  detail: Record<string, unknown>,
): Promise<void> => insertConflict(tx, { at: now, edge, collectionId: collection.id, itemId, rule, outcome, detail })

/** Held until the transaction ends. Before the head of the log is, as by everybody who writes. */
export async function holdRows(tx: SystemStore, { table }: CollectionRecord, keys: readonly string[]): Promise<void> {
  if (dialectOf(tx).kind === 'sqlite' || keys.length === 0) return
  const key = sql.id(table.key)
  await sql`select ${key} from ${sql.id(table.table)} where ${key} in (${sql.join([...keys])})
    order by ${key} for update`.execute(databaseOf(tx))
}
