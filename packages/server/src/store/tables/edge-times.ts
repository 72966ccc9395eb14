/** On an edge, one row: how far its clock and what it knows of users can be believed. What that means is `edge/edge-clock.ts`. */
import { databaseOf, type Store } from '../store.ts'

/** Milliseconds; `identityAt` null before everything of the identity lane was here once. */
export type EdgeTimes = { seenAt: number; platformAt: number; identityAt: number | null; doubt: string }

export async function readEdgeTimes(store: Store, systemKey: string): Promise<EdgeTimes | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edge_times')
    .selectAll()
    .where('system_key', '=', systemKey)
    .executeTakeFirst()
  return row && { seenAt: row.seen_at, platformAt: row.platform_at, identityAt: row.identity_at, doubt: row.doubt }
}

export async function writeEdgeTimes(store: Store, systemKey: string, times: EdgeTimes): Promise<void> {
  const { seenAt, platformAt, identityAt, doubt } = times
  const facts = { seen_at: seenAt, platform_at: platformAt, identity_at: identityAt, doubt }
  await databaseOf(store)
    .insertInto('edge_times')
    .values({ system_key: systemKey, ...facts })
    .onConflict((conflict) => conflict.column('system_key').doUpdateSet(facts))
    .execute()
}
