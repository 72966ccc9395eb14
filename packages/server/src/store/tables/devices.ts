/** Devices that users are remembered on. The token is a hash here; a row ends with the factors and the password it rests on. */
import { databaseOf, dialectOf, type Store, type SystemStore, writerOf } from '../store.ts'

export type DeviceRecord = {
  id: string
  userId: string
  tokenHash: string
  /** Of the password that was proved: with another one since it is worth nothing. */
  passwordStamp: string
  createdAt: number
  expiresAt: number
  usedAt: number | null
  /** What the client said it was, for people. */
  userAgent: string
}

const columns = [
  'id',
  'user_id as userId',
  'token_hash as tokenHash',
  'password_stamp as passwordStamp',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'used_at as usedAt',
  'user_agent as userAgent',
] as const

/** False where one of this id is there: of many that try at once, one makes it. */
export async function insertDevice(store: SystemStore, one: Omit<DeviceRecord, 'usedAt'>): Promise<boolean> {
  const row = await writerOf(store)
    .insertInto('remembered_devices')
    .values({
      id: one.id,
      system_key: store.key,
      user_id: one.userId,
      token_hash: one.tokenHash,
      password_stamp: one.passwordStamp,
      created_at: one.createdAt,
      expires_at: one.expiresAt,
      used_at: null,
      user_agent: one.userAgent,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function findDevice(store: SystemStore, tokenHash: string): Promise<DeviceRecord | undefined> {
  return databaseOf(store)
    .selectFrom('remembered_devices')
    .select(columns)
    .where('system_key', '=', store.key)
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
}

/** Held until the transaction ends: nobody takes it away while it is looked at. */
export async function holdDevice(store: SystemStore, tokenHash: string): Promise<DeviceRecord | undefined> {
  return (
    databaseOf(store)
      .selectFrom('remembered_devices')
      .select(columns)
      .where('system_key', '=', store.key)
      .where('token_hash', '=', tokenHash)
      // SQLite has one writer, so there a transaction holds everything.
      .$if(dialectOf(store).kind === 'postgres', (select) => select.forUpdate())
      .executeTakeFirst()
  )
}

/** Newest first. */
export async function listDevices(store: SystemStore, userId: string): Promise<DeviceRecord[]> {
  return databaseOf(store)
    .selectFrom('remembered_devices')
    .select(columns)
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
}

export async function markDeviceUsed(store: SystemStore, id: string, now: number): Promise<void> {
  await databaseOf(store)
    .updateTable('remembered_devices')
    .set({ used_at: now })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .execute()
}

/** Of one user, all or those of these ids; answers how many. */
export async function deleteDevices(store: SystemStore, userId: string, ids?: readonly string[]): Promise<number> {
  let query = writerOf(store)
    .deleteFrom('remembered_devices')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
  if (ids !== undefined) query = query.where('id', 'in', ids)
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows)
}

export async function deleteOldDevices(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('remembered_devices').where('expires_at', '<', before).execute()
}
