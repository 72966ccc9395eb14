/** Unsaved portals that somebody looks at. Tokens are hashes here; a row is worth nothing once its time is over. */
import { databaseOf, type Store, type SystemStore, writerOf } from '../store.ts'

export type PortalDraft = { tokenHash: string; name: string; config: string; createdAt: number; expiresAt: number }

/** Takes away all but the newest of this system, so that `most` stay. */
export async function putPortalDraft(store: SystemStore, draft: PortalDraft, most: number): Promise<void> {
  const db = writerOf(store)
  const older = await db
    .selectFrom('portal_drafts')
    .select('token_hash')
    .where('system_key', '=', store.key)
    .orderBy('created_at', 'desc')
    .offset(most - 1)
    .limit(1000)
    .execute()
  if (older.length > 0) {
    const hashes = older.map(({ token_hash }) => token_hash)
    await db.deleteFrom('portal_drafts').where('token_hash', 'in', hashes).execute()
  }
  await db
    .insertInto('portal_drafts')
    .values({
      token_hash: draft.tokenHash,
      system_key: store.key,
      name: draft.name,
      config: draft.config,
      created_at: draft.createdAt,
      expires_at: draft.expiresAt,
    })
    .execute()
}

/** The config as a text. */
export async function findPortalDraft(
  store: SystemStore,
  { tokenHash, name, now }: { tokenHash: string; name: string; now: number },
): Promise<string | undefined> {
  const row = await databaseOf(store)
    .selectFrom('portal_drafts')
    .select('config')
    .where('system_key', '=', store.key)
    .where('token_hash', '=', tokenHash)
    .where('name', '=', name)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row?.config
}

/** Those that are over, of all systems. */
export async function deleteOldDrafts(store: Store, now: number): Promise<void> {
  await databaseOf(store).deleteFrom('portal_drafts').where('expires_at', '<=', now).execute()
}
