/**
 * Sessions on their way down to an edge: reading them on the platform, and writing them on the edge, by the hash of their token. On
 * the edge they stand beside its own, told from them by their `place`. What was ended there stays ended, whatever comes down.
 */
import type { Kysely } from 'kysely'
import type { Tables } from '../schema.ts'
import { databaseOf, type SystemStore } from '../store.ts'
import { fromRow, type SessionRecord } from '../tables/sessions.ts'
import type { Group } from './groups.ts'

/** As far as it is asked whether a user may sign in at an edge. `isShut`: switched off, or without a good password. */
export type Signer = { id: string; emailKey: string; roles: string[]; isShut: boolean }

export async function readSigners(store: SystemStore, ids: readonly string[]): Promise<Signer[]> {
  if (ids.length === 0) return []
  const db = databaseOf(store)
  const accounts = await db
    .selectFrom('accounts')
    .select(['user_id', 'email_key', 'disabled', 'password_void'])
    .where('system_key', '=', store.key)
    .where('user_id', 'in', [...ids])
    .execute()
  const memberships = await db
    .selectFrom('memberships')
    .select(['user_id', 'role_id'])
    .where('system_key', '=', store.key)
    .where('user_id', 'in', [...ids])
    .execute()
  const byUser = Map.groupBy(memberships, ({ user_id }) => user_id)
  return accounts.map((account) => ({
    ...{ id: account.user_id, emailKey: account.email_key },
    roles: (byUser.get(account.user_id) ?? []).map(({ role_id }) => role_id),
    isShut: account.disabled === 1 || account.password_void !== null,
  }))
}

/** Of the users of one look, newest first: they go in one message, and a user may have any number. */
const mostOfUsers = 5_000

/** These, whether they are open or ended; or the open ones of these users. One that is over or not there is not answered. */
export async function readSessions(
  store: SystemStore,
  of: { ids: readonly string[] } | { userIds: readonly string[] },
  now: number,
): Promise<SessionRecord[]> {
  const values = 'ids' in of ? of.ids : of.userIds
  if (values.length === 0) return []
  const rows = await ofUsers(databaseOf(store), store.key, now)
    .where('ids' in of ? 'id' : 'subject_id', 'in', [...values])
    .$if('userIds' in of, (query) =>
      query.where('ended_at', 'is', null).orderBy('created_at', 'desc').limit(mostOfUsers),
    )
    .execute()
  return rows.map(fromRow)
}

/** The next ones in order of id: all that are open, and those that this edge made and that were ended since. */
export async function sessionsAfter(
  store: SystemStore,
  { after, edge, limit }: { after: string; edge: string; limit: number },
  now: number,
): Promise<SessionRecord[]> {
  const rows = await ofUsers(databaseOf(store), store.key, now)
    .where('id', '>', after)
    .where((eb) => eb.or([eb('ended_at', 'is', null), eb('place', '=', edge)]))
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(fromRow)
}

const ofUsers = (db: Kysely<Tables>, systemKey: string, now: number) =>
  db
    .selectFrom('sessions')
    .selectAll()
    .where('system_key', '=', systemKey)
    .where('kind', '=', 'user')
    .where('expires_at', '>', now)

/** Edges with open sessions. */
export async function placesOfSessions(store: SystemStore, now: number): Promise<string[]> {
  const rows = await ofUsers(databaseOf(store), store.key, now)
    .clearSelect()
    .select('place')
    .distinct()
    .where('place', 'is not', null)
    .where('ended_at', 'is', null)
    .execute()
  return rows.map(({ place }) => place!)
}

type Of<What extends Group['what']> = Extract<Group, { what: What }>

/** In the transaction of the frame. Nothing of it is told to the platform, which said it. */
export async function applySessions(
  { tx, now }: { tx: SystemStore; now: number },
  { put, gone, range }: Of<'sessions'>,
): Promise<void> {
  const db = databaseOf(tx)
  if (range !== null) {
    const named = new Set(put.map(({ id }) => id))
    let within = db.selectFrom('sessions').select('id').where('system_key', '=', tx.key).where('place', 'is not', null)
    within = within.where('id', '>', range.after)
    if (range.upTo !== null) within = within.where('id', '<=', range.upTo)
    for (const { id } of await within.execute()) {
      if (!named.has(id)) await db.deleteFrom('sessions').where('id', '=', id).execute()
    }
  }
  for (const { id, reason } of gone) {
    await db
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: reason })
      .where('id', '=', id)
      .where('system_key', '=', tx.key)
      .where('kind', '=', 'user')
      .where('ended_at', 'is', null)
      .execute()
  }
  for (const one of put) {
    const roles = one.roles === null ? null : JSON.stringify(one.roles)
    const changed = await db
      .updateTable('sessions')
      .set({ roles })
      .where('id', '=', one.id)
      .where('system_key', '=', tx.key)
      .where('place', '=', one.place)
      .returning('id')
      .execute()
    if (changed.length > 0) continue
    await db
      .insertInto('sessions')
      .values({
        ...{ id: one.id, token_hash: one.tokenHash, refresh_hash: null, family: one.id, kind: 'user' },
        ...{ system_key: tx.key, subject_id: one.userId, granted_by: one.grantedBy, factors: one.factors },
        ...{ created_at: one.createdAt, expires_at: one.expiresAt, refresh_until: null, address: '' },
        ...{ ended_at: null, end_reason: null, data_age: one.dataAge, place: one.place, roles },
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** By which roles what other edges made counts from now on. What is of an edge that is not named counts no more. */
export async function applyPlaces({ tx }: { tx: SystemStore }, { put }: Of<'places'>): Promise<void> {
  const db = databaseOf(tx)
  const ofOthers = await db
    .selectFrom('sessions')
    .select('place')
    .distinct()
    .where('system_key', '=', tx.key)
    .where('place', 'is not', null)
    .where('place', '!=', '')
    .execute()
  for (const { place } of ofOthers) {
    const roles = put.find((one) => one.place === place)?.roles
    if (roles === undefined)
      await db.deleteFrom('sessions').where('system_key', '=', tx.key).where('place', '=', place).execute()
    else
      await db
        .updateTable('sessions')
        .set({ roles: JSON.stringify(roles) })
        .where('system_key', '=', tx.key)
        .where('place', '=', place)
        .execute()
  }
}

/** Of a user who left the edge, or was switched off: what came down of his. What was made here is ended by whoever calls. */
export async function forgetSessionsFromElsewhere(tx: SystemStore, userId: string): Promise<void> {
  await databaseOf(tx)
    .deleteFrom('sessions')
    .where('system_key', '=', tx.key)
    .where('subject_id', '=', userId)
    .where('place', 'is not', null)
    .execute()
}
