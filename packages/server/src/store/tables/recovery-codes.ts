/** Recovery codes as rows: a public beginning, a slow hash of the whole, and when it was used. */
import { databaseOf, type SystemStore, writerOf } from '../store.ts'

export type RecoveryCodeRecord = {
  id: string
  authenticatorId: string
  /** The first letters: which code is meant. */
  selector: string
  /** argon2id of the whole code. */
  hash: string
}

/** The ones before are gone together with their authenticator. */
export async function insertRecoveryCodes(
  store: SystemStore,
  owner: { authenticatorId: string; userId: string },
  rows: readonly Pick<RecoveryCodeRecord, 'id' | 'selector' | 'hash'>[],
): Promise<void> {
  await writerOf(store)
    .insertInto('recovery_codes')
    .values(
      rows.map(({ id, selector, hash }) => ({
        id,
        system_key: store.key,
        user_id: owner.userId,
        authenticator_id: owner.authenticatorId,
        selector,
        code_hash: hash,
        used_at: null,
      })),
    )
    .execute()
}

/** Of those that were not used. */
export async function findRecoveryCode(
  store: SystemStore,
  authenticatorId: string,
  selector: string,
): Promise<Pick<RecoveryCodeRecord, 'id' | 'hash'> | undefined> {
  const row = await databaseOf(store)
    .selectFrom('recovery_codes')
    .select(['id', 'code_hash'])
    .where('system_key', '=', store.key)
    .where('authenticator_id', '=', authenticatorId)
    .where('selector', '=', selector)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return row && { id: row.id, hash: row.code_hash }
}

/** Checks and spends in one statement: false where it was used, or made void by new ones. */
export async function spendRecoveryCode(
  store: SystemStore,
  { id, authenticatorId }: Pick<RecoveryCodeRecord, 'id' | 'authenticatorId'>,
  now: number,
): Promise<boolean> {
  const [spent] = await databaseOf(store)
    .updateTable('recovery_codes')
    .set({ used_at: now })
    .where('system_key', '=', store.key)
    .where('authenticator_id', '=', authenticatorId)
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .returning('user_id')
    .execute()
  if (spent === undefined) return false
  if (store.tells) {
    const count = await countSpent(store, authenticatorId)
    store.tell({ kind: 'spent', user: spent.user_id, authenticator: authenticatorId, count })
  }
  return true
}

async function countSpent(store: SystemStore, authenticatorId: string): Promise<number> {
  const { count } = await databaseOf(store)
    .selectFrom('recovery_codes')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('system_key', '=', store.key)
    .where('authenticator_id', '=', authenticatorId)
    .where('used_at', 'is not', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function countRecoveryCodes(store: SystemStore, userId: string): Promise<number> {
  const { count } = await databaseOf(store)
    .selectFrom('recovery_codes')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}
