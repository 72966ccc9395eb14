/**
 * Rows of an edge into the platform's, by the rule of their collection. A column that the edge changed knowing what stands here
 * is simply written; one that somebody else changed meanwhile is a conflict, decided here once and for all: every edge gets what
 * came of it, the one that sent it too. Nothing is decided anywhere else, so nothing can be decided differently.
 */
import { createHash } from 'node:crypto'
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
import {
  deleted,
  type LogHead,
  put,
  type RowStamps,
  readStamps,
  type Stamped,
  setLogClock,
  writeStamps,
} from './stamps.ts'

/** When it was done at the edge, and how far of the platform's log the edge had seen before it. */
export type Mark = { stamp: string; seen: number }

/** One row as it is at the edge, with the columns that were written there; or that it was deleted there. */
export type SentRow = { key: string } & (
  | { row: Row; columns: Record<string, Mark> }
  | { deleted: Mark }
  /** It is too large for the way up. */
  | { large: true }
)

type Written = Exclude<SentRow, { large: true }>

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

/** What is to be done to one row. */
type Decided = {
  key: string
  stamps: RowStamps
  insert?: Row
  update?: Row
  remove?: true
  copy?: Row
  conflict?: { outcome: 'edge' | 'platform' | 'both' | 'by column'; columns: Record<string, unknown> }
}

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
    const decided = decide(merging, { rule, collection, sent: own, before, position })
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
  const only = <T>(fields: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => names.has(name) && name !== table.key))
  return { key: sent.key, row: { ...only(sent.row), [table.key]: sent.key }, columns: only(sent.columns) }
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

type Deciding = {
  rule: ConflictRule
  collection: CollectionRecord
  sent: Written
  before: { row: Row | undefined; stamps: RowStamps }
  position: number
}

/** Pure: by what is said and what stands here alone. */
export function decide({ edge }: Pick<Merging, 'edge'>, deciding: Deciding): Decided {
  const { sent } = deciding
  return 'deleted' in sent ? decideDelete(edge, sent, deciding) : decidePut(edge, sent, deciding)
}

const isMeanwhile = (edge: string, here: Stamped | null | undefined, { seen }: Mark): here is Stamped =>
  here !== null && here !== undefined && here[2] !== edge && here[1] > seen

function decideDelete(
  edge: string,
  { key, deleted: mark }: SentRow & { deleted: Mark },
  { rule, before: { row, stamps }, position }: Deciding,
): Decided {
  const by: Stamped = [mark.stamp, position, edge]
  if (row === undefined) return { key, stamps: stamps.deleted === null ? deleted(by) : stamps }
  const meanwhile = Object.entries(stamps.columns).filter(([, here]) => isMeanwhile(edge, here, mark))
  if (meanwhile.length === 0) return { key, stamps: deleted(by), remove: true }
  const goes = rule === 'edge' || (rule === 'last_writer' && meanwhile.every(([, [stamp]]) => stamp < mark.stamp))
  const columns = Object.fromEntries(
    meanwhile.map(([name]) => [name, { platform: row[name] ?? null, edge: 'deleted' }]),
  )
  const conflict = { outcome: goes ? ('edge' as const) : ('platform' as const), columns }
  return goes ? { key, stamps: deleted(by), remove: true, conflict } : { key, stamps, conflict }
}

function decidePut(
  edge: string,
  { key, row: own, columns: marks }: SentRow & { row: Row; columns: Record<string, Mark> },
  { rule, collection, before: { row, stamps }, position }: Deciding,
): Decided {
  const names = Object.keys(marks)
  const stamped = (of: RowStamps, which: readonly string[]): RowStamps =>
    which.reduce<RowStamps>((all, name) => put(all, [name], [marks[name]!.stamp, position, edge]), {
      ...of,
      deleted: null,
    })
  if (row === undefined) {
    const { deleted: gone } = stamps
    const isGone = gone !== null && names.some((name) => isMeanwhile(edge, gone, marks[name]!))
    if (!isGone) return { key, stamps: stamped({ columns: {}, deleted: null }, names), insert: own }
    const comesBack = rule === 'last_writer' ? names.some((name) => marks[name]!.stamp > gone[0]) : rule !== 'platform'
    const columns = Object.fromEntries(names.map((name) => [name, { platform: 'deleted', edge: own[name] ?? null }]))
    if (!comesBack) return { key, stamps, conflict: { outcome: 'platform', columns } }
    const back = stamped({ columns: {}, deleted: null }, names)
    return { key, stamps: back, insert: own, conflict: { outcome: 'edge', columns } }
  }
  const taken: string[] = []
  const columns: Record<string, unknown> = {}
  const outcomes = new Set<'edge' | 'platform'>()
  for (const name of names) {
    const here = stamps.columns[name]
    const mark = marks[name]!
    const isSame = JSON.stringify(row[name] ?? null) === JSON.stringify(own[name] ?? null)
    if (!isMeanwhile(edge, here, mark) || isSame) {
      taken.push(name)
      continue
    }
    const isOurs = rule === 'edge' || (rule === 'last_writer' && isLater(mark.stamp, own[name], here[0], row[name]))
    if (isOurs) taken.push(name)
    outcomes.add(isOurs ? 'edge' : 'platform')
    columns[name] = { platform: row[name] ?? null, edge: own[name] ?? null, stamps: [here[0], mark.stamp] }
  }
  const update = taken.length === 0 ? undefined : Object.fromEntries(taken.map((name) => [name, own[name] ?? null]))
  const decided: Decided = { key, stamps: stamped(stamps, taken), ...(update !== undefined && { update }) }
  if (outcomes.size === 0) return decided
  if (rule === 'both') {
    const copy = {
      ...own,
      [collection.table.key]: idOfCopy(
        collection.id,
        key,
        edge,
        names.map((name) => marks[name]!.stamp),
      ),
    }
    return {
      ...decided,
      copy,
      conflict: { outcome: 'both', columns: { ...columns, copy: copy[collection.table.key] } },
    }
  }
  const outcome = outcomes.size > 1 ? 'by column' : [...outcomes][0]!
  return { ...decided, conflict: { outcome, columns } }
}

/** By stamp, and of two that are alike by the value: there is always one that stands. */
function isLater(stamp: string, value: unknown, otherStamp: string, other: unknown): boolean {
  if (stamp !== otherStamp) return stamp > otherStamp
  const hash = (one: unknown): string =>
    createHash('sha256')
      .update(JSON.stringify(one ?? null))
      .digest('hex')
  return hash(value) > hash(other)
}

/** The same whenever the same is sent: a UUID of our own making (RFC 9562 §5.8). */
function idOfCopy(...of: unknown[]): string {
  const hex = createHash('sha256').update(JSON.stringify(of)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
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
