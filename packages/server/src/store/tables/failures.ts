/**
 * The ledger of wrong passwords per account found, in budgets: one for each place that the account signed in from, and one
 * for all others. Developers' accounts stand under the system key `''`.
 */
import { prepared } from '../prepared.ts'
import { databaseOf, type Store } from '../store.ts'

/** Begins the id under which failures for an e-mail without an account stand. */
export const strangerPrefix = 'unknown '
/** Begins the place that is a remembered device; all others but `''` are keyed hashes of networks. */
export const devicePrefix = 'device '
/** Begins the place that is an edge, by whose word it was wrong there. */
export const edgePrefix = 'edge '

/** On an edge: what all other edges told. No edge has this name. */
export const elsewhere = `${edgePrefix}*`

export type FailureRecord = { count: number; lastAt: number; blockedUntil: number }

/** Whose budget: `place` is `''` for all places that the account never signed in from. */
export type Budget = { systemKey: string; accountId: string; place: string }

/** Those of these places that have one, and of all edges; `isKnown` where the account signed in from there. */
export async function findBudgets(
  store: Store,
  systemKey: string,
  accountId: string,
  places: readonly string[],
): Promise<(FailureRecord & { place: string; isKnown: boolean })[]> {
  const [first = '', second = first, third = second, ...more] = places
  if (more.length > 0) throw new Error('Budgets of three places are looked for at once, no more.')
  const rows = await budgetsOf(store, { systemKey, accountId, first, second, third })
  return rows.map(({ known_at, ...row }) => ({ ...row, isKnown: known_at !== null }))
}

type Budgets = { systemKey: string; accountId: string; first: string; second: string; third: string }
const budgetsOf = prepared((db, { systemKey, accountId, first, second, third }: Budgets) =>
  db
    .selectFrom('failures')
    .select(['place', 'count', 'last_at as lastAt', 'blocked_until as blockedUntil', 'known_at'])
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .where((eb) => eb.or([eb('place', 'in', [first, second, third]), eb('place', 'like', `${edgePrefix}%`)])),
)

