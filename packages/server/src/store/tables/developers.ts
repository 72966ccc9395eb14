/** Developers, and the one-time links that make one. */
import { sql } from 'kysely'
import { databaseOf, dialectOf, type Store } from '../store.ts'

export type DeveloperRecord = {
  id: string
  email: string
  passwordHash: string
  firstName: string
  lastName: string
  organisation: string
  admin: boolean
  disabled: boolean
  createdAt: number
  lastLoginAt: number | null
}

/** E-mail addresses are compared without regard to case. */
export const emailKey = (email: string): string => email.trim().toLowerCase()

export async function insertDeveloper(store: Store, developer: DeveloperRecord): Promise<void> {
  await databaseOf(store)
    .insertInto('developers')
    .values({
      id: developer.id,
      email: developer.email,
      email_key: emailKey(developer.email),
      password_hash: developer.passwordHash,
      first_name: developer.firstName,
      last_name: developer.lastName,
      organisation: developer.organisation,
      admin: developer.admin ? 1 : 0,
      disabled: developer.disabled ? 1 : 0,
      created_at: developer.createdAt,
      last_login_at: developer.lastLoginAt,
    })
    .execute()
}

/** `hold` keeps the account as it is until the transaction ends. */
export async function findDeveloper(
  store: Store,
  by: { id: string } | { email: string },
  { hold = false }: { hold?: boolean } = {},
): Promise<DeveloperRecord | undefined> {
  const query = databaseOf(store)
    .selectFrom('developers')
    .selectAll()
    // SQLite has one writer, so there a transaction holds everything.
    .$if(hold && dialectOf(store).kind === 'postgres', (select) => select.forUpdate())
  const row = await ('id' in by
    ? query.where('id', '=', by.id)
    : query.where('email_key', '=', emailKey(by.email))
  ).executeTakeFirst()
  return (
    row && {
      id: row.id,
      email: row.email,
      passwordHash: row.password_hash,
      firstName: row.first_name,
      lastName: row.last_name,
      organisation: row.organisation,
      admin: row.admin === 1,
      disabled: row.disabled === 1,
      createdAt: row.created_at,
      lastLoginAt: row.last_login_at,
    }
  )
}

export async function updateDeveloper(
  store: Store,
  id: string,
  changes: Partial<Pick<DeveloperRecord, 'passwordHash' | 'firstName' | 'lastName' | 'organisation' | 'lastLoginAt'>>,
): Promise<void> {
  await databaseOf(store)
    .updateTable('developers')
    .set({
      ...(changes.passwordHash !== undefined && { password_hash: changes.passwordHash }),
      ...(changes.firstName !== undefined && { first_name: changes.firstName }),
      ...(changes.lastName !== undefined && { last_name: changes.lastName }),
      ...(changes.organisation !== undefined && { organisation: changes.organisation }),
      ...(changes.lastLoginAt !== undefined && { last_login_at: changes.lastLoginAt }),
    })
    .where('id', '=', id)
    .execute()
}

/** In a transaction: until it ends nobody else makes a developer, so that of several at once only one is the first. */
export async function holdDevelopers(store: Store): Promise<void> {
  // SQLite has one writer, so there a transaction holds everything.
  if (dialectOf(store).kind !== 'postgres') return
  await sql`lock table developers in share row exclusive mode`.execute(databaseOf(store))
}

export async function countDevelopers(store: Store): Promise<number> {
  const row = await databaseOf(store)
    .selectFrom('developers')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

export async function insertInvitation(
  store: Store,
  invitation: { hash: string; kind: 'first' | 'developer'; createdAt: number; expiresAt: number },
): Promise<void> {
  await databaseOf(store)
    .insertInto('invitations')
    .values({
      hash: invitation.hash,
      kind: invitation.kind,
      created_at: invitation.createdAt,
      expires_at: invitation.expiresAt,
      used_at: null,
    })
    .execute()
}

/** Checks and spends an invitation in one statement; false for one that is unknown, spent or too old. */
export async function spendInvitation(
  store: Store,
  invitation: { hash: string; kind: 'first' | 'developer'; now: number },
): Promise<boolean> {
  const spent = await databaseOf(store)
    .updateTable('invitations')
    .set({ used_at: invitation.now })
    .where('hash', '=', invitation.hash)
    .where('kind', '=', invitation.kind)
    .where('used_at', 'is', null)
    .where('expires_at', '>', invitation.now)
    .returning('hash')
    .execute()
  return spent.length === 1
}
