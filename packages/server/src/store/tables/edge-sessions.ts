/**
 * Sessions that edges made, as rows of `sessions` on the platform: by the word of the edge, beside those that were made here and
 * told from them by their `place`. Whether one counts is found out when its token is used.
 */
import { databaseOf, dialectOf, type Store, type SystemStore, writerOf } from '../store.ts'
import { fromRow, recordSession, type SessionRecord } from './sessions.ts'

export type ToldSession = {
  id: string
  tokenHash: string
  userId: string
  grantedBy: string
  factors: string
  createdAt: number
  expiresAt: number
  dataAge: number | null
}

/**
 * In the transaction that takes what the edge told. `taken` where its id or token is that of another session, which stays as it is;
 * one that was told before stays as it is as well. With `endReason` it is over as it comes.
 */
export async function putEdgeSession(
  tx: SystemStore,
  edge: string,
  one: ToldSession,
  { now, endReason }: { now: number; endReason: string | undefined },
): Promise<'new' | 'known' | 'taken'> {
  const made = await writerOf(tx)
    .insertInto('sessions')
    .values({
      ...{ id: one.id, token_hash: one.tokenHash, refresh_hash: null, family: one.id, kind: 'user' },
      ...{ system_key: tx.key, subject_id: one.userId, granted_by: one.grantedBy, factors: one.factors },
      ...{ created_at: one.createdAt, expires_at: one.expiresAt, refresh_until: null, address: `edge ${edge}` },
      ...{ ended_at: endReason === undefined ? null : now, end_reason: endReason ?? null },
      ...{ data_age: one.dataAge, place: edge, roles: null },
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .execute()
  if (made.length > 0) {
    recordSession(tx.node, tx.key, one.id, ['session'])
    return 'new'
  }
  const known = await databaseOf(tx)
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', one.id)
    .where('token_hash', '=', one.tokenHash)
    .where('system_key', '=', tx.key)
    .where('subject_id', '=', one.userId)
    .where('place', '=', edge)
    .executeTakeFirst()
  return known === undefined ? 'taken' : 'known'
}

/** Whether this edge has told of it, ended or not. */
export async function isEdgeSession(
  store: SystemStore,
  edge: string,
  { id, userId }: { id: string; userId: string },
): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', id)
    .where('system_key', '=', store.key)
    .where('subject_id', '=', userId)
    .where('place', '=', edge)
    .executeTakeFirst()
  return row !== undefined
}

/** Those that were made there, newest first, ended or not; `most` at most. */
export async function listEdgeSessions(store: SystemStore, edge: string, most: number): Promise<SessionRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('sessions')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('place', '=', edge)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(most)
    .execute()
  return rows.map(fromRow)
}

/** That are open: of this user, or of all. */
export async function countEdgeSessions(
  store: SystemStore,
  edge: string,
  now: number,
  userId?: string,
): Promise<number> {
  const row = await databaseOf(store)
    .selectFrom('sessions')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .where('system_key', '=', store.key)
    .where('place', '=', edge)
    .$if(userId !== undefined, (query) => query.where('subject_id', '=', userId!))
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** Who has an open session that was made at an edge, and where; by user and edge once. */
export async function usersThroughEdges(store: SystemStore, now: number): Promise<{ userId: string; edge: string }[]> {
  const rows = await databaseOf(store)
    .selectFrom('sessions')
    .select(['subject_id as userId', 'place as edge'])
    .distinct()
    .where('system_key', '=', store.key)
    .where('place', 'is not', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .execute()
  return rows.map(({ userId, edge }) => ({ userId, edge: edge! }))
}

/** One that is open, whoever made it; held until the transaction ends. */
export async function holdUserSession(tx: SystemStore, id: string, now: number): Promise<SessionRecord | undefined> {
  const row = await databaseOf(tx)
    .selectFrom('sessions')
    .selectAll()
    .where('id', '=', id)
    .where('system_key', '=', tx.key)
    .where('kind', '=', 'user')
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(dialectOf(tx).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Keys of systems in which an edge made one that is open. */
export async function systemsWithEdgeSessions(store: Store, now: number): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('sessions')
    .select('system_key')
    .distinct()
    .where('place', 'is not', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .execute()
  return rows.map(({ system_key }) => system_key)
}

/** Open sessions of users that were made anywhere else, newest first. */
export async function openSessionsElsewhere(
  store: SystemStore,
  edge: string,
  { now, most }: { now: number; most: number },
): Promise<SessionRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('sessions')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('kind', '=', 'user')
    .where((eb) => eb.or([eb('place', 'is', null), eb('place', '!=', edge)]))
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(most)
    .execute()
  return rows.map(fromRow)
}
