/**
 * What an edge wrote into collections that go up: which rows the platform has not decided on yet, what is sent of them, and how
 * far of the platform's log was seen before. All of it comes out of the edge's own change log.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import type { ConflictRule, Range, TableState } from '../down/groups.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { type CollectionRecord, findCollection } from '../tables/collections.ts'
import { getRows } from '../typed-table/read.ts'
import type { TypedTable } from '../typed-table/table.ts'
import type { Mark, SentRow } from './decide.ts'
import type { UpCursor } from './facts.ts'
import { holdLogHead, type LogHead, setLogClock } from './stamps.ts'

/** Own changes of one row that the platform has not decided on: columns, or the row's end. */
export type PendingRow = { columns: Set<string>; isGone: boolean }

/** By collection, then by key. */
export type PendingRows = Map<string, Map<string, PendingRow>>

type LocalChange = { position: number; id: string; operation: string; columns: string[]; stamp: string }

async function changesBehind(store: SystemStore, after: number, limit?: number): Promise<LocalChange[]> {
  const rows = await databaseOf(store)
    .selectFrom('changes')
    .select(['position', 'id', 'operation', 'columns', 'stamp'])
    .where('system_key', '=', store.key)
    .where('kind', '=', 'item')
    .where('position', '>', after)
    .orderBy('position')
    .$if(limit !== undefined, (select) => select.limit(limit!))
    .execute()
  return rows.map((row) => ({ ...row, columns: JSON.parse(row.columns) }))
}

/** Collections whose rows go up, by id; with the keys of those rows where not all of them do. */
export type Synced = ReadonlyMap<string, ReadonlySet<string> | undefined>

export async function syncedCollections(store: SystemStore): Promise<Synced> {
  const rows = await databaseOf(store)
    .selectFrom('synced_collections')
    .select(['collection_id', 'row_keys'])
    .where('system_key', '=', store.key)
    .execute()
  return new Map(rows.map(({ collection_id: id, row_keys: keys }) => [id, keys === null ? undefined : keysIn(keys)]))
}

const keysIn = (text: string): Set<string> => new Set(JSON.parse(text) as string[])

/** `id` as `COLLECTION/KEY`. */
function goesUp(synced: Synced, id: string): boolean {
  const collection = collectionOf(id)
  return synced.has(collection) && synced.get(collection)?.has(id.slice(collection.length + 1)) !== false
}

/** Own changes behind what the platform has taken; kept while a link stands, so that each is read once. */
export class Pending {
  #changes: LocalChange[] = []
  #incarnation = ''
  /** What was taken last, and how far was read. */
  #floor = 0
  #read = 0

