/** What the platform knows by the word of its edges: how far it has taken it, sessions that were made there, steps taken there. */
import { sql } from 'kysely'
import { day } from '../../base/clock.ts'
import { databaseOf, dialectOf, type Store, type SystemStore } from '../store.ts'
import type { UpCursor } from '../up/facts.ts'

export type UpLane = 'facts' | 'rows'

/** How long a step is of interest: longer than an edge may be away without being thought lost. */
const stepsKept = 90 * day
/** RFC 6238: a step is half a minute. */
const stepMs = 30_000

/** Undefined where nothing was taken yet. */
export async function upCursor(store: SystemStore, edge: string, lane: UpLane): Promise<UpCursor | undefined> {
  return databaseOf(store)
    .selectFrom('edge_cursors')
    .select(['incarnation', 'position'])
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('lane', '=', lane)
    .executeTakeFirst()
}

/** In the transaction that takes what lies between. False where it stands elsewhere: another link was quicker, or a part is missing. */
export async function moveUpCursor(
  tx: SystemStore,
  { edge, lane }: { edge: string; lane: UpLane },
  from: UpCursor | null,
  to: UpCursor,
): Promise<boolean> {
  const db = databaseOf(tx)
  if (from === null) {
    const made = await db
      .insertInto('edge_cursors')
      .values({ system_key: tx.key, edge, lane, ...to })
      .onConflict((conflict) => conflict.columns(['system_key', 'edge', 'lane']).doNothing())
      .returning('edge')
      .execute()
    return made.length > 0
  }
  const moved = await db
    .updateTable('edge_cursors')
    .set(to)
    .where('system_key', '=', tx.key)
    .where('edge', '=', edge)
    .where('lane', '=', lane)
    .where('incarnation', '=', from.incarnation)
    .where('position', '=', from.position)
    .returning('edge')
    .execute()
  return moved.length > 0
}

/** Held until the transaction ends. False where the edge was removed, or has opened another link since. */
export async function holdEdge(tx: Store, { publicKey, number }: { publicKey: string; number: number }) {
  const row = await databaseOf(tx)
    .selectFrom('edges')
    .select('name')
    .where('public_key', '=', publicKey)
    .where('link_number', '=', number)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(dialectOf(tx).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return row !== undefined
}

/** Sessions that it told of, and that were open there by what it told. */
export async function countEdgeSessions(store: SystemStore, edge: string, now: number): Promise<number> {
  const row = await databaseOf(store)
    .selectFrom('edge_sessions')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** Of an edge that is removed: another of its name begins anew. */
export async function forgetEdgeWords(tx: SystemStore, edge: string): Promise<void> {
  for (const table of ['edge_cursors', 'edge_sessions'] as const) {
    await databaseOf(tx).deleteFrom(table).where('system_key', '=', tx.key).where('edge', '=', edge).execute()
  }
}

export type EdgeSession = {
  id: string
  userId: string
  grantedBy: string
  factors: string
  createdAt: number
  expiresAt: number
  endedAt: number | null
  endReason: string | null
}

/** One that is known already stays as it is. */
export async function putEdgeSession(
  tx: SystemStore,
  edge: string,
  one: Omit<EdgeSession, 'endedAt' | 'endReason'>,
): Promise<void> {
  await databaseOf(tx)
    .insertInto('edge_sessions')
    .values({
      ...{ system_key: tx.key, edge, id: one.id, user_id: one.userId, granted_by: one.grantedBy },
      ...{ factors: one.factors, created_at: one.createdAt, expires_at: one.expiresAt },
      ...{ ended_at: null, end_reason: null },
    })
    .onConflict((conflict) => conflict.columns(['system_key', 'edge', 'id']).doNothing())
    .execute()
}

/** Those of this user that are not ended: one at one edge, or all that rest on a factor, wherever they are. */
export async function endEdgeSessions(
  tx: SystemStore,
  which: { userId: string } & ({ edge: string; id: string } | { factor: string }),
  now: number,
  reason: string,
): Promise<void> {
  await databaseOf(tx)
    .updateTable('edge_sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('system_key', '=', tx.key)
    .where('user_id', '=', which.userId)
    .where('ended_at', 'is', null)
    .$if('edge' in which, (update) => {
      const { edge, id } = which as { edge: string; id: string }
      return update.where('edge', '=', edge).where('id', '=', id)
    })
    .$if('factor' in which, (update) => update.where('factors', 'like', `%${(which as { factor: string }).factor}%`))
    .execute()
}

/** Newest first. */
export async function listEdgeSessions(store: SystemStore, edge: string, limit: number): Promise<EdgeSession[]> {
  return databaseOf(store)
    .selectFrom('edge_sessions')
    .select(['id', 'user_id as userId', 'granted_by as grantedBy', 'factors', 'created_at as createdAt'])
    .select(['expires_at as expiresAt', 'ended_at as endedAt', 'end_reason as endReason'])
    .where('system_key', '=', store.key)
    .where('edge', '=', edge)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** A step that was taken here. Without edges there is nobody to compare it with. */
export async function noteOwnStep(store: SystemStore, authenticator: string, step: number): Promise<void> {
  if (store.key === '') return
  const [system, id, taken] = [sql.val(store.key), sql.val(authenticator), sql.lit(step)]
  await sql`insert into taken_steps (system_key, authenticator_id, step, place)
    select ${system}, ${id}, ${taken}, '' where exists (select 1 from edges where system_key = ${system})
    on conflict do nothing`.execute(databaseOf(store))
}

/** In the transaction that holds the authenticator. Answers the other places where this step was taken before. */
export async function noteStepAt(
  tx: SystemStore,
  authenticator: string,
  step: number,
  edge: string,
): Promise<string[]> {
  const db = databaseOf(tx)
  const made = await db
    .insertInto('taken_steps')
    .values({ system_key: tx.key, authenticator_id: authenticator, step, place: edge })
    .onConflict((conflict) => conflict.columns(['system_key', 'authenticator_id', 'step', 'place']).doNothing())
    .returning('place')
    .execute()
  if (made.length === 0) return []
  const others = await db
    .selectFrom('taken_steps')
    .select('place')
    .where('system_key', '=', tx.key)
    .where('authenticator_id', '=', authenticator)
    .where('step', '=', step)
    .where('place', '!=', edge)
    .execute()
  return others.map(({ place }) => place)
}

export async function deleteOldEdgeWords(store: Store, now: number): Promise<void> {
  await databaseOf(store)
    .deleteFrom('edge_sessions')
    .where('expires_at', '<', now - 30 * day)
    .execute()
  await databaseOf(store)
    .deleteFrom('taken_steps')
    .where('step', '<', Math.floor((now - stepsKept) / stepMs))
    .execute()
  // Whoever was away for longer than this may bring a deleted row back.
  await databaseOf(store)
    .deleteFrom('row_stamps')
    .where('deleted', 'is not', null)
    .where('written_at', '<', now - stepsKept)
    .execute()
}
