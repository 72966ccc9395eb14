/**
 * Recovery codes for this edge as they came down. What was spent here stays spent: a set that comes again, with a new first
 * sync or after its user was gone for a while, brings back none that was used.
 */
import { databaseOf, type SystemStore } from '../store.ts'
import type { UserState } from './groups.ts'

/** In a transaction; the authenticator of a set that is no more was taken away before. */
export async function putCodes(tx: SystemStore, { id: userId, codes: sets }: UserState): Promise<void> {
  const db = databaseOf(tx)
  const of = db.selectFrom('recovery_codes').select('authenticator_id').distinct().where('system_key', '=', tx.key)
  for (const { authenticator_id: id } of await of.where('user_id', '=', userId).execute()) {
    if (!sets.some((set) => set.id === id)) await voidCodes(tx, { userId, setId: id })
  }
  for (const { id, codes, madeAt } of sets) {
    await db
      .insertInto('authenticators')
      .values({
        ...{ id, system_key: tx.key, user_id: userId, kind: 'recovery', label: 'recovery codes', sealed: '' },
        ...{ state: 'bound', failures: 0, blocked_until: 0, bound_at: madeAt, bound_by: 'platform', used_at: null },
        ...{ last_step: 0, credential_hash: null, rp_id: null, sign_count: 0, backed_up: null },
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    for (const code of JSON.parse(codes) as { id: string; selector: string; hash: string }[]) {
      await db
        .insertInto('recovery_codes')
        .values({
          ...{ id: code.id, system_key: tx.key, user_id: userId, authenticator_id: id },
          ...{ selector: code.selector, code_hash: code.hash, used_at: null },
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  }
}

/** Of a set that is no more, or of a user who is gone: of what was spent it stays known that it was, and nothing else. */
export async function voidCodes(tx: SystemStore, { userId, setId }: { userId: string; setId?: string }): Promise<void> {
  const db = databaseOf(tx)
  let unspent = db.deleteFrom('recovery_codes').where('system_key', '=', tx.key).where('user_id', '=', userId)
  let spent = db.updateTable('recovery_codes').set({ code_hash: '' }).where('system_key', '=', tx.key)
  if (setId !== undefined) {
    unspent = unspent.where('authenticator_id', '=', setId)
    spent = spent.where('authenticator_id', '=', setId)
  }
  await unspent.where('used_at', 'is', null).execute()
  await spent.where('user_id', '=', userId).execute()
}