  /** In the transaction that writes what came down. */
  async rows(tx: SystemStore, taken: UpCursor | null): Promise<PendingRows> {
    const { incarnation } = await holdLogHead(tx)
    const upTo = taken?.incarnation === incarnation ? taken.position : 0
    // A platform that was restored stands further back.
    if (this.#incarnation !== incarnation || upTo < this.#floor || upTo > this.#read) {
      this.#changes = []
      this.#read = upTo
    }
    this.#incarnation = incarnation
    this.#floor = upTo
    const more = await changesBehind(tx, this.#read)
    this.#read = more.at(-1)?.position ?? this.#read
    const synced = await syncedCollections(tx)
    this.#changes = [...this.#changes, ...more].filter(({ position, id }) => position > upTo && goesUp(synced, id))
    const found: PendingRows = new Map()
    for (const { id, operation, columns } of this.#changes) {
      const collection = collectionOf(id)
      const key = id.slice(collection.length + 1)
      const rows = found.get(collection) ?? new Map<string, PendingRow>()
      found.set(collection, rows)
      const row = rows.get(key) ?? { columns: new Set<string>(), isGone: false }
      row.isGone = operation === 'delete'
      if (row.isGone) row.columns.clear()
      for (const name of columns) row.columns.add(name)
      rows.set(key, row)
    }
    return found
  }
}

/** Keys of rows that were written here: of those that go up the ones alone that the platform has not taken. */
export async function ownKeysWithin(
  tx: SystemStore,
  collection: string,
  { after, upTo }: Range,
  taken: UpCursor | null,
): Promise<Set<string>> {
  const { incarnation } = await holdLogHead(tx)
  const synced = await syncedCollections(tx)
  const floor = taken?.incarnation === incarnation ? taken.position : 0
  const rows = await databaseOf(tx)
    .selectFrom('changes')
    .select('id')
    .select((eb) => eb.fn.max('position').as('position'))
    .where('system_key', '=', tx.key)
    .where('kind', '=', 'item')
    .where('id', '>', `${collection}/${after}`)
    // '0' follows '/'.
    .where('id', upTo === null ? '<' : '<=', upTo === null ? `${collection}0` : `${collection}/${upTo}`)
    .groupBy('id')
    .execute()
  const own = rows.filter(({ id, position }) => !goesUp(synced, id) || position > floor)
  return new Set(own.map(({ id }) => id.slice(collection.length + 1)))
}

const collectionOf = (id: string): string => id.slice(0, id.indexOf('/'))

/**
 * Notes whether the rows of this collection go up, or which. Where they begin to, what was written here before goes up as well:
 * answers the keys of those rows. In a transaction.
 */
export async function ensureSynced(tx: SystemStore, state: TableState, table: TypedTable): Promise<Set<string>> {
  if (state.kind === 'users') return new Set()
  const db = databaseOf(tx)
  const which = { system_key: tx.key, collection_id: state.id }
  const before = await db
    .selectFrom('synced_collections')
    .select(['rule', 'row_keys'])
    .where('system_key', '=', tx.key)
    .where('collection_id', '=', state.id)
    .executeTakeFirst()
  const rule: ConflictRule | undefined = state.rule
  const rowKeys = rule === undefined || state.up === undefined ? null : JSON.stringify(state.up)
  if (before?.rule === rule && (before?.row_keys ?? null) === rowKeys) return new Set()
  await db
    .deleteFrom('synced_collections')
    .where('system_key', '=', tx.key)
    .where('collection_id', '=', state.id)
    .execute()
  if (rule === undefined) return new Set()
  await db
    .insertInto('synced_collections')
    .values({ ...which, rule, row_keys: rowKeys })
    .execute()
  const now: Synced = new Map([[state.id, rowKeys === null ? undefined : keysIn(rowKeys)]])
  const then: Synced = new Map(
    before === undefined ? [] : [[state.id, before.row_keys === null ? undefined : keysIn(before.row_keys)]],
  )
  const changed = await db
    .selectFrom('changes')
    .select('id')
    .distinct()
    .where('system_key', '=', tx.key)
    .where('kind', '=', 'item')
    .where('id', 'like', `${state.id}/%`)
    .execute()
  const ids = changed.filter(({ id }) => goesUp(now, id) && !goesUp(then, id))
  const keys = ids.map(({ id }) => id.slice(state.id.length + 1))
  const present = (await getRows(db, dialectOf(tx), table, keys)).map((row) => String(row[table.key]))
  const columns = table.columns.map(({ name }) => name)
  for (const key of present) tx.record({ kind: 'item', id: `${state.id}/${key}`, operation: 'put', columns })
  return new Set(present)
}

/** From here on, own changes are made knowing this much of the platform's log. With the cursor of the lane. */
export async function noteSeen(tx: SystemStore, seen: UpCursor, taken: UpCursor | null): Promise<void> {
  const head = await holdLogHead(tx)
  const db = databaseOf(tx)
  await db
    .insertInto('sync_seen')
    .values({ system_key: tx.key, own_position: head.position, ...seen })
    .onConflict((conflict) => conflict.columns(['system_key', 'own_position']).doUpdateSet(seen))
    .execute()
  if (taken?.incarnation !== head.incarnation) return
  // The last one before what waits is still asked for.
  const last = await seenBefore(tx, taken.position + 1)
  if (last === undefined) return
  await db
    .deleteFrom('sync_seen')
    .where('system_key', '=', tx.key)
    .where('own_position', '<', last.own_position)
    .execute()
}

const seenBefore = (store: SystemStore, position: number) =>
  databaseOf(store)
    .selectFrom('sync_seen')
    .select(['own_position', 'incarnation', 'position'])
    .where('system_key', '=', store.key)
    .where('own_position', '<', position)
    .orderBy('own_position', 'desc')
    .limit(1)
    .executeTakeFirst()

/** HLC: a stamp that comes in moves the clock, unless it is too far ahead to be believed. In a transaction. */
export async function moveLogClock(tx: SystemStore, [ms, count]: [number, number], latest: number): Promise<void> {
  const head = await holdLogHead(tx)
  if (ms > latest || ms < head.ms || (ms === head.ms && count <= head.count)) return
  await setLogClock(tx, [ms, count])
}

/** The platform did not believe the clock: it goes on from there, or from the wall's. */
export async function setBackLogClock(
  store: SystemStore,
  [ms, count]: [number, number],
  aheadMs: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    if ((await holdLogHead(tx)).ms > ms + aheadMs) await setLogClock(tx, [ms, count])
  })
}

