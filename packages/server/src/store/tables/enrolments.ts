/**
 * On the way to an authenticator: the one-time code by which a developer vouches for whoever binds one, and what was begun
 * and not confirmed. Of both a user has one at most; a new one takes the place of the one before.
 */
import { databaseOf, dialectOf, type Store, type SystemStore, writerOf } from '../store.ts'

export type EnrolmentRecord = {
  userId: string
  /** SHA-256 of the code. */
  hash: string
  createdAt: number
  createdBy: string
  expiresAt: number
}

export async function putEnrolment(store: SystemStore, one: EnrolmentRecord): Promise<void> {
  const row = {
    code_hash: one.hash,
    created_at: one.createdAt,
    created_by: one.createdBy,
    expires_at: one.expiresAt,
  }
  await writerOf(store)
    .insertInto('enrolments')
    .values({ system_key: store.key, user_id: one.userId, ...row })
    .onConflict((conflict) => conflict.columns(['system_key', 'user_id']).doUpdateSet(row))
    .execute()
}

/** For whom and by whom this code was made; undefined where it is replaced, spent or too old. */
export async function findEnrolment(
  store: SystemStore,
  hash: string,
  now: number,
): Promise<Pick<EnrolmentRecord, 'userId' | 'createdBy'> | undefined> {
  const row = await databaseOf(store)
    .selectFrom('enrolments')
    .select(['user_id', 'created_by'])
    .where('system_key', '=', store.key)
    .where('code_hash', '=', hash)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row && { userId: row.user_id, createdBy: row.created_by }
}

/** Checks and spends in one statement. */
export async function spendEnrolment(
  store: SystemStore,
  { userId, hash }: Pick<EnrolmentRecord, 'userId' | 'hash'>,
  now: number,
): Promise<boolean> {
  const { numDeletedRows } = await writerOf(store)
    .deleteFrom('enrolments')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .where('code_hash', '=', hash)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

export type PendingRecord = {
  /** Becomes the id of the authenticator, for which the value is sealed. */
  id: string
  userId: string
  kind: 'totp' | 'passkey' | 'phone'
  sealed: string
  /** The enrolment or session that began it, and alone may confirm it. */
  begunBy: string
  failures: number
  createdAt: number
  expiresAt: number
}

export async function putPending(store: SystemStore, one: PendingRecord): Promise<void> {
  const row = {
    id: one.id,
    kind: one.kind,
    sealed: one.sealed,
    begun_by: one.begunBy,
    failures: one.failures,
    created_at: one.createdAt,
    expires_at: one.expiresAt,
  }
  await writerOf(store)
    .insertInto('pending_authenticators')
    .values({ system_key: store.key, user_id: one.userId, ...row })
    .onConflict((conflict) => conflict.columns(['system_key', 'user_id']).doUpdateSet(row))
    .execute()
}

/** `hold` keeps it as it is until the transaction ends. */
export async function findPending(
  store: SystemStore,
  userId: string,
  now: number,
  { hold = false }: { hold?: boolean } = {},
): Promise<PendingRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('pending_authenticators')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    // SQLite has one writer, so there a transaction holds everything.
    .$if(hold && dialectOf(store).kind === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst()
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      kind: row.kind as PendingRecord['kind'],
      sealed: row.sealed,
      begunBy: row.begun_by,
      failures: row.failures,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }
  )
}

export async function countPendingFailure(store: SystemStore, id: string): Promise<void> {
  await databaseOf(store)
    .updateTable('pending_authenticators')
    .set((eb) => ({ failures: eb('failures', '+', 1) }))
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .execute()
}

/** False where there was none, or one of another kind. */
export async function deletePending(
  store: SystemStore,
  userId: string,
  kind?: PendingRecord['kind'],
): Promise<boolean> {
  const { numDeletedRows } = await writerOf(store)
    .deleteFrom('pending_authenticators')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .$if(kind !== undefined, (remove) => remove.where('kind', '=', kind!))
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

export async function deleteOldEnrolments(store: Store, before: number): Promise<void> {
  for (const table of ['enrolments', 'pending_authenticators'] as const) {
    await databaseOf(store).deleteFrom(table).where('expires_at', '<', before).execute()
  }
}
