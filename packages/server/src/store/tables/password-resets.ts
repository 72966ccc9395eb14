/** Links by which users set a new password, as their hashes. Of an account there may be several; the first that is used ends all. */
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type ResetRecord = {
  /** SHA-256 of the token. */
  hash: string
  /** '' of one that was asked for by an e-mail that gets none: it is never found. */
  userId: string
  /** Of the password that it takes the place of. */
  passwordStamp: string
  createdAt: number
  expiresAt: number
}

export async function insertReset(store: SystemStore, one: ResetRecord): Promise<void> {
  await databaseOf(store)
    .insertInto('password_resets')
    .values({
      ...{ hash: one.hash, system_key: store.key, user_id: one.userId, password_stamp: one.passwordStamp },
      ...{ created_at: one.createdAt, expires_at: one.expiresAt },
    })
    .execute()
}

type Open = { hash: string; now: number }

/** Whose it is; undefined where it is spent, too old, of another system, or was never given. Decides nothing. */
export async function findReset(
  store: SystemStore,
  { hash, now }: Open,
): Promise<Pick<ResetRecord, 'userId' | 'passwordStamp'> | undefined> {
  const row = await databaseOf(store)
    .selectFrom('password_resets')
    .select(['user_id as userId', 'password_stamp as passwordStamp'])
    .where('system_key', '=', store.key)
    .where('hash', '=', hash)
    .where('user_id', '!=', '')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row
}

/** Checks and spends in one statement: of many that try at once, one has it. */
export async function spendReset(store: SystemStore, { hash, now }: Open): Promise<boolean> {
  const { numDeletedRows } = await databaseOf(store)
    .deleteFrom('password_resets')
    .where('system_key', '=', store.key)
    .where('hash', '=', hash)
    .where('user_id', '!=', '')
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

export async function deleteResets(store: SystemStore, userId: string): Promise<void> {
  await databaseOf(store)
    .deleteFrom('password_resets')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .execute()
}

export async function deleteOldResets(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('password_resets').where('expires_at', '<', before).execute()
}
