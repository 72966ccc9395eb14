/**
 * The password function: the only place that compares a password, for users and for developers. It answers whether the
 * password is right and counts what was wrong; it gives out nothing that opens a door. Everything that asks for a password
 * comes here, so all doors meet one ledger.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Argon2Cost } from '../../base/argon2.ts'
import { verifyPassword } from '../../base/secrets.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import { type DeveloperRecord, emailKey, findDeveloper } from '../../store/tables/developers.ts'
import { type EdgeAccount, findEdgeAccount } from '../../store/tables/edge-accounts.ts'
import { addressKey } from '../access/attempt-gate.ts'
import type { NodeScope, SignInLimits, SystemScope } from '../access/scope.ts'
import { defaultSignInLimits } from '../access/sign-in-limits.ts'
import { beginTry, noteNeither, noteRight, noteWrong } from './ledger.ts'
import { type AskedWhy, askedWhy, newPasswordNeeded } from './new-password.ts'

export type Refusal = {
  ok: false
  /**
   * For the trace alone; the person hears the same in every case but `blocked`, and `asked` and `exposed`, which the right
   * password finds.
   */
  reason: 'unknown' | 'wrong' | 'disabled' | 'no password' | AskedWhy | 'blocked'
  accountId: string | undefined
  /** Seconds to wait; only with `blocked`. */
  retryAfter?: number
}

export type UserCheck = { ok: true; account: AccountRecord } | Refusal
export type DeveloperCheck = { ok: true; developer: DeveloperRecord } | Refusal

/** Checks a user's password. Never throws for wrong ones. */
export const checkUserPassword = (scope: SystemScope, email: unknown, password: unknown): Promise<UserCheck> =>
  checkUser(scope, email, password, 'good')

/**
 * For who sets a new password because one is asked for: right is the password that opens nothing any more. Of any other
 * account nobody hears here whether it was right.
 */
export const checkVoidPassword = (scope: SystemScope, email: unknown, password: unknown): Promise<UserCheck> =>
  checkUser(scope, email, password, 'void')

async function checkUser(scope: SystemScope, email: unknown, password: unknown, wanted: Wanted): Promise<UserCheck> {
  const door = { systemKey: scope.system.key, limits: scope.system.settings.sign_in_limits }
  const find = async (text: string) => {
    const account = await findAccount(scope.data, { email: text })
    if (account === undefined) return undefined
    const { userId: id, passwordHash: hash, passwordStamp, disabled } = account
    return { id, hash, passwordStamp, disabled, asked: askedWhy(account), account }
  }
  const result = await check(scope, door, email, password, find, wanted)
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
  const door = { systemKey: '', limits: defaultSignInLimits }
  const result = await check(scope, door, email, password, async (text) => {
    const developer = await findDeveloper(scope.store, { email: text })
    return developer && { id: developer.id, hash: developer.passwordHash, disabled: developer.disabled, developer }
  })
  return result.ok ? { ok: true, developer: result.found.developer } : result
}

/** Of an account that was made at this edge, for the page on its own state. */
export async function checkEdgeAccountPassword(
  scope: NodeScope,
  name: unknown,
  password: unknown,
): Promise<{ ok: true; account: EdgeAccount } | Refusal> {
  const door = { systemKey: '', limits: defaultSignInLimits }
  const result = await check(scope, door, name, password, async (text) => {
    const account = await findEdgeAccount(scope.store, text)
    return account && { id: account.id, hash: account.passwordHash, disabled: false, account }
  })
  return result.ok ? { ok: true, account: result.found.account } : result
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
  if (refusal.reason === 'asked' || refusal.reason === 'exposed') return newPasswordNeeded(refusal.reason)
  return new GatehouseError(kind, 'The e-mail or the password is not right.')
}

/** Of a password that nobody has, at the cost of every other: what an unknown user is checked against. */
export const decoyHash = ({ memory, passes, parallelism }: Argon2Cost): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$Xu7hbdjzNp8uzKHC5PCLLQ$cT9bgNhzxKoD+/qd3YjN8mvpb6AkGZBmZzWqgrgUtsU`

type Found = {
  id: string
  hash: string | null
  passwordStamp?: string
  disabled: boolean
  asked?: AskedWhy | undefined
}
/** Whether the password is to open something, or to be replaced since another is asked for. */
type Wanted = 'good' | 'void'

async function check<T extends Found>(
  scope: NodeScope,
  { systemKey, limits }: { systemKey: string; limits: SignInLimits },
  email: unknown,
  password: unknown,
  find: (email: string) => Promise<T | undefined>,
  wanted: Wanted = 'good',
): Promise<{ ok: true; found: T } | Refusal> {
  if (typeof email !== 'string' || typeof password !== 'string' || email.length > 320 || password.length > 1024) {
    return { ok: false, reason: 'unknown', accountId: undefined }
  }
  const name = `${systemKey}/${emailKey(email)}`
  const asking = { system: systemKey, address: addressKey(scope.origin.address), account: name }
  return scope.gate.pass(asking, async () => {
    const found = await find(email)
    const made = await beginTry(scope, { systemKey, limits, account: found, name })
    if ('waitMs' in made) {
      return { ok: false, reason: 'blocked', accountId: found?.id, retryAfter: Math.ceil(made.waitMs / 1000) }
    }
    // An unknown user costs the same hash as a known one.
    const right = await scope.gate.hash((cost) => verifyPassword(found?.hash ?? decoyHash(cost), password))
    // A right password of an account that is switched off counts as a wrong one: nothing shall tell that it was right.
    if (!right || found === undefined || found.hash === null || found.disabled) {
      await noteWrong(scope, made)
      const reason =
        found === undefined ? 'unknown' : found.hash === null ? 'no password' : right ? 'disabled' : 'wrong'
      return { ok: false, reason, accountId: found?.id }
    }
    if (wanted === 'good' && found.asked !== undefined) {
      // A client that goes on with it must not keep its user, or whoever shares the address, from setting another.
      await noteNeither(scope, made)
      return { ok: false, reason: found.asked, accountId: found.id }
    }
    if (wanted === 'void' && found.asked === undefined) {
      await noteWrong(scope, made)
      return { ok: false, reason: 'wrong', accountId: found.id }
    }
    await noteRight(scope, made)
    return { ok: true, found }
  })
}
