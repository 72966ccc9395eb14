/** Sessions as rows: ended at once, on every node, by one update. Tokens are stored as hashes only. */
import { insertOne, prepared } from '../prepared.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, type Store, type SystemStore, writerOf } from '../store.ts'
import { findAccount } from './accounts.ts'

/** Sessions of users travel to edges, so their making and ending is in the change log; call these in a transaction. */
export const recordSession = (store: Store, systemKey: string, id: string, columns: string[]): void => {
  if (systemKey !== '') store.forSystem(systemKey).record({ kind: 'session', id, operation: 'put', columns })
}

export type SessionKind = 'user' | 'anonymous' | 'developer'

export type SessionRecord = {
  id: string
  tokenHash: string
  refreshHash: string | null
  family: string
  kind: SessionKind
  /** Empty for developers. */
  systemKey: string
  subjectId: string
  /** What let this session in: `password`, `anonymous`, `registration`, or `service:NAME` of the auth service. */
  grantedBy: string
  /** What its holder proved, as `password` or `password phone`; '' where nothing was. */
  factors: string
  createdAt: number
  expiresAt: number
  refreshUntil: number | null
  endedAt: number | null
  endReason: string | null
  address: string
  /** Of one that was opened at an edge: how old what it was decided on was, in milliseconds. */
  dataAge?: number | null
  /** Null or missing for one that was made here; else where it was: the name of an edge, or '' for the platform. */
  place?: string | null
  /** On an edge, of one that another edge made: ids of the roles that count through it; null for no such limit. */
  roles?: readonly string[] | null
}

export const fromRow = (row: Tables['sessions']): SessionRecord => ({
  id: row.id,
  tokenHash: row.token_hash,
  refreshHash: row.refresh_hash,
  family: row.family,
  kind: row.kind as SessionKind,
  systemKey: row.system_key,
  subjectId: row.subject_id,
  grantedBy: row.granted_by,
  factors: row.factors,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  refreshUntil: row.refresh_until,
  endedAt: row.ended_at,
  endReason: row.end_reason,
  address: row.address,
  dataAge: row.data_age,
  place: row.place,
  roles: row.roles === null ? null : JSON.parse(row.roles),
})

/** Of one that is made here. In a transaction. */
export async function insertSession(store: Store, session: SessionRecord): Promise<void> {
  // Refused outside a transaction: it goes into the change log.
  writerOf(store)
  await insertOne(store, 'sessions', {
    id: session.id,
    token_hash: session.tokenHash,
    refresh_hash: session.refreshHash,
    family: session.family,
    kind: session.kind,
    system_key: session.systemKey,
    subject_id: session.subjectId,
    granted_by: session.grantedBy,
    factors: session.factors,
    created_at: session.createdAt,
    expires_at: session.expiresAt,
    refresh_until: session.refreshUntil,
    ended_at: null,
    end_reason: null,
    address: session.address,
    data_age: session.dataAge ?? null,
  })
  if (session.kind !== 'user') return
  recordSession(store, session.systemKey, session.id, ['session'])
  const system = store.forSystem(session.systemKey)
  if (!system.tells) return
  // With the password that it rests on: one that was changed meanwhile ends it.
  const account = await findAccount(system, { userId: session.subjectId })
  system.tell({
    ...{ kind: 'session', user: session.subjectId, id: session.id, token_hash: session.tokenHash },
    ...{ granted_by: session.grantedBy, factors: session.factors, password_stamp: account?.passwordStamp ?? '' },
    ...{ created_at: session.createdAt, expires_at: session.expiresAt, data_age: session.dataAge ?? null },
  })
}

/** A session that may be used now, or undefined. */
export async function findLiveSession(
  store: Store,
  tokenHash: string,
  now: number,
): Promise<SessionRecord | undefined> {
  const [row] = await liveSession(store, { tokenHash, now })
  return row && fromRow(row)
}

const liveSession = prepared((db, { tokenHash, now }: { tokenHash: string; now: number }) =>
  db
    .selectFrom('sessions')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now),
)

/** Whether this session may be used now, by its id. */
export async function isOpenSession(
  store: Store,
  { id, subjectId }: Pick<SessionRecord, 'id' | 'subjectId'>,
  now: number,
): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', id)
    .where('subject_id', '=', subjectId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row !== undefined
}

/** What its holder proved here; undefined where this user has no such session open that was made here. */
export async function factorsOfSession(
  store: SystemStore,
  { userId, sessionId }: { userId: string; sessionId: string },
  now: number,
): Promise<string | undefined> {
  const row = await databaseOf(store)
    .selectFrom('sessions')
    .select('factors')
    .where('system_key', '=', store.key)
    .where('kind', '=', 'user')
    .where('subject_id', '=', userId)
    .where('id', '=', sessionId)
    .where('place', 'is', null)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row?.factors
}

/** How old what this session was decided on was; null where it was opened by who knew. */
export async function dataAgeOfSession(store: SystemStore, id: string): Promise<number | null> {
  const [row] = await dataAgeOf(store, { key: store.key, id })
  return row?.data_age ?? null
}

const dataAgeOf = prepared((db, { key, id }: { key: string; id: string }) =>
  db.selectFrom('sessions').select('data_age').where('system_key', '=', key).where('id', '=', id),
)

