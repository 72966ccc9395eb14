/** How sign-ins by one state of an auth service's code ended. One row for each account, so whoever tries again counts once. */
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type VersionOutcome = {
  code: string
  accountId: string
  erred: 'no' | 'claimed' | 'proven'
  /** Keyed hash of where it came from. */
  addressHash: string
}

const levels = { no: 0, claimed: 1, proven: 2 } as const

/** What erred before `since` is forgotten as soon as the account is seen again. */
export async function noteVersionOutcome(
  store: SystemStore,
  { code, accountId, erred, addressHash }: VersionOutcome,
  now: number,
  since: number,
): Promise<void> {
  const level = levels[erred]
  const erredAt = level === 0 ? 0 : now
  await databaseOf(store)
    .insertInto('version_outcomes')
    .values({
      system_key: store.key,
      code,
      account_id: accountId,
      at: now,
      erred: level,
      erred_at: erredAt,
      address_hash: addressHash,
    })
    .onConflict((conflict) =>
      conflict.columns(['system_key', 'code', 'account_id']).doUpdateSet((eb) => {
        const worse = eb.or([eb('version_outcomes.erred_at', '<', since), eb('version_outcomes.erred', '<=', level)])
        return {
          at: now,
          erred: eb.case().when(worse).then(eb.lit(level)).else(eb.ref('version_outcomes.erred')).end(),
          erred_at: eb.case().when(worse).then(erredAt).else(eb.ref('version_outcomes.erred_at')).end(),
          address_hash: eb.case().when(worse).then(addressHash).else(eb.ref('version_outcomes.address_hash')).end(),
        }
      }),
    )
    .execute()
}

/**
 * Accounts seen since then, and of them those for which the code erred. Where no password had been proved, all that came
 * from one address count as one: a stranger with a list of e-mails is one stranger.
 */
export async function tallyVersionOutcomes(
  store: SystemStore,
  code: string,
  since: number,
): Promise<{ seen: number; erred: number }> {
  const rows = await databaseOf(store)
    .selectFrom((eb) =>
      eb
        .selectFrom('version_outcomes')
        .select((row) => [
          'address_hash',
          row.case().when('erred_at', '>=', since).then(row.ref('erred')).else(row.lit(levels.no)).end().as('level'),
        ])
        .where('system_key', '=', store.key)
        .where('code', '=', code)
        .where('at', '>=', since)
        .as('lately'),
    )
    .select((eb) => [
      'level',
      eb.fn.countAll<number | string>().as('accounts'),
      eb.fn.count<number | string>('address_hash').distinct().as('addresses'),
    ])
    .groupBy('level')
    .execute()
  const of = (level: number, by: 'accounts' | 'addresses'): number =>
    Number(rows.find((row) => row.level === level)?.[by] ?? 0)
  const erred = of(levels.proven, 'accounts') + of(levels.claimed, 'addresses')
  return { seen: of(levels.no, 'accounts') + erred, erred }
}

/** Of one state of the code, or of all but one. */
export async function deleteVersionOutcomes(
  store: SystemStore,
  which: { code: string } | { not: string },
): Promise<void> {
  await databaseOf(store)
    .deleteFrom('version_outcomes')
    .where('system_key', '=', store.key)
    .where('code', 'code' in which ? '=' : '!=', 'code' in which ? which.code : which.not)
    .execute()
}

export async function deleteOldVersionOutcomes(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('version_outcomes').where('at', '<', before).execute()
}