/** Adds one in a single statement, so that parallel failures are all counted; answers the new count. */
export async function addFailure(store: Store, of: Budget, now: number, expiresAt: number): Promise<number> {
  const row = await databaseOf(store)
    .insertInto('failures')
    .values({
      ...{ system_key: of.systemKey, account_id: of.accountId, place: of.place },
      ...{ count: 1, last_at: now, blocked_until: 0, known_at: null, expires_at: expiresAt },
    })
    .onConflict((conflict) =>
      conflict.columns(['system_key', 'account_id', 'place']).doUpdateSet((eb) => ({
        count: eb('failures.count', '+', 1),
        last_at: now,
        // What is known of a place is kept for longer than what failed there.
        expires_at: eb
          .case()
          .when('failures.expires_at', '<', expiresAt)
          .then(eb.ref('excluded.expires_at'))
          .else(eb.ref('failures.expires_at'))
          .end(),
      })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return row.count
}

/**
 * Counts a try before it is made, in a single statement: of many that come at once, on whatever node, one makes it. False
 * where another came first, or the budget has to rest.
 */
export async function takeTry(
  store: Store,
  of: Budget,
  seen: { count: number },
  next: { blockedUntil: number },
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await databaseOf(store)
    .updateTable('failures')
    .set({ count: seen.count + 1, last_at: now, blocked_until: next.blockedUntil })
    .where('system_key', '=', of.systemKey)
    .where('account_id', '=', of.accountId)
    .where('place', '=', of.place)
    .where('count', '=', seen.count)
    .where('blocked_until', '<=', now)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Takes back what `takeTry` counted, unless another try came since. */
export async function giveTryBack(store: Store, of: Budget, seen: { count: number }, now: number): Promise<void> {
  await databaseOf(store)
    .updateTable('failures')
    .set({ count: seen.count, blocked_until: now })
    .where('system_key', '=', of.systemKey)
    .where('account_id', '=', of.accountId)
    .where('place', '=', of.place)
    .where('count', '=', seen.count + 1)
    .execute()
}

/** Never shortens a rest. */
export async function blockUntil(store: Store, of: Budget, until: number): Promise<void> {
  await databaseOf(store)
    .updateTable('failures')
    .set({ blocked_until: until })
    .where('system_key', '=', of.systemKey)
    .where('account_id', '=', of.accountId)
    .where('place', '=', of.place)
    .where('blocked_until', '<', until)
    .execute()
}

/** Of all places, or of one; that the account signed in from there stays known. False where there was nothing. */
export async function clearFailures(
  store: Store,
  systemKey: string,
  accountId: string,
  place?: string,
): Promise<boolean> {
  const { numUpdatedRows } = await databaseOf(store)
    .updateTable('failures')
    .set({ count: 0, blocked_until: 0 })
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .where('count', '>', 0)
    .$if(place !== undefined, (update) => update.where('place', '=', place!))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** With the places that it signed in from. */
export async function deleteFailures(store: Store, systemKey: string, accountId: string): Promise<void> {
  await databaseOf(store)
    .deleteFrom('failures')
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .execute()
}

/** Notes that the account signed in from there; writes once in `freshMs` at most. */
export async function notePlace(
  store: Store,
  of: Budget,
  times: { now: number; freshMs: number; expiresAt: number },
): Promise<void> {
  const { now, freshMs, expiresAt } = times
  const [fresh] = await knownSince(store, { ...of, since: now - freshMs })
  if (fresh !== undefined) return
  await databaseOf(store)
    .insertInto('failures')
    .values({
      ...{ system_key: of.systemKey, account_id: of.accountId, place: of.place },
      ...{ count: 0, last_at: now, blocked_until: 0, known_at: now, expires_at: expiresAt },
    })
    .onConflict((conflict) =>
      conflict
        .columns(['system_key', 'account_id', 'place'])
        .doUpdateSet({ known_at: now, last_at: now, expires_at: expiresAt }),
    )
    .execute()
}

const knownSince = prepared((db, { systemKey, accountId, place, since }: Budget & { since: number }) =>
  db
    .selectFrom('failures')
    .select('known_at')
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .where('place', '=', place)
    .where('known_at', '>', since),
)

/** Of these accounts, those with failures on record: over all places, and the longest rest of any. */
export async function listFailures(
  store: Store,
  systemKey: string,
  accountIds: string[],
): Promise<Map<string, FailureRecord>> {
  const found = new Map<string, FailureRecord>()
  for (let start = 0; start < accountIds.length; start += 1000) {
    const rows = await databaseOf(store)
      .selectFrom('failures')
      .select((eb) => [
        'account_id',
        eb.fn.sum<number | string>('count').as('count'),
        eb.fn.max('last_at').as('lastAt'),
        eb.fn.max('blocked_until').as('blockedUntil'),
      ])
      .where('system_key', '=', systemKey)
      .where('account_id', 'in', accountIds.slice(start, start + 1000))
      .where('count', '>', 0)
      .groupBy('account_id')
      .execute()
    for (const { account_id: id, count, lastAt, blockedUntil } of rows) {
      found.set(id, { count: Number(count), lastAt: Number(lastAt), blockedUntil: Number(blockedUntil) })
    }
  }
  return found
}

/** Of one account over all places, and the longest rest of any; undefined where none is on record. */
export async function findFailures(
  store: Store,
  systemKey: string,
  accountId: string,
): Promise<FailureRecord | undefined> {
  const [row] = await failuresOf(store, { systemKey, accountId })
  const count = Number(row?.count ?? 0)
  if (row === undefined || count === 0) return undefined
  return { count, lastAt: Number(row.lastAt), blockedUntil: Number(row.blockedUntil) }
}

const failuresOf = prepared((db, { systemKey, accountId }: Omit<Budget, 'place'>) =>
  db
    .selectFrom('failures')
    .select((eb) => [
      eb.fn.sum<number | string>('count').as('count'),
      eb.fn.max('last_at').as('lastAt'),
      eb.fn.max('blocked_until').as('blockedUntil'),
    ])
    .where('system_key', '=', systemKey)
    .where('account_id', '=', accountId)
    .where('count', '>', 0),
)

/** Accounts of a system that must wait at this moment, those that wait longest first. */
export async function waitingAccounts(store: Store, systemKey: string, now: number, limit: number): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('failures')
    .select((eb) => ['account_id as accountId', eb.fn.max('blocked_until').as('until')])
    .where('system_key', '=', systemKey)
    .where('blocked_until', '>', now)
    .where('account_id', 'not like', `${strangerPrefix}%`)
    .groupBy('account_id')
    .orderBy('until', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ accountId }) => accountId)
}

export type ToldFailures = { accountId: string; edge: string; count: number; lastAt: number }

/** By the word of edges, on the platform. */
export async function failuresAtEdges(
  store: Store,
  systemKey: string,
  accountIds: readonly string[],
): Promise<ToldFailures[]> {
  const rows = await databaseOf(store)
    .selectFrom('failures')
    .select(['account_id as accountId', 'place', 'count', 'last_at as lastAt'])
    .where('system_key', '=', systemKey)
    .where('account_id', 'in', [...accountIds])
    .where('place', 'like', `${edgePrefix}%`)
    .where('count', '>', 0)
    .execute()
  return rows.map(({ place, ...row }) => ({ ...row, edge: place.slice(edgePrefix.length) }))
}

/** On an edge: what came down takes the place of what was there. */
export async function putFailuresElsewhere(
  tx: Store,
  of: Omit<Budget, 'place'>,
  told: { count: number; lastAt: number } | null,
  lifeMs: number,
): Promise<void> {
  const db = databaseOf(tx)
  await db
    .deleteFrom('failures')
    .where('system_key', '=', of.systemKey)
    .where('account_id', '=', of.accountId)
    .where('place', '=', elsewhere)
    .execute()
  if (told === null) return
  await db
    .insertInto('failures')
    .values({
      ...{ system_key: of.systemKey, account_id: of.accountId, place: elsewhere, count: told.count },
      ...{ last_at: told.lastAt, blocked_until: 0, known_at: null, expires_at: told.lastAt + lifeMs },
    })
    .execute()
}

/** Failures and places that are of no interest any more. */
export async function deleteOldFailures(store: Store, now: number): Promise<void> {
  await databaseOf(store).deleteFrom('failures').where('expires_at', '<', now).execute()
}
