/** Accounts of an edge for the page on its own state, as rows on the edge, and their sessions. */
import { databaseOf, type Store } from '../store.ts'

export type EdgeAccount = { id: string; name: string; passwordHash: string; createdAt: number }

/** False where there is one of this name. */
export async function insertEdgeAccount(tx: Store, account: EdgeAccount): Promise<boolean> {
  const made = await databaseOf(tx)
    .insertInto('edge_accounts')
    .values({
      ...{ id: account.id, name: account.name },
      ...{ password_hash: account.passwordHash, created_at: account.createdAt },
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('id')
    .execute()
  return made.length > 0
}

export async function listEdgeAccounts(store: Store): Promise<EdgeAccount[]> {
  const rows = await databaseOf(store).selectFrom('edge_accounts').selectAll().orderBy('name').execute()
  return rows.map(fromRow)
}

const fromRow = (row: { id: string; name: string; password_hash: string; created_at: number }): EdgeAccount => ({
  ...{ id: row.id, name: row.name, passwordHash: row.password_hash, createdAt: row.created_at },
})

export async function findEdgeAccount(store: Store, name: string): Promise<EdgeAccount | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edge_accounts')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** With its sessions. False where there is none. */
export async function deleteEdgeAccount(tx: Store, name: string): Promise<boolean> {
  const [gone] = await databaseOf(tx).deleteFrom('edge_accounts').where('name', '=', name).returning('id').execute()
  if (gone === undefined) return false
  await databaseOf(tx).deleteFrom('edge_account_sessions').where('account_id', '=', gone.id).execute()
  return true
}

/** False where the account is gone, or has another password by now. */
export async function openEdgeAccountSession(
  tx: Store,
  { id, passwordHash }: Pick<EdgeAccount, 'id' | 'passwordHash'>,
  session: { tokenHash: string; expiresAt: number },
): Promise<boolean> {
  const db = databaseOf(tx)
  // Writing first holds the row.
  const held = await db
    .updateTable('edge_accounts')
    .set({ password_hash: passwordHash })
    .where('id', '=', id)
    .where('password_hash', '=', passwordHash)
    .returning('id')
    .execute()
  if (held.length === 0) return false
  const { tokenHash, expiresAt } = session
  await db
    .insertInto('edge_account_sessions')
    .values({ token_hash: tokenHash, account_id: id, expires_at: expiresAt })
    .execute()
  return true
}

/** The name of the account whose open session this is. */
export async function edgeAccountOf(store: Store, tokenHash: string, now: number): Promise<string | undefined> {
  const row = await databaseOf(store)
    .selectFrom('edge_account_sessions as session')
    .innerJoin('edge_accounts as account', 'account.id', 'session.account_id')
    .select('account.name')
    .where('session.token_hash', '=', tokenHash)
    .where('session.expires_at', '>', now)
    .executeTakeFirst()
  return row?.name
}

export async function endEdgeAccountSession(store: Store, tokenHash: string): Promise<void> {
  await databaseOf(store).deleteFrom('edge_account_sessions').where('token_hash', '=', tokenHash).execute()
}

export async function deleteOldEdgeAccountSessions(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('edge_account_sessions').where('expires_at', '<', before).execute()
}
