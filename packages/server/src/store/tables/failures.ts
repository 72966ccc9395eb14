/** The ledger of wrong passwords per account found. Developers' accounts stand under the system key `''`. */
import { databaseOf, type Store } from '../store.ts'

/** Begins the id under which failures for an e-mail without an account stand. */
export const strangerPrefix = 'unknown '

export type FailureRecord = { count: number; lastAt: number; blockedUntil: number }

export async function findFailures(
  store: Store,
  systemKey: string,
  accountId: string,
): Promise<FailureRecord | undefined> {
  return databaseOf(store)
    .selectFrom('failures')
    .select(['count', 'last_at as lastAt', 'blocked_until as blockedUntil'])
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .executeTakeFirst()
}

/** Adds one in a single statement, so that parallel failures are all counted; answers the new count. */
export async function addFailure(store: Store, systemKey: string, accountId: string, now: number): Promise<number> {
  const row = await databaseOf(store)
    .insertInto('failures')
    .values({ system_key: systemKey, account_id: accountId, count: 1, last_at: now, blocked_until: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(['system_key', 'account_id'])
        .doUpdateSet((eb) => ({ count: eb('failures.count', '+', 1), last_at: now })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return row.count
}

export async function blockUntil(store: Store, systemKey: string, accountId: string, until: number): Promise<void> {
  await databaseOf(store)
    .updateTable('failures')
    .set({ blocked_until: until })
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .execute()
}

export async function clearFailures(store: Store, systemKey: string, accountId: string): Promise<void> {
  await databaseOf(store)
    .deleteFrom('failures')
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .execute()
}

/** Of these accounts, those with failures on record. */
export async function listFailures(
  store: Store,
  systemKey: string,
  accountIds: string[],
): Promise<Map<string, FailureRecord>> {
  const found = new Map<string, FailureRecord>()
  for (let start = 0; start < accountIds.length; start += 1000) {
    const rows = await databaseOf(store)
      .selectFrom('failures')
      .select(['account_id', 'count', 'last_at as lastAt', 'blocked_until as blockedUntil'])
      .where('system_key', '=', systemKey)
      .where('account_id', 'in', accountIds.slice(start, start + 1000))
      .execute()
    for (const { account_id: id, ...record } of rows) found.set(id, record)
  }
  return found
}

/** Accounts of a system that must wait at this moment, those that wait longest first. */
export async function waitingAccounts(store: Store, systemKey: string, now: number, limit: number): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('failures')
    .select('account_id as accountId')
    .where('system_key', '=', systemKey)
    .where('blocked_until', '>', now)
    .where('account_id', 'not like', `${strangerPrefix}%`)
    .orderBy('blocked_until', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ accountId }) => accountId)
}

/** Failures for e-mails that nobody has: they are many and soon of no interest. */
export async function deleteOldStrangers(store: Store, before: number): Promise<void> {
  await databaseOf(store)
    .deleteFrom('failures')
    .where('account_id', 'like', `${strangerPrefix}%`)
    .where('last_at', '<', before)
    .execute()
}
