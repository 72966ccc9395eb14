/** The one link of an edge to its platform, as a row on the edge. */
import type { Cursor, Cursors, Lane } from '../down/groups.ts'
import { databaseOf, type Store, type SystemStore, writerOf } from '../store.ts'

export type PlatformLink = {
  systemKey: string
  edgeName: string
  sealed: string
  /** '' before the edge was enrolled, or at least tried to be. */
  platformKey: string
  enrolled: boolean
  linkNumber: number
  cursors: Cursors
}

/** Of this database; a platform has none. */
export async function findPlatformLink(store: Store): Promise<PlatformLink | undefined> {
  const row = await databaseOf(store).selectFrom('platform_links').selectAll().executeTakeFirst()
  return (
    row && {
      ...{ systemKey: row.system_key, edgeName: row.edge_name, sealed: row.sealed, platformKey: row.platform_key },
      ...{ enrolled: row.enrolled === 1, linkNumber: row.link_number, cursors: JSON.parse(row.cursors) },
    }
  )
}

export async function insertPlatformLink(
  store: Store,
  link: Pick<PlatformLink, 'systemKey' | 'edgeName' | 'sealed'>,
): Promise<void> {
  await databaseOf(store)
    .insertInto('platform_links')
    .values({
      ...{ system_key: link.systemKey, edge_name: link.edgeName, sealed: link.sealed },
      ...{ platform_key: '', enrolled: 0, link_number: 0, cursors: '{}' },
    })
    .execute()
}

/** Of an edge that was never enrolled: it holds nothing else yet. */
export async function deletePlatformLink(store: Store): Promise<void> {
  await databaseOf(store).deleteFrom('platform_links').where('enrolled', '=', 0).execute()
}

/** The number of the next link, kept before it is used. */
export async function nextLinkNumber(store: Store): Promise<number> {
  const row = await databaseOf(store)
    .updateTable('platform_links')
    .set((eb) => ({ link_number: eb('link_number', '+', 1) }))
    .returning('link_number')
    .executeTakeFirstOrThrow()
  return row.link_number
}

/** From now on it links to the holder of this key alone. */
export async function pinPlatform(store: Store, platformKey: string): Promise<void> {
  await databaseOf(store).updateTable('platform_links').set({ platform_key: platformKey, enrolled: 1 }).execute()
}

/** In the transaction that writes what it stands for. */
export async function writeCursor(tx: SystemStore, lane: Lane, cursor: Cursor): Promise<void> {
  const link = await findPlatformLink(tx.node)
  if (link === undefined) throw new Error('This database is not that of an edge.')
  await writerOf(tx)
    .updateTable('platform_links')
    .set({ cursors: JSON.stringify({ ...link.cursors, [lane]: cursor }) })
    .where('system_key', '=', tx.key)
    .execute()
}

/** Everything of the lane is to come anew. In a transaction. */
export async function dropCursor(tx: SystemStore, lane: Lane): Promise<void> {
  const link = await findPlatformLink(tx.node)
  const { [lane]: _, ...cursors } = link?.cursors ?? {}
  await writerOf(tx)
    .updateTable('platform_links')
    .set({ cursors: JSON.stringify(cursors) })
    .where('system_key', '=', tx.key)
    .execute()
}

/** What a platform has and an edge never does. */
export async function holdsDevelopers(store: Store): Promise<boolean> {
  const row = await databaseOf(store).selectFrom('developers').select('id').limit(1).executeTakeFirst()
  return row !== undefined
}
