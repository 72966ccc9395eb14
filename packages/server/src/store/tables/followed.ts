/** Rows that developers follow as they come: which are new, by their ids alone, and then those. */
import { databaseOf, type SystemStore } from '../store.ts'

const tables = { 'sign-ins': 'sign_in_traces', 'failed-runs': 'failed_runs', inbox: 'inbox_messages' } as const

export type Followed = keyof typeof tables
export const followedKinds = Object.keys(tables) as Followed[]

/** Of those that are dated `since` or later, the newest `limit`, newest first. Milliseconds. */
export async function newestOf(
  store: SystemStore,
  what: Followed,
  { since, limit }: { since: number; limit: number },
): Promise<{ id: string; at: number }[]> {
  return (
    databaseOf(store)
      // They have these columns alike.
      .selectFrom(tables[what] as 'sign_in_traces')
      .select(['id', 'at'])
      .where('system_key', '=', store.key)
      .where('at', '>=', since)
      .orderBy('at', 'desc')
      .limit(limit)
      .execute()
  )
}

export type FollowedRow = { id: string; at: number } & Record<string, unknown>

/** In no order; without those that were removed meanwhile. */
export async function rowsOf(store: SystemStore, what: Followed, ids: readonly string[]): Promise<FollowedRow[]> {
  if (ids.length === 0) return []
  const db = databaseOf(store)
  if (what === 'inbox') {
    return db
      .selectFrom('inbox_messages')
      .select(['id', 'recipient as to', 'sender as from', 'body', 'at'])
      .where('system_key', '=', store.key)
      .where('id', 'in', ids)
      .execute()
  }
  if (what === 'failed-runs') {
    const rows = await db
      .selectFrom('failed_runs')
      .select(['id', 'at', 'record'])
      .where('system_key', '=', store.key)
      .where('id', 'in', ids)
      .execute()
    return rows.map(({ id, at, record }) => ({ ...JSON.parse(record), id, at }))
  }
  const rows = await db
    .selectFrom('sign_in_traces')
    .select(['id', 'at', 'decision', 'record'])
    .where('system_key', '=', store.key)
    .where('id', 'in', ids)
    .execute()
  return rows.map(({ id, at, decision, record }) => ({ ...JSON.parse(record), id, at, decision }))
}