export type LocalRows = {
  to: UpCursor
  /** How many changes to look at next: few where rows are large, so that not all of them are read to send one. */
  atOnce: number
  /** The incarnation of the platform's log that `seen` speaks of. */
  of: string
  items: ({ collection: string } & SentRow)[]
}

const sizes = { changes: 200, first: 10, bytes: 256 * 1024, row: 2 * 1024 * 1024 } as const

/**
 * What is to be sent next, as it is by now; without items where nothing behind `from` goes up. Undefined where there is
 * nothing new at all. A row that cannot be sent is told as such.
 */
export async function localRows(
  store: SystemStore,
  from: UpCursor | null,
  atOnce: number = sizes.first,
): Promise<LocalRows | undefined> {
  return store.transaction(async (tx) => {
    const head = await headOf(tx)
    if (head === undefined) return undefined
    const after = from?.incarnation === head.incarnation ? from.position : 0
    const synced = await syncedCollections(tx)
    const changes = await changesBehind(tx, after, atOnce)
    for (let count = changes.length; count > 0; count = Math.floor(count / 2)) {
      const some = changes.slice(0, count)
      const to = { incarnation: head.incarnation, position: some.at(-1)!.position }
      const { items, of } = await itemsOf(tx, some, synced)
      const size = JSON.stringify(items).length
      if (count > 1 && size > sizes.bytes) continue
      const more = size <= sizes.bytes / 2 ? Math.min(sizes.changes, 2 * atOnce) : atOnce
      return { to, of, items, atOnce: count < changes.length ? count : more }
    }
    return undefined
  })
}

/** Undefined before anything came down. */
const headOf = async (tx: SystemStore): Promise<LogHead | undefined> =>
  databaseOf(tx)
    .selectFrom('change_heads')
    .select(['incarnation', 'position', 'stamp_ms as ms', 'stamp_count as count'])
    .where('system_key', '=', tx.key)
    .executeTakeFirst()

async function itemsOf(tx: SystemStore, changes: readonly LocalChange[], synced: Synced) {
  const seenAll = await databaseOf(tx)
    .selectFrom('sync_seen')
    .select(['own_position', 'incarnation', 'position'])
    .where('system_key', '=', tx.key)
    .orderBy('own_position')
    .execute()
  const of = seenAll.at(-1)?.incarnation ?? ''
  const seenAt = (position: number): number => {
    const before = seenAll.findLast((one) => one.own_position < position)
    return before?.incarnation === of ? before.position : 0
  }
  const rows = new Map<string, { columns: Record<string, Mark>; gone: Mark | undefined }>()
  for (const { id, operation, columns, position, stamp } of changes) {
    if (!goesUp(synced, id)) continue
    const seen = seenAt(position)
    const row = rows.get(id) ?? { columns: {}, gone: undefined }
    rows.set(id, row)
    if (operation === 'delete') {
      row.gone = { stamp, seen }
      row.columns = {}
      continue
    }
    row.gone = undefined
    // Of several changes of a column the first says what was known, the last when it was done.
    for (const name of columns) row.columns[name] = { stamp, seen: row.columns[name]?.seen ?? seen }
  }
  const items: LocalRows['items'] = []
  for (const [collection, of_] of Map.groupBy(rows, ([id]) => collectionOf(id))) {
    const found = await findCollection(tx, { id: collection })
    if (found === undefined) continue
    const keyOf = (id: string): string => id.slice(collection.length + 1)
    const keys = of_.filter(([, { gone }]) => gone === undefined).map(([id]) => keyOf(id))
    const present = await presentRows(tx, found, keys)
    for (const [id, { columns, gone }] of of_) {
      const key = keyOf(id)
      const row = present.get(key)
      if (gone !== undefined) items.push({ collection, key, deleted: gone })
      // One that is gone by now is sent with the change that says so.
      else if (row !== undefined) {
        const isLarge = JSON.stringify(row).length > sizes.row
        items.push(isLarge ? { collection, key, large: true } : { collection, key, row, columns })
      }
    }
  }
  return { items, of }
}

async function presentRows(
  tx: SystemStore,
  { table }: CollectionRecord,
  keys: readonly string[],
): Promise<Map<string, Row>> {
  const rows = await getRows(databaseOf(tx), dialectOf(tx), table, keys)
  return new Map(rows.map((row) => [String(row[table.key]), row]))
}
