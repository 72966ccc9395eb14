/**
 * The password function: the only place that compares a password, for users and for developers. It answers whether the
 * password is right and counts what was wrong; it gives out nothing that opens a door. Everything that asks for a password
 * comes here, so all doors meet one ledger.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { verifyPassword } from '../../base/secrets.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import { type DeveloperRecord, emailKey, findDeveloper } from '../../store/tables/developers.ts'
import { addFailure, blockUntil, clearFailures, findFailures, strangerPrefix } from '../../store/tables/failures.ts'
import { delayAfter } from '../access/attempt-gate.ts'
import type { NodeScope, SystemScope } from '../access/scope.ts'

export type Refusal = {
  ok: false
  /** For the trace alone; the person hears the same in every case but `blocked`. */
  reason: 'unknown' | 'wrong' | 'disabled' | 'no password' | 'blocked'
  accountId: string | undefined
  /** Seconds to wait; only with `blocked`. */
  retryAfter?: number
}

export type UserCheck = { ok: true; account: AccountRecord } | Refusal
export type DeveloperCheck = { ok: true; developer: DeveloperRecord } | Refusal

/** Checks a user's password. Never throws for wrong ones. */
export async function checkUserPassword(scope: SystemScope, email: unknown, password: unknown): Promise<UserCheck> {
  const result = await check(scope, scope.system.key, email, password, async (text) => {
    const account = await findAccount(scope.data, { email: text })
    return account && { id: account.userId, hash: account.passwordHash, disabled: account.disabled, account }
  })
  return result.ok ? { ok: true, account: result.found.account } : result
}

/** The same for a user who is already known by his id (own password change). */
export async function checkPasswordOf(scope: SystemScope, userId: string, password: unknown): Promise<UserCheck> {
  const account = await findAccount(scope.data, { userId })
  return account === undefined
    ? { ok: false, reason: 'unknown', accountId: undefined }
    : checkUserPassword(scope, account.emailKey, password)
}

export async function checkDeveloperPassword(
  scope: NodeScope,
  email: unknown,
  password: unknown,
): Promise<DeveloperCheck> {
  const result = await check(scope, '', email, password, async (text) => {
    const developer = await findDeveloper(scope.store, { email: text })
    return developer && { id: developer.id, hash: developer.passwordHash, disabled: developer.disabled, developer }
  })
  return result.ok ? { ok: true, developer: result.found.developer } : result
}

/** What a refused person is told; the same for known and unknown users. */
export function refusalError(refusal: Refusal, kind: 'wrongCredentials' | 'developerCredentials'): GatehouseError {
  if (refusal.reason === 'blocked') {
    const seconds = refusal.retryAfter ?? 1
    return new GatehouseError('tooManyRequests', 'There were too many failed sign-ins.', {
      hint: `Try again in ${seconds} second${seconds === 1 ? '' : 's'}.`,
      retryAfter: seconds,
    })
  }
  return new GatehouseError(kind, 'The e-mail or the password is not right.')
}

/** Of a password that nobody has, at the cost of every other: what an unknown user is checked against. */
export const decoyHash =
  '$argon2id$v=19$m=19456,t=2,p=1$Xu7hbdjzNp8uzKHC5PCLLQ$cT9bgNhzxKoD+/qd3YjN8mvpb6AkGZBmZzWqgrgUtsU'

type Found = { id: string; hash: string | null; disabled: boolean }

async function check<T extends Found>(
  scope: NodeScope,
  systemKey: string,
  email: unknown,
  password: unknown,
  find: (email: string) => Promise<T | undefined>,
): Promise<{ ok: true; found: T } | Refusal> {
  if (typeof email !== 'string' || typeof password !== 'string' || email.length > 320 || password.length > 1024) {
    return { ok: false, reason: 'unknown', accountId: undefined }
  }
  const { address } = scope.origin
  const addressBlock = scope.gate.addressBlockedUntil(address, scope.clock.now())
  if (addressBlock > scope.clock.now()) return blocked(undefined, addressBlock - scope.clock.now())
  const name = `${systemKey}/${emailKey(email)}`
  return scope.gate.pass(name, async () => {
    const found = await find(email)
    // An e-mail that nobody has is counted too, under a keyed hash: it must look like one that somebody has, on every node.
    const ledgerId = found?.id ?? `${strangerPrefix}${scope.key.keyedHash('names', name)}`
    const failures = await findFailures(scope.store, systemKey, ledgerId)
    const now = scope.clock.now()
    if (failures !== undefined && failures.blockedUntil > now) return blocked(found?.id, failures.blockedUntil - now)
    // An unknown user costs the same hash as a known one.
    const right = await verifyPassword(found?.hash ?? decoyHash, password)
    if (!right || found === undefined || found.hash === null) {
      scope.gate.addressFailed(address, scope.clock.now())
      await countFailure(scope, systemKey, ledgerId)
      const reason = found === undefined ? 'unknown' : found.hash === null ? 'no password' : 'wrong'
      return { ok: false, reason, accountId: found?.id }
    }
    if (failures !== undefined) await clearFailures(scope.store, systemKey, ledgerId)
    if (found.disabled) return { ok: false, reason: 'disabled', accountId: found.id }
    return { ok: true, found }
  })
}

const blocked = (accountId: string | undefined, ms: number): Refusal => ({
  ok: false,
  reason: 'blocked',
  accountId,
  retryAfter: Math.ceil(ms / 1000),
})

async function countFailure(scope: NodeScope, systemKey: string, accountId: string): Promise<void> {
  await scope.store.transaction(async (tx) => {
    const now = scope.clock.now()
    const delay = delayAfter(await addFailure(tx, systemKey, accountId, now))
    if (delay > 0) await blockUntil(tx, systemKey, accountId, now + delay)
  })
}
