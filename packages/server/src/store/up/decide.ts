/**
 * What becomes of one row of an edge, by the rule of its collection: worked out from what is said and what stands here, and from
 * nothing else. Writing it is `merge.ts`.
 */
import { createHash } from 'node:crypto'
import type { Row } from '@gatehouse/contract/columns.ts'
import type { ConflictRule } from '../down/groups.ts'
import type { CollectionRecord } from '../tables/collections.ts'
import { deleted, put, type RowStamps, type Stamped } from './stamps.ts'

/** When it was done at the edge, and how far of the platform's log the edge had seen before it. */
export type Mark = { stamp: string; seen: number }

/** One row as it is at the edge, with the columns that were written there; or that it was deleted there. */
export type SentRow = { key: string } & (
  | { row: Row; columns: Record<string, Mark> }
  | { deleted: Mark }
  /** It is too large for the way up. */
  | { large: true }
)

export type Written = Exclude<SentRow, { large: true }>

/** What is to be done to one row. */
export type Decided = {
  key: string
  stamps: RowStamps
  insert?: Row
  update?: Row
  remove?: true
  copy?: Row
  conflict?: { outcome: 'edge' | 'platform' | 'both' | 'by column'; columns: Record<string, unknown> }
}

type Deciding = {
  rule: ConflictRule
  collection: CollectionRecord
  sent: Written
  before: { row: Row | undefined; stamps: RowStamps }
  position: number
}

/** By what is said and what stands here alone. */
export function decide(edge: string, deciding: Deciding): Decided {
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
