/**
 * What a user holds beside password and app, as it came down to this edge: passkeys, that there is a phone, and recovery codes for
 * this edge. In the transaction; what the user holds no more was taken away before. What was spent or closed here stays so: a
 * set of codes that comes again, with a new first sync or after its user was gone for a while, brings back none that was used.
 */
import { databaseOf, type SystemStore } from '../store.ts'
import { endSessions } from '../tables/sessions.ts'
import type { UserState } from './groups.ts'

const fresh = { failures: 0, blocked_until: 0, used_at: null, last_step: 0 } as const
const noPasskey = { credential_hash: null, rp_id: null, sign_count: 0, backed_up: null } as const

export async function putHeld(tx: SystemStore, user: UserState, now: number): Promise<void> {
  await putPhones(tx, user)
  await putPasskeys(tx, user, now)
  await putCodes(tx, user)
}

/** Most often without its number, which only an edge with a gateway of its own needs. */
async function putPhones(tx: SystemStore, { id: userId, phones }: UserState): Promise<void> {
  for (const { id, label, boundAt, sealed } of phones) {
    await databaseOf(tx)
      .insertInto('authenticators')
      .values({
        ...{ id, system_key: tx.key, user_id: userId, kind: 'phone', label, sealed, state: 'bound' },
        ...{ bound_at: boundAt, bound_by: 'platform', ...fresh, ...noPasskey },
      })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({ user_id: userId, kind: 'phone', bound_at: boundAt, label, sealed }),
      )
      .execute()
  }
}

/** A counter is a maximum: one that stands higher here has been seen here. */
async function putPasskeys(tx: SystemStore, { id: userId, passkeys }: UserState, now: number): Promise<void> {
  const db = databaseOf(tx)
  for (const { id, label, sealed, state, boundAt, credentialHash, rpId, signCount, backedUp } of passkeys) {
    const before = await db
      .selectFrom('authenticators')
      .select(['state', 'sign_count'])
      .where('system_key', '=', tx.key)
      .where('id', '=', id)
      .executeTakeFirst()
    const facts = {
      ...{ user_id: userId, kind: 'passkey', bound_at: boundAt },
      ...{ label, sealed, rp_id: rpId, credential_hash: credentialHash, backed_up: Number(backedUp) },
      sign_count: Math.max(before?.sign_count ?? 0, signCount),
      state: before?.state === 'disabled' ? 'disabled' : state,
    }
    if (before?.state === 'bound' && state === 'disabled') {
      const made = { systemKey: tx.key, kind: 'user' as const, place: null }
      const which = { ...made, subjectId: userId, factor: 'passkey' }
      await endSessions(tx.node, which, now, 'the passkey was switched off')
    }
    // On the platform it is bound once; whoever held it here before holds it no more.
    await db
      .deleteFrom('authenticators')
      .where('system_key', '=', tx.key)
      .where('credential_hash', '=', credentialHash)
      .where('id', '!=', id)
      .execute()
    if (before !== undefined) {
      await db.updateTable('authenticators').set(facts).where('id', '=', id).execute()
      continue
    }
    await db
      .insertInto('authenticators')
      .values({ ...{ id, system_key: tx.key, bound_by: 'platform' }, ...{ ...fresh, ...facts } })
      .execute()
  }
}

async function putCodes(tx: SystemStore, { id: userId, codes: sets }: UserState): Promise<void> {
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
        ...{ state: 'bound', bound_at: madeAt, bound_by: 'platform', ...fresh, ...noPasskey },
      })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({ user_id: userId, kind: 'recovery', bound_at: madeAt }),
      )
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
