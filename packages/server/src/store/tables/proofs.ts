/** Proofs: what a service holds after a password was right. Redeemed once, by sign-in alone. */
import { insertOne, prepared } from '../prepared.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, type Store, type SystemStore } from '../store.ts'

export type ProofRecord = {
  hash: string
  userId: string
  /**
   * `password` where one was checked, `challenge` where a second factor was as well, `grant` where the auth service vouched
   * for the user itself, `device` where a remembered device stood in for the second factor.
   */
  origin: 'password' | 'challenge' | 'grant' | 'device'
  /** What was proved, as `password` or `password phone`. */
  factors: string
  service: string
  runId: string
  passwordStamp: string
  createdAt: number
  expiresAt: number
}

export async function insertProof(store: SystemStore, proof: ProofRecord): Promise<void> {
  await insertOne(store, 'proofs', {
    hash: proof.hash,
    system_key: store.key,
    user_id: proof.userId,
    origin: proof.origin,
    factors: proof.factors,
    service: proof.service,
    run_id: proof.runId,
    password_stamp: proof.passwordStamp,
    created_at: proof.createdAt,
    expires_at: proof.expiresAt,
    redeemed_at: null,
  })
}

/** Checks and spends in one statement: of many that try at once, one gets the proof. */
export async function redeemProof(
  store: SystemStore,
  hash: string,
  now: number,
): Promise<Pick<ProofRecord, 'userId' | 'origin' | 'factors' | 'service' | 'passwordStamp'> | undefined> {
  const [row] = await redeem(store, { key: store.key, hash, now })
  return row && proofOf(row)
}

const redeem = prepared((db, { key, hash, now }: { key: string; hash: string; now: number }) =>
  db
    .updateTable('proofs')
    .set({ redeemed_at: now })
    .where('hash', '=', hash)
    .where('system_key', '=', key)
    .where('redeemed_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['user_id', 'origin', 'factors', 'service', 'password_stamp']),
)

const proofOf = (row: Pick<Tables['proofs'], 'user_id' | 'origin' | 'factors' | 'service' | 'password_stamp'>) => ({
  userId: row.user_id,
  origin: row.origin as ProofRecord['origin'],
  factors: row.factors,
  service: row.service,
  passwordStamp: row.password_stamp,
})

/** What a proof that may still be redeemed says; decides nothing about who is let in. */
export async function findOpenProof(
  store: SystemStore,
  hash: string,
  now: number,
): Promise<Pick<ProofRecord, 'userId' | 'origin' | 'factors' | 'service' | 'passwordStamp'> | undefined> {
  const row = await databaseOf(store)
    .selectFrom('proofs')
    .select(['user_id', 'origin', 'factors', 'service', 'password_stamp'])
    .where('hash', '=', hash)
    .where('system_key', '=', store.key)
    .where('redeemed_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row && proofOf(row)
}

/** Why a text could not be redeemed, for the trace; never used to decide. */
export async function proofState(
  store: SystemStore,
  hash: string,
  now: number,
): Promise<'unknown' | 'spent' | 'expired' | 'open'> {
  const row = await databaseOf(store)
    .selectFrom('proofs')
    .select(['redeemed_at', 'expires_at'])
    .where('hash', '=', hash)
    .where('system_key', '=', store.key)
    .executeTakeFirst()
  if (row === undefined) return 'unknown'
  if (row.redeemed_at !== null) return 'spent'
  return row.expires_at <= now ? 'expired' : 'open'
}

export async function deleteOldProofs(store: Store, before: number): Promise<void> {
  await databaseOf(store).deleteFrom('proofs').where('expires_at', '<', before).execute()
}
