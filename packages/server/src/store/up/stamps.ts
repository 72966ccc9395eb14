/**
 * When which column of a row was written last, and by whom: kept on the platform for collections whose rows come up, and worked
 * out of the change log when an edge sends rows, so that nobody who writes a row here pays for it. Stamps are those of the log
 * (`changes.ts`). What is decided by them is `merge.ts`.
 */
import { databaseOf, dialectOf, type SystemStore, writerOf } from '../store.ts'

/** `by`: the edge that wrote it, '' for the platform. `position`: in the platform's log. */
export type Stamped = [stamp: string, position: number, by: string]

export type RowStamps = { columns: Record<string, Stamped>; deleted: Stamped | null }

const keysAtOnce = 500
const changesAtOnce = 1_000

export type LogHead = { incarnation: string; position: number; ms: number; count: number }

/** Held until the transaction ends: nobody else gets a position meanwhile, and all that were given are visible. */
export async function holdLogHead(tx: SystemStore): Promise<LogHead> {
  return databaseOf(tx)
    .selectFrom('change_heads')
    .select(['incarnation', 'position', 'stamp_ms as ms', 'stamp_count as count'])
    .where('system_key', '=', tx.key)
    .$if(dialectOf(tx).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirstOrThrow()
}

/** The clock of the log goes on from there; it never goes back, but where `force` says so. */
export async function setLogClock(tx: SystemStore, [ms, count]: readonly [number, number]): Promise<void> {
  await databaseOf(tx)
    .updateTable('change_heads')
    .set({ stamp_ms: ms, stamp_count: count })
    .where('system_key', '=', tx.key)
    .execute()
}

/** From where on changes made here are noted; what was before is known to everybody. In a transaction. */
export async function beginFold(tx: SystemStore): Promise<void> {
  const { position } = await holdLogHead(tx)
  await writerOf(tx)
    .insertInto('sync_folds')
    .values({ system_key: tx.key, position })
    .onConflict((conflict) => conflict.column('system_key').doNothing())
    .execute()
}

/**
 * Notes what was written on the platform since the last time, in these collections; in a transaction. Answers whether there
 * may be more.
 */
export async function foldChanges(tx: SystemStore, collections: ReadonlySet<string>, now: number): Promise<boolean> {
  const db = databaseOf(tx)
  const fold = await db
    .selectFrom('sync_folds')
    .select('position')
    .where('system_key', '=', tx.key)
    .$if(dialectOf(tx).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  if (fold === undefined) return false
  // Read first: what was written up to there is visible, whether rows or not.
  const { position: head } = await db
    .selectFrom('change_heads')
    .select('position')
    .where('system_key', '=', tx.key)
    .executeTakeFirstOrThrow()
  const changes = await db
    .selectFrom('changes')
    .select(['position', 'id', 'operation', 'columns', 'stamp'])
    .where('system_key', '=', tx.key)
    .where('position', '>', fold.position)
    .where('kind', '=', 'item')
    .orderBy('position')
    .limit(changesAtOnce)
    .execute()
  for (const [collection, of] of Map.groupBy(changes, ({ id }) => id.slice(0, id.indexOf('/')))) {
    if (!collections.has(collection)) continue
    const keyOf = (id: string): string => id.slice(collection.length + 1)
    const stamps = await readStamps(tx, collection, [...new Set(of.map(({ id }) => keyOf(id)))])
    const written = new Map<string, RowStamps>()
    for (const { position, id, operation, columns, stamp } of of) {
      const names: string[] = JSON.parse(columns)
      // What an edge wrote was noted when it was written.
      if (operation === 'put' && names.length === 0) continue
      const key = keyOf(id)
      const row = written.get(key) ?? stamps.get(key) ?? { columns: {}, deleted: null }
      written.set(key, operation === 'delete' ? deleted([stamp, position, '']) : put(row, names, [stamp, position, '']))
    }
    await writeStamps(tx, collection, written, now)
  }
  const last = changes.at(-1)?.position ?? 0
  const mayBeMore = changes.length === changesAtOnce
  // Where no rows are written the log must not wait for one.
  const position = mayBeMore ? last : Math.max(last, head)
  if (position > fold.position) {
    await db.updateTable('sync_folds').set({ position }).where('system_key', '=', tx.key).execute()
  }
  return mayBeMore
}

export const deleted = (by: Stamped): RowStamps => ({ columns: {}, deleted: by })

export const put = ({ columns }: RowStamps, names: readonly string[], by: Stamped): RowStamps => ({
  columns: { ...columns, ...Object.fromEntries(names.map((name) => [name, by])) },
  deleted: null,
})

export async function readStamps(
  tx: SystemStore,
  collection: string,
  keys: readonly string[],
): Promise<Map<string, RowStamps>> {
  const found = new Map<string, RowStamps>()
  for (let start = 0; start < keys.length; start += keysAtOnce) {
    const rows = await databaseOf(tx)
      .selectFrom('row_stamps')
      .select(['item_id', 'columns', 'deleted'])
      .where('system_key', '=', tx.key)
      .where('collection_id', '=', collection)
      .where('item_id', 'in', keys.slice(start, start + keysAtOnce))
      .execute()
    for (const { item_id: key, columns, deleted: gone } of rows) {
      found.set(key, { columns: JSON.parse(columns), deleted: gone === null ? null : JSON.parse(gone) })
    }
  }
  return found
}

export async function writeStamps(
  tx: SystemStore,
  collection: string,
  written: ReadonlyMap<string, RowStamps>,
  now: number,
): Promise<void> {
  const rows = [...written].map(([key, { columns, deleted: gone }]) => ({
    ...{ system_key: tx.key, collection_id: collection, item_id: key, columns: JSON.stringify(columns) },
    ...{ deleted: gone === null ? null : JSON.stringify(gone), written_at: now },
  }))
  for (let start = 0; start < rows.length; start += keysAtOnce) {
    await databaseOf(tx)
      .insertInto('row_stamps')
      .values(rows.slice(start, start + keysAtOnce))
      .onConflict((conflict) =>
        conflict.columns(['system_key', 'collection_id', 'item_id']).doUpdateSet((eb) => ({
          columns: eb.ref('excluded.columns'),
          deleted: eb.ref('excluded.deleted'),
          written_at: eb.ref('excluded.written_at'),
        })),
      )
      .execute()
  }
}

/** Of a collection that is gone. */
export async function forgetStamps(tx: SystemStore, collection: string): Promise<void> {
  await writerOf(tx)
    .deleteFrom('row_stamps')
    .where('system_key', '=', tx.key)
    .where('collection_id', '=', collection)
    .execute()
}
