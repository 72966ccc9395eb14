/** Recorded sign-ins as rows: few of each system, none for long. What is in one is decided by the engine. */
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type RecordedRow = { id: string; at: number; record: Record<string, unknown> }

/** Adds one, and takes away what is over `keep` rows or `bytes` together with it, the oldest first. */
export async function insertRecorded(
  store: SystemStore,
  one: RecordedRow & { expiresAt: number },
  bounds: { keep: number; bytes: number },
): Promise<void> {
  const record = JSON.stringify(one.record)
  const bytes = Buffer.byteLength(record)
  await store.transaction(async (tx) => {
    const db = databaseOf(tx)
    const { id, at, expiresAt: expires_at } = one
    await db
      .insertInto('recorded_sign_ins')
      .values({ id, system_key: store.key, at, expires_at, bytes, record })
      .execute()
    const kept = await db
      .selectFrom('recorded_sign_ins')
      .select(['id', 'bytes'])
      .where('system_key', '=', store.key)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .execute()
    let left = bounds.bytes
    const over = kept.filter((row, index) => {
      left -= row.bytes
      return index >= bounds.keep || left < 0
    })
    if (over.length === 0) return
    const ids = over.map((row) => row.id)
    await db.deleteFrom('recorded_sign_ins').where('system_key', '=', store.key).where('id', 'in', ids).execute()
  })
}

/** Newest first. */
export async function listRecorded(store: SystemStore, limit: number, now: number): Promise<RecordedRow[]> {
  const rows = await databaseOf(store)
    .selectFrom('recorded_sign_ins')
    .select(['id', 'at', 'record'])
    .where('system_key', '=', store.key)
    .where('expires_at', '>', now)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id, at, record }) => ({ id, at, record: JSON.parse(record) }))
}

/** Answers how many there were. */
export async function clearRecorded(store: SystemStore): Promise<number> {
  const gone = databaseOf(store).deleteFrom('recorded_sign_ins').where('system_key', '=', store.key)
  return Number((await gone.executeTakeFirstOrThrow()).numDeletedRows)
}

export async function deleteOldRecorded(store: Store, now: number): Promise<void> {
  await databaseOf(store).deleteFrom('recorded_sign_ins').where('expires_at', '<=', now).execute()
}
