/** On the platform: changes that users asked for at an edge. Nothing happens by them until a developer decides. */
import { uuid } from '../../base/ids.ts'
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type RequestState = 'open' | 'approved' | 'turned down'

export type EdgeRequest = {
  id: string
  edge: string
  userId: string
  changes: Record<string, unknown>
  askedAt: number
  state: RequestState
  decidedAt: number | null
  decidedBy: string | null
}

export async function insertRequest(
  tx: SystemStore,
  { id = uuid(), ...one }: Pick<EdgeRequest, 'edge' | 'userId' | 'changes' | 'askedAt'> & { id?: string },
): Promise<void> {
  await databaseOf(tx)
    .insertInto('edge_requests')
    .values({
      ...{ id, system_key: tx.key, edge: one.edge, user_id: one.userId, asked_at: one.askedAt },
      ...{ changes: JSON.stringify(one.changes), state: 'open', decided_at: null, decided_by: null },
    })
    .execute()
}

/** Of one edge, and of these of one user. */
export async function countOpenRequests(
  store: SystemStore,
  edge: string,
  userId: string,
): Promise<{ ofEdge: number; ofUser: number }> {
  const row = await databaseOf(store)
    .selectFrom('edge_requests')
    .select((eb) => [
      eb.fn.countAll<number | string>().as('ofEdge'),
      eb.fn.sum<number | string | null>(eb.case().when('user_id', '=', userId).then(1).else(0).end()).as('ofUser'),
    ])
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow()
  return { ofEdge: Number(row.ofEdge), ofUser: Number(row.ofUser ?? 0) }
}

/** Those that are open first, of alike ones the newest. */
export async function listRequests(
  store: SystemStore,
  which: { edge?: string; state?: RequestState },
  limit: number,
): Promise<EdgeRequest[]> {
  const rows = await databaseOf(store)
    .selectFrom('edge_requests')
    .selectAll()
    .where('system_key', '=', store.key)
    .$if(which.edge !== undefined, (select) => select.where('edge', '=', which.edge!))
    .$if(which.state !== undefined, (select) => select.where('state', '=', which.state!))
    .orderBy((eb) => eb.case().when('state', '=', 'open').then(0).else(1).end())
    .orderBy('asked_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    ...{ id: row.id, edge: row.edge, userId: row.user_id, changes: JSON.parse(row.changes), askedAt: row.asked_at },
    ...{ state: row.state as RequestState, decidedAt: row.decided_at, decidedBy: row.decided_by },
  }))
}

/** In the transaction that makes it so. Undefined where it is not open any more: of two who decide at once, one does. */
export async function decideRequest(
  tx: SystemStore,
  { edge, id }: { edge: string; id: string },
  state: Exclude<RequestState, 'open'>,
  { at, by }: { at: number; by: string },
): Promise<{ userId: string; changes: Record<string, unknown> } | undefined> {
  const [row] = await databaseOf(tx)
    .updateTable('edge_requests')
    .set({ state, decided_at: at, decided_by: by })
    .where('system_key', '=', tx.key)
    .where('edge', '=', edge)
    .where('id', '=', id)
    .where('state', '=', 'open')
    .returning(['user_id', 'changes'])
    .execute()
  return row && { userId: row.user_id, changes: JSON.parse(row.changes) }
}

export async function hasRequest(store: SystemStore, { edge, id }: { edge: string; id: string }): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('edge_requests')
    .select('id')
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

export async function deleteOldRequests(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('edge_requests').where('asked_at', '<', before).execute()
}
