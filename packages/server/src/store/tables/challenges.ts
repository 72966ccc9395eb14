/** Challenges: what a user who proved the password is asked for. Each belongs to one attempt and is answered once. */
import type { Kysely } from 'kysely'
import { insertOne, prepared, preparedChange } from '../prepared.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, type Store, type SystemStore } from '../store.ts'

/** `resent`: another code took its place. `unsent`: no code went out. `tries`: too many wrong answers. `copied`: by a copy. */
/** `operator`: a restore, or another node key. */
export type ChallengeEnd = 'answered' | 'resent' | 'unsent' | 'tries' | 'copied' | 'operator'

export type ChallengeRecord = {
  id: string
  /** SHA-256 of the text that names it to the client. */
  handleHash: string
  userId: string
  /** Of passkeys, one of those that are asked for. */
  authenticatorId: string
  /** Keyed; the code, or what a passkey is to sign, is nowhere. Empty where there is none, and then it equals no code. */
  codeHash: string
  /** Of the password that was proved: another password since makes the answer worth nothing. */
  passwordStamp: string
  /** The service that asked, and alone may take the answer. */
  service: string
  /** Wrong answers to this code. */
  tries: number
  /** Codes sent in this attempt, this one included. */
  sends: number
  /** When the attempt began: it ends ten minutes later at the latest, however often a code is sent. */
  attemptAt: number
  createdAt: number
  expiresAt: number
}

export type FoundChallenge = ChallengeRecord & { endedAt: number | null; end: ChallengeEnd | null }

export async function insertChallenge(store: SystemStore, one: ChallengeRecord): Promise<void> {
  await insertOne(store, 'challenges', {
    id: one.id,
    handle_hash: one.handleHash,
    system_key: store.key,
    user_id: one.userId,
    authenticator_id: one.authenticatorId,
    code_hash: one.codeHash,
    password_stamp: one.passwordStamp,
    service: one.service,
    tries: one.tries,
    sends: one.sends,
    attempt_at: one.attemptAt,
    created_at: one.createdAt,
    expires_at: one.expiresAt,
    ended_at: null,
    end_reason: null,
  })
}

/** Held until the transaction ends: of many answers at once, one after the other is looked at. */
export const holdChallenge = (store: SystemStore, handleHash: string): Promise<FoundChallenge | undefined> =>
  findChallenge(store, handleHash, { hold: true })

export async function findChallenge(
  store: SystemStore,
  handleHash: string,
  { hold = false }: { hold?: boolean } = {},
): Promise<FoundChallenge | undefined> {
  // SQLite has one writer, so there a transaction holds everything.
  const find = hold && dialectOf(store).kind === 'postgres' ? byHandleForUpdate : byHandle
  const [row] = await find(store, { key: store.key, handleHash })
  return (
    row && {
      id: row.id,
      handleHash: row.handle_hash,
      userId: row.user_id,
      authenticatorId: row.authenticator_id,
      codeHash: row.code_hash,
      passwordStamp: row.password_stamp,
      service: row.service,
      tries: row.tries,
      sends: row.sends,
      attemptAt: row.attempt_at,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      endedAt: row.ended_at,
      end: row.end_reason as ChallengeEnd | null,
    }
  )
}

type ByHandle = { key: string; handleHash: string }
const ofHandle = (db: Kysely<Tables>, { key, handleHash }: ByHandle) =>
  db.selectFrom('challenges').selectAll().where('handle_hash', '=', handleHash).where('system_key', '=', key)
const byHandle = prepared(ofHandle)
const byHandleForUpdate = prepared((db, by: ByHandle) => ofHandle(db, by).forUpdate())

/** When the newest challenge that waits for an answer was made; undefined where none waits. */
export async function newestOpenChallenge(
  store: SystemStore,
  authenticatorId: string,
  now: number,
): Promise<number | undefined> {
  const row = await databaseOf(store)
    .selectFrom('challenges')
    .select('created_at')
    .where('system_key', '=', store.key)
    .where('authenticator_id', '=', authenticatorId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.created_at
}

/** The newest in the system that waits for an answer. */
export async function newestOpen(
  store: SystemStore,
  now: number,
): Promise<{ id: string; userId: string; authenticatorId: string } | undefined> {
  return databaseOf(store)
    .selectFrom('challenges')
    .select(['id', 'user_id as userId', 'authenticator_id as authenticatorId'])
    .where('system_key', '=', store.key)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .orderBy('attempt_at', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export async function countTry(store: SystemStore, id: string): Promise<void> {
  await databaseOf(store)
    .updateTable('challenges')
    .set((eb) => ({ tries: eb('tries', '+', 1) }))
    .where('id', '=', id)
    .where('system_key', '=', store.key)
    .execute()
}

/** False where it had ended before, or asks for another code: of many that try, one ends it. */
export async function endChallenge(
  store: SystemStore,
  { id, codeHash }: Pick<ChallengeRecord, 'id' | 'codeHash'>,
  end: ChallengeEnd,
  now: number,
): Promise<boolean> {
  return (await endOne(store, { key: store.key, id, codeHash, end, now })) > 0
}

type Ending = { key: string; id: string; codeHash: string; end: ChallengeEnd; now: number }
const endOne = preparedChange((db, { key, id, codeHash, end, now }: Ending) =>
  db
    .updateTable('challenges')
    .set({ ended_at: now, end_reason: end })
    .where('id', '=', id)
    .where('code_hash', '=', codeHash)
    .where('system_key', '=', key)
    .where('ended_at', 'is', null),
)

export async function deleteOldChallenges(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('challenges').where('expires_at', '<', before).execute()
}
