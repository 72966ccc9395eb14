/**
 * Proofs: inside a run, a proven password is a text that acts as that user within its own run and opens nothing else. Only
 * sign-in turns one into a session, once.
 */
import { minute } from '../../base/clock.ts'
import { bearerToken } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import type { SystemStore } from '../../store/store.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import { isRunAs } from '../../store/tables/code.ts'
import { insertProof, type ProofRecord, proofState, redeemProof } from '../../store/tables/proofs.ts'
import type { SystemScope, SystemSettings } from '../access/scope.ts'
import { askedWhy } from '../accounts/new-password.ts'

/** As long as a challenge may live (NIST SP 800-63B-4 §3.1.3.2: ten minutes at most). */
const proofLife = 10 * minute

const proofPrefix = 'ghp_'

export async function giveProof(
  scope: SystemScope,
  input: {
    account: AccountRecord
    origin: ProofRecord['origin']
    /** What was proved, as `password` or `password phone`. */
    factors: string
    service: string
    runId: string
  },
): Promise<string> {
  const proof = bearerToken('ghp')
  const now = scope.clock.now()
  await insertProof(scope.data, {
    hash: hashToken(proof),
    userId: input.account.userId,
    origin: input.origin,
    factors: input.factors,
    service: input.service,
    runId: input.runId,
    passwordStamp: input.account.passwordStamp,
    createdAt: now,
    expiresAt: now + proofLife,
  })
  return proof
}

export type Redemption =
  | { ok: true; userId: string; origin: ProofRecord['origin']; factors: string; passwordStamp: string }
  /**
   * `why` finishes "The auth service answered …"; it is for the trace. `erred` where the code of the service is at fault, and
   * not what became of the account meanwhile.
   */
  | { ok: false; why: string; erred: boolean }

/**
 * In the transaction that opens the session. The proof is spent whatever comes after; the account must still be as good as
 * it was when the proof was given. `grantBy` is the service whose own vouching counts.
 */
export async function redeem(
  tx: SystemStore,
  token: string,
  now: number,
  grantBy: string | undefined,
  settings: Pick<SystemSettings, 'run_as_sign_in'>,
): Promise<Redemption> {
  const hash = hashToken(token)
  const proof = await redeemProof(tx, hash, now)
  if (proof === undefined) return { ok: false, erred: true, why: await unusable(tx, token, hash, now) }
  // What rests on more than a password counts for the service that asked for it alone.
  if (proof.origin !== 'password' && proof.service !== grantBy) {
    return { ok: false, erred: true, why: 'a grant that another service gave' }
  }
  const account = await findAccount(tx, { userId: proof.userId }, { hold: true })
  if (account === undefined) return { ok: false, erred: false, why: 'a proof for a user who is gone' }
  if (account.disabled) return { ok: false, erred: false, why: 'a proof for a user who is switched off' }
  if (!(await maySignIn(tx, settings, account.userId)))
    return { ok: false, erred: false, why: 'a proof for a user whom services run as' }
  if (askedWhy(account) !== undefined && proof.origin !== 'grant') {
    return { ok: false, erred: false, why: 'a proof of a password in whose place another is asked for' }
  }
  if (account.passwordStamp !== proof.passwordStamp) {
    return { ok: false, erred: false, why: 'a proof of a password that was changed since' }
  }
  const { userId, origin, factors, passwordStamp } = proof
  return { ok: true, userId, origin, factors, passwordStamp }
}

/** An account that services run as is power lent to code: nobody signs in with it unless the developer wants that. */
export const maySignIn = async (
  tx: SystemStore,
  settings: Pick<SystemSettings, 'run_as_sign_in'>,
  userId: string,
): Promise<boolean> => settings.run_as_sign_in === 'allowed' || !(await isRunAs(tx, userId))

async function unusable(tx: SystemStore, token: string, hash: string, now: number): Promise<string> {
  if (!token.startsWith(proofPrefix)) {
    return 'a text that is no proof of a sign-in; return the authToken that ClearBlade.init or loginUser gave for the user'
  }
  switch (await proofState(tx, hash, now)) {
    case 'spent':
      return 'a proof that was used before; each opens one session'
    case 'expired':
      return 'a proof older than ten minutes; ask for the password again'
    default:
      return "a proof that this system never gave; return the authToken of this system's own init"
  }
}
