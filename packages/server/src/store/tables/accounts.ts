/**
 * What sign-in knows of a user: e-mail key, password hash, state. Profile columns live in the system's user table
 * (`collections.ts`, kind `users`); both are written in one transaction.
 */
import type { Kysely } from 'kysely'
import { prepared } from '../prepared.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, type SystemStore, writerOf } from '../store.ts'
import { emailKey } from './developers.ts'

export type AccountRecord = {
  userId: string
  emailKey: string
  /** Null for an account that cannot sign in with a password. */
  passwordHash: string | null
  passwordStamp: string
  passwordWeak: boolean
  disabled: boolean
  createdAt: number
  /** Why another password is asked for, and this one opens nothing although it may be right; null where it is good. */
  passwordVoid?: string | null
  /** On an edge: for how long it lets this user in by what it last knew, in seconds. */
  offlineLimit?: number | null
}

export async function insertAccount(store: SystemStore, account: AccountRecord): Promise<void> {
  await writerOf(store)
    .insertInto('accounts')
    .values({
      system_key: store.key,
      user_id: account.userId,
      email_key: account.emailKey,
      password_hash: account.passwordHash,
      password_stamp: account.passwordStamp,
      password_weak: account.passwordWeak ? 1 : 0,
      disabled: account.disabled ? 1 : 0,
      created_at: account.createdAt,
    })
    .execute()
  store.record({ kind: 'credential', id: account.userId, operation: 'put', columns: ['password', 'disabled'] })
}

/**
 * `hold` keeps the account as it is until the transaction ends, so that it cannot be switched off, or get another password,
 * between this look and a session that rests on it.
 */
export async function findAccount(
  store: SystemStore,
  by: { userId: string } | { email: string },
  { hold = false }: { hold?: boolean } = {},
): Promise<AccountRecord | undefined> {
  const { key } = store
  // SQLite has one writer, so there a transaction holds everything.
  const held = hold && dialectOf(store).kind === 'postgres'
  const [row] = await ('userId' in by
    ? (held ? heldById : byId)(store, { key, userId: by.userId })
    : (held ? heldByEmail : byEmail)(store, { key, email: emailKey(by.email) }))
  return (
    row && {
      userId: row.user_id,
      emailKey: row.email_key,
      passwordHash: row.password_hash,
      passwordStamp: row.password_stamp,
      passwordWeak: row.password_weak === 1,
      disabled: row.disabled === 1,
      createdAt: row.created_at,
      passwordVoid: row.password_void,
      offlineLimit: row.offline_limit,
    }
  )
}

const accountOf = (db: Kysely<Tables>, key: string) =>
  db.selectFrom('accounts').selectAll().where('system_key', '=', key)

type ById = { key: string; userId: string }
const byId = prepared((db, { key, userId }: ById) => accountOf(db, key).where('user_id', '=', userId))
const heldById = prepared((db, { key, userId }: ById) => accountOf(db, key).where('user_id', '=', userId).forShare())

type ByEmail = { key: string; email: string }
const byEmail = prepared((db, { key, email }: ByEmail) => accountOf(db, key).where('email_key', '=', email))
const heldByEmail = prepared((db, { key, email }: ByEmail) =>
  accountOf(db, key).where('email_key', '=', email).forShare(),
)

export async function updateAccount(
  store: SystemStore,
  userId: string,
  changes: {
    email?: string
    password?: { hash: string; stamp: string; weak: boolean }
    disabled?: boolean
  },
): Promise<void> {
  const columns = Object.entries(changes)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
  if (columns.length === 0) return
  const changed = await writerOf(store)
    .updateTable('accounts')
    .set({
      ...(changes.email !== undefined && { email_key: emailKey(changes.email) }),
      ...(changes.password !== undefined && {
        password_hash: changes.password.hash,
        password_stamp: changes.password.stamp,
        password_weak: changes.password.weak ? 1 : 0,
        password_void: null,
      }),
      ...(changes.disabled !== undefined && { disabled: changes.disabled ? 1 : 0 }),
    })
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .returning('user_id')
    .execute()
  if (changed.length > 0) store.record({ kind: 'credential', id: userId, operation: 'put', columns })
}

/**
 * The password as it is opens nothing any more, and nothing that rests on it. With `stamp` as after a new one. False where
 * there is no such account, or, with `ifGood`, where another is asked for already.
 */
export async function voidPassword(
  store: SystemStore,
  userId: string,
  { why, stamp, ifGood = false }: { why: string; stamp: string; ifGood?: boolean },
): Promise<boolean> {
  const changed = await writerOf(store)
    .updateTable('accounts')
    .set({ password_void: why, password_stamp: stamp })
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .$if(ifGood, (query) => query.where('password_void', 'is', null))
    .returning('user_id')
    .execute()
  if (changed.length > 0) store.record({ kind: 'credential', id: userId, operation: 'put', columns: ['password'] })
  return changed.length > 0
}

/**
 * A new password in the place of that of `stamp`, of an account that is not switched off; false where there is none. Of two at
 * once one is taken. With `ifVoid` only where another is asked for.
 */
export async function replacePassword(
  store: SystemStore,
  userId: string,
  next: { before: string; hash: string; stamp: string; ifVoid?: boolean },
): Promise<boolean> {
  const changed = await writerOf(store)
    .updateTable('accounts')
    .set({ password_hash: next.hash, password_stamp: next.stamp, password_weak: 0, password_void: null })
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .where('password_stamp', '=', next.before)
    .where('disabled', '=', 0)
    .$if(next.ifVoid === true, (query) => query.where('password_void', 'is not', null))
    .returning('user_id')
    .execute()
  if (changed.length > 0) store.record({ kind: 'credential', id: userId, operation: 'put', columns: ['password'] })
  return changed.length > 0
}

export async function deleteAccount(store: SystemStore, userId: string): Promise<boolean> {
  const deleted = await writerOf(store)
    .deleteFrom('accounts')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .returning('user_id')
    .execute()
  if (deleted.length > 0) store.record({ kind: 'credential', id: userId, operation: 'delete', columns: [] })
  return deleted.length > 0
}

export type AccountState = { weak: boolean; disabled: boolean; passwordVoid: string | null }

/** Which of these users have a password that a person should change, or has to, and which are switched off. */
export async function accountStates(store: SystemStore, userIds: string[]): Promise<Map<string, AccountState>> {
  const states = new Map<string, AccountState>()
  for (let start = 0; start < userIds.length; start += 1000) {
    const rows = await databaseOf(store)
      .selectFrom('accounts')
      .select(['user_id', 'password_weak', 'disabled', 'password_void'])
      .where('system_key', '=', store.key)
      .where('user_id', 'in', userIds.slice(start, start + 1000))
      .execute()
    for (const row of rows) {
      const { password_weak: weak, disabled, password_void: passwordVoid } = row
      states.set(row.user_id, { weak: weak === 1, disabled: disabled === 1, passwordVoid })
    }
  }
  return states
}
