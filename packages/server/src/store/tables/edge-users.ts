/** Whose password hash and authenticators were ever sent to which edge: what is void when the edge is lost. On the platform. */
import { databaseOf, type SystemStore } from '../store.ts'

const atOnce = 500

/** Those that this edge was not sent before. */
export async function notSentYet(store: SystemStore, edge: string, userIds: readonly string[]): Promise<string[]> {
  if (userIds.length === 0) return []
  const rows = await databaseOf(store)
    .selectFrom('edge_users')
    .select('user_id')
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('user_id', 'in', [...userIds])
    .execute()
  const sent = new Set(rows.map((row) => row.user_id))
  return userIds.filter((id) => !sent.has(id))
}

/** In the transaction that holds the edge, before they are sent. */
export async function noteSentUsers(
  tx: SystemStore,
  edge: string,
  userIds: readonly string[],
  now: number,
): Promise<void> {
  for (let start = 0; start < userIds.length; start += atOnce) {
    await databaseOf(tx)
      .insertInto('edge_users')
      .values(
        userIds
          .slice(start, start + atOnce)
          .map((user_id) => ({ system_key: tx.key, edge, user_id, sent_at: now, gone_at: null })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

export async function sentUsers(store: SystemStore, edge: string): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('edge_users')
    .select('user_id')
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .orderBy('user_id')
    .execute()
  return rows.map((row) => row.user_id)
}

/** Of a user who is deleted: where he was known stays so for a while, since an edge may not have heard of it. */
export async function noteUserGone(tx: SystemStore, userId: string, now: number): Promise<void> {
  await databaseOf(tx)
    .updateTable('edge_users')
    .set({ gone_at: now })
    .where('system_key', '=', tx.key)
    .where('user_id', '=', userId)
    .execute()
}

export async function forgetSentUsers(tx: SystemStore, edge: string): Promise<void> {
  await databaseOf(tx).deleteFrom('edge_users').where('system_key', '=', tx.key).where('edge', '=', edge).execute()
}

/** Since when this user was known at this edge; undefined where he never was. */
export async function sentAt(store: SystemStore, edge: string, userId: string): Promise<number | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edge_users')
    .select('sent_at')
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row?.sent_at
}
