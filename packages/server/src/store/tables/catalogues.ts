/** Further catalogues of packages, added to the node by their address. They are of no system, and go to no edge. */
import { databaseOf, type Store } from '../store.ts'

export type CatalogueRecord = { url: string; name: string; addedAt: number; addedBy: string }

/** Oldest first. */
export async function listCatalogues(store: Store): Promise<CatalogueRecord[]> {
  const rows = await databaseOf(store).selectFrom('catalogues').selectAll().orderBy('added_at').orderBy('url').execute()
  return rows.map((row) => ({ url: row.url, name: row.name, addedAt: row.added_at, addedBy: row.added_by }))
}

/** Adding one again changes its name alone. */
export async function putCatalogue(store: Store, { url, name, addedAt, addedBy }: CatalogueRecord): Promise<void> {
  await databaseOf(store)
    .insertInto('catalogues')
    .values({ url, name, added_at: addedAt, added_by: addedBy })
    .onConflict((conflict) => conflict.column('url').doUpdateSet({ name }))
    .execute()
}

/** False where there was none of that address. */
export async function deleteCatalogue(store: Store, url: string): Promise<boolean> {
  const result = await databaseOf(store).deleteFrom('catalogues').where('url', '=', url).executeTakeFirst()
  return result.numDeletedRows > 0n
}
