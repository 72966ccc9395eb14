/**
 * On the platform: that a user has recovery codes for one edge, and their hashes as that edge alone can read them. Nothing
 * here can be compared with a code; at the edge they are ordinary rows of `recovery-codes.ts`.
 */
import { databaseOf, type SystemStore, writerOf } from '../store.ts'

export type EdgeCodesRecord = {
  id: string
  userId: string
  edge: string
  /** Sealed to the edge's key. */
  codes: string
  madeAt: number
  madeBy: string
  /** How many were used, by the word of the edge. */
  spent: number
}

/** Those before for the same place are gone, here and, with the next change, there. */
export async function putEdgeCodes(store: SystemStore, record: Omit<EdgeCodesRecord, 'spent'>): Promise<void> {
  const { id, userId, edge, codes, madeAt, madeBy } = record
  await deleteEdgeCodes(store, { userId, edge })
  await writerOf(store)
    .insertInto('edge_recovery_codes')
    .values({ id, system_key: store.key, user_id: userId, edge, codes, made_at: madeAt, made_by: madeBy })
    .execute()
  noteChange(store, userId)
}

export async function listEdgeCodes(store: SystemStore, userIds: readonly string[]): Promise<EdgeCodesRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('edge_recovery_codes')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('user_id', 'in', [...userIds])
    .orderBy('edge')
    .execute()
  return rows.map((row) => ({
    ...{ id: row.id, userId: row.user_id, edge: row.edge, codes: row.codes },
    ...{ madeAt: row.made_at, madeBy: row.made_by, spent: row.spent },
  }))
}

/** By the word of the edge that has them: never fewer than before, nor of a set that is another's. */
export async function raiseSpent(
  tx: SystemStore,
  which: { id: string; userId: string; edge: string },
  count: number,
): Promise<void> {
  await databaseOf(tx)
    .updateTable('edge_recovery_codes')
    .set({ spent: count })
    .where('system_key', '=', tx.key)
    .where('id', '=', which.id)
    .where('user_id', '=', which.userId)
    .where('edge', '=', which.edge)
    .where('spent', '<', count)
    .execute()
}

/** Of one user, of one edge, or both; by its id one alone. Answers whose they were. */
export async function deleteEdgeCodes(
  store: SystemStore,
  { userId, edge, id }: { userId?: string; edge?: string; id?: string },
): Promise<string[]> {
  let query = writerOf(store).deleteFrom('edge_recovery_codes').where('system_key', '=', store.key)
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  if (edge !== undefined) query = query.where('edge', '=', edge)
  if (id !== undefined) query = query.where('id', '=', id)
  const gone = (await query.returning('user_id').execute()).map((row) => row.user_id)
  for (const one of gone) noteChange(store, one)
  return gone
}

const noteChange = (store: SystemStore, userId: string): void =>
  store.record({ kind: 'authenticator', id: userId, operation: 'put', columns: ['bound'] })
