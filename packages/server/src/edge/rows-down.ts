/** Rows of a collection on their way to an edge: which of them go there, and as many at a time as make one message. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { keysAfter, readRows } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import type { CollectionRecord } from '../store/tables/collections.ts'
import { sizeOf, sizes } from './frame-sizes.ts'
import type { EdgeScope } from './scope.ts'

/** `large`: keys of rows that do not travel. `upTo` is the last key that was looked at; null where there are no more. */
export type SomeRows = { rows: Row[]; large: string[]; upTo: string | null }

type Marks = ReadonlyMap<string, string>

/** Of a collection of which only single rows go there: their keys as they are in rows, and the mark of each. */
export function marksOfRows(scope: EdgeScope, found: CollectionRecord): Marks | undefined {
  const named = scope.rows.get(found.id)
  return named && (isUuid(found) ? new Map([...named].map(([key, mark]) => [key.toLowerCase(), mark])) : named)
}

/** Keys of the single rows that follow, in order. */
export const followingKeys = (found: CollectionRecord, marks: Marks): string[] =>
  [...marks].flatMap(([key, mark]) => (mark === '' && isKey(found, key) ? [key] : [])).sort()

/** In order of key: of all, or with `marks` of those that are named. */
export async function nextRows(
  store: SystemStore,
  found: CollectionRecord,
  marks: Marks | undefined,
  after: string,
): Promise<SomeRows> {
  if (marks !== undefined) {
    const named = [...marks.keys()].filter((key) => key > after && isKey(found, key)).sort()
    return rowsOf(store, found, named, null)
  }
  const keys = await keysAfter(store, found, after, sizes.keys)
  return rowsOf(store, found, keys, keys.length < sizes.keys ? null : keys.at(-1)!)
}

/** What of these travels, and keys of what does not. */
export function fittingRows({ table }: CollectionRecord, rows: readonly Row[]): { put: Row[]; large: string[] } {
  const large = rows.filter((row) => sizeOf(row) > sizes.most)
  return { put: rows.filter((row) => !large.includes(row)), large: large.map((row) => String(row[table.key])) }
}

/** As many as make a frame, though one row may make more than that alone. `end` is `upTo` where all of them do. */
async function rowsOf(
  store: SystemStore,
  found: CollectionRecord,
  keys: readonly string[],
  end: string | null,
): Promise<SomeRows> {
  const rows: Row[] = []
  const large: string[] = []
  let bytes = 0
  let atOnce: number = sizes.rowsAtOnce
  for (let start = 0; start < keys.length; ) {
    const some = keys.slice(start, start + atOnce)
    const read = await readRows(store, found, some)
    const size = sizeOf(read)
    // Few rows at a time where they are large, and none that makes a frame too large beside others.
    if (size > sizes.frame && some.length > 1) {
      atOnce = Math.max(1, Math.floor(some.length / 8))
      continue
    }
    if (size > sizes.most) large.push(some[0]!)
    else if (bytes + size > 2 * sizes.frame && rows.length > 0) return { rows, large, upTo: keys[start - 1]! }
    else {
      rows.push(...read)
      bytes += size
    }
    start += some.length
    if (bytes >= sizes.bytes && start < keys.length) return { rows, large, upTo: some.at(-1)! }
  }
  return { rows, large, upTo: end }
}

/** What is no key of this collection names no row of it, and PostgreSQL would refuse the question. */
const isKey = (found: CollectionRecord, key: string): boolean =>
  !isUuid(found) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)

/** Keys of rows as developers name them, as they are in rows. */
export const asKeys = (found: CollectionRecord, named: ReadonlySet<string>): ReadonlySet<string> =>
  isUuid(found) ? new Set([...named].map((key) => key.toLowerCase())) : named

const isUuid = ({ table }: CollectionRecord): boolean =>
  table.columns.find(({ name }) => name === table.key)?.type === 'uuid'
