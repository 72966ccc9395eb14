/** Where an edge and somebody else had changed the same, and what was decided; rows that could not be written among them. */
import { uuid } from '../../base/ids.ts'
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type SyncConflict = {
  id: string
  at: number
  edge: string
  collectionId: string
  itemId: string
  rule: string
  /** Whose stands: `edge`, `platform`, `both`, `by column`; or `set aside`. */
  outcome: string
  detail: Record<string, unknown>
}

/** What is longer is told without its values. */
const longestDetail = 16 * 1024

export async function insertConflict(tx: SystemStore, one: Omit<SyncConflict, 'id'>): Promise<void> {
  const text = JSON.stringify(one.detail)
  const detail =
    text.length <= longestDetail ? text : JSON.stringify({ names: Object.keys(one.detail).slice(0, 100), cut: true })
  await databaseOf(tx)
    .insertInto('sync_conflicts')
    .values({
      ...{ system_key: tx.key, id: uuid(), at: one.at, edge: one.edge, collection_id: one.collectionId },
      ...{ item_id: one.itemId, rule: one.rule, outcome: one.outcome, detail },
    })
    .execute()
}

/** Newest first. */
export async function listConflicts(
  store: SystemStore,
  page: { limit: number; before?: number },
): Promise<SyncConflict[]> {
  const rows = await databaseOf(store)
    .selectFrom('sync_conflicts')
    .selectAll()
    .where('system_key', '=', store.key)
    .$if(page.before !== undefined, (select) => select.where('at', '<', page.before!))
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(page.limit)
    .execute()
  return rows.map((row) => ({
    ...{ id: row.id, at: row.at, edge: row.edge, collectionId: row.collection_id, itemId: row.item_id },
    ...{ rule: row.rule, outcome: row.outcome, detail: JSON.parse(row.detail) },
  }))
}

/** All of the system; answers how many. In a transaction. */
export async function deleteConflicts(tx: SystemStore): Promise<number> {
  const { numDeletedRows } = await databaseOf(tx)
    .deleteFrom('sync_conflicts')
    .where('system_key', '=', tx.key)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

export async function deleteOldConflicts(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('sync_conflicts').where('at', '<', before).execute()
}