/** Whether this session is neither ended nor over. Held until the transaction ends: it cannot end beside it. */
export async function holdLiveSession(store: Store, id: string, now: number): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(dialectOf(store).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Whatever state it is in: a second use of a refresh token must be told from an unknown one. Held until the transaction ends,
 * so that of two uses at once the later one sees what the earlier one did.
 */
export async function findSessionByRefresh(store: Store, refreshHash: string): Promise<SessionRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('sessions')
    .selectAll()
    .where('refresh_hash', '=', refreshHash)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(dialectOf(store).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return row && fromRow(row)
}

export type EndSessions = {
  kind?: SessionKind
  subjectId?: string
  family?: string
  id?: string
  tokenHash?: string
  systemKey: string
  /** Sessions to spare: those granted by this. */
  exceptGrantedBy?: string
  exceptId?: string
  /** Only those whose holder proved this factor, as `totp`. */
  factor?: string
  /** Only those that were made there; null for here. */
  place?: string | null
}

/** All of one user or of everybody, but for the one that may stay. */
const isAllOf = ({ kind, family, id, tokenHash, exceptGrantedBy, factor, place }: EndSessions): boolean =>
  kind === 'user' && [family, id, tokenHash, exceptGrantedBy, factor, place].every((one) => one === undefined)

/** An edge that is dark tells of its sessions later. */
async function noteEnd(store: Store, { systemKey, subjectId = '' }: EndSessions, now: number): Promise<void> {
  if (store.forSystem(systemKey).tells) return
  await writerOf(store)
    .insertInto('session_ends')
    .values({ system_key: systemKey, user_id: subjectId, at: now })
    .onConflict((conflict) => conflict.columns(['system_key', 'user_id']).doUpdateSet({ at: now }))
    .execute()
}

/** Whether all sessions of this user were ended after that time. */
export async function endedSince(store: SystemStore, userId: string, time: number): Promise<boolean> {
  const row = await databaseOf(store)
    .selectFrom('session_ends')
    .select('at')
    .where('system_key', '=', store.key)
    .where('user_id', 'in', ['', userId])
    .where('at', '>=', time)
    .executeTakeFirst()
  return row !== undefined
}

/** In a transaction: ends the sessions that match and are still open; answers how many those were. */
export async function endSessions(store: Store, which: EndSessions, now: number, reason: string): Promise<number> {
  let query = writerOf(store)
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('ended_at', 'is', null)
    .where('system_key', '=', which.systemKey)
  if (which.kind !== undefined) query = query.where('kind', '=', which.kind)
  if (which.subjectId !== undefined) query = query.where('subject_id', '=', which.subjectId)
  if (which.family !== undefined) query = query.where('family', '=', which.family)
  if (which.id !== undefined) query = query.where('id', '=', which.id)
  if (which.tokenHash !== undefined) query = query.where('token_hash', '=', which.tokenHash)
  if (which.exceptGrantedBy !== undefined) query = query.where('granted_by', '!=', which.exceptGrantedBy)
  if (which.exceptId !== undefined) query = query.where('id', '!=', which.exceptId)
  if (which.factor !== undefined) query = query.where('factors', 'like', `%${which.factor}%`)
  if (which.place === null) query = query.where('place', 'is', null)
  else if (which.place !== undefined) query = query.where('place', '=', which.place)
  const ended = await query.returning(['id', 'kind', 'system_key', 'subject_id']).execute()
  if (isAllOf(which)) await noteEnd(store, which, now)
  for (const { id, kind, system_key: systemKey, subject_id: user } of ended) {
    if (kind !== 'user') continue
    recordSession(store, systemKey, id, ['ended'])
    store.forSystem(systemKey).tell({ kind: 'ended', user, id, reason })
  }
  return ended.length
}

export async function listSessions(
  store: SystemStore,
  which: { kind: SessionKind; now: number; subjectId?: string },
): Promise<SessionRecord[]> {
  let query = databaseOf(store)
    .selectFrom('sessions')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('kind', '=', which.kind)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', which.now)
    .orderBy('created_at')
  if (which.subjectId !== undefined) query = query.where('subject_id', '=', which.subjectId)
  return (await query.execute()).map(fromRow)
}

/** The newest session of a user that was made here, whether it is still open or not. */
export async function lastSession(
  store: SystemStore,
  userId: string,
): Promise<Pick<SessionRecord, 'createdAt' | 'address' | 'factors'> | undefined> {
  const [row] = await newestSession(store, { key: store.key, userId })
  return row
}

const newestSession = prepared((db, { key, userId }: { key: string; userId: string }) =>
  db
    .selectFrom('sessions')
    .select(['created_at as createdAt', 'address', 'factors'])
    .where('system_key', '=', key)
    .where('kind', '=', 'user')
    .where('subject_id', '=', userId)
    // What an edge says of a sign-in is its word alone.
    .where('place', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(1),
)

/** Rows that nobody can use any more, a while after they ended: a spent refresh token is remembered until then. */
export async function deleteOldSessions(store: Store, before: number): Promise<void> {
  await databaseOf(store)
    .deleteFrom('sessions')
    .where('expires_at', '<', before)
    .where((eb) => eb.or([eb('refresh_until', 'is', null), eb('refresh_until', '<', before)]))
    .execute()
}
