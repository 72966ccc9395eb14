/** On an edge: what was copied there once and does not follow, and for which deployment of it. */
import { databaseOf, type SystemStore } from '../store.ts'

export type CopyKind = 'collection' | 'row' | 'service' | 'library' | 'portal'

/** Never, where it follows. */
export async function isCopied(
  tx: SystemStore,
  kind: CopyKind,
  id: string,
  mark: string | undefined,
): Promise<boolean> {
  if (mark === undefined) return false
  const row = await databaseOf(tx)
    .selectFrom('copied')
    .select('mark')
    .where('system_key', '=', tx.key)
    .where('kind', '=', kind)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.mark === mark
}

/** Without a mark it follows from now on. */
export async function noteCopied(tx: SystemStore, kind: CopyKind, id: string, mark: string | undefined): Promise<void> {
  if (mark === undefined) return forgetCopies(tx, kind, [id])
  await databaseOf(tx)
    .insertInto('copied')
    .values({ system_key: tx.key, kind, id, mark })
    .onConflict((conflict) => conflict.columns(['system_key', 'kind', 'id']).doUpdateSet({ mark }))
    .execute()
}

/** They follow from now on, or are not there any more. */
export async function forgetCopies(tx: SystemStore, kind: CopyKind, ids: readonly string[]): Promise<void> {
  const db = databaseOf(tx)
  const one = await db.selectFrom('copied').select('id').where('system_key', '=', tx.key).limit(1).executeTakeFirst()
  if (one === undefined) return
  for (const id of ids) {
    const gone = db.deleteFrom('copied').where('system_key', '=', tx.key).where('kind', '=', kind)
    await gone.where('id', '=', id).execute()
  }
}

/** The collections are gone, with their rows. */
export async function forgetCollections(tx: SystemStore, ids: readonly string[]): Promise<void> {
  await forgetCopies(tx, 'collection', ids)
  for (const id of ids) {
    const rows = databaseOf(tx).deleteFrom('copied').where('system_key', '=', tx.key).where('kind', '=', 'row')
    await rows.where('id', 'like', `${id}/%`).execute()
  }
}

/** As `service NAME`. */
export async function listCopied(tx: SystemStore, kinds: readonly CopyKind[]): Promise<string[]> {
  const rows = await databaseOf(tx)
    .selectFrom('copied')
    .select(['kind', 'id'])
    .where('system_key', '=', tx.key)
    .where('kind', 'in', [...kinds])
    .execute()
  return rows.map(({ kind, id }) => `${kind} ${id}`)
}

/** Of rows that were copied and are not there, those that nobody deleted here. */
export async function lostRows(tx: SystemStore, collection: string, keys: readonly string[]): Promise<string[]> {
  const lost: string[] = []
  for (const key of keys) {
    const last = await databaseOf(tx)
      .selectFrom('changes')
      .select('operation')
      .where('system_key', '=', tx.key)
      .where('kind', '=', 'item')
      .where('id', '=', `${collection}/${key}`)
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (last?.operation !== 'delete') lost.push(key)
  }
  return lost
}

/** Keys of rows of this collection. */
export async function copiedRows(tx: SystemStore, collection: string): Promise<Set<string>> {
  const rows = await databaseOf(tx)
    .selectFrom('copied')
    .select('id')
    .where('system_key', '=', tx.key)
    .where('kind', '=', 'row')
    .where('id', 'like', `${collection}/%`)
    .execute()
  return new Set(rows.map(({ id }) => id.slice(collection.length + 1)))
}
