/**
 * Whether a code is right for an authenticator, and what is counted against it: the same rules for every kind and for every
 * door that asks. Codes that are sent belong to their challenge and are compared in `challenges.ts`; what passkeys sign, in
 * `passkey-check.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute, second } from '../../base/clock.ts'
import type { SystemStore } from '../../store/store.ts'
import {
  type AuthenticatorKind,
  type AuthenticatorRecord,
  countAgainst,
  listAuthenticators,
  takeStep,
} from '../../store/tables/authenticators.ts'
import { countRecoveryCodes, spendRecoveryCode } from '../../store/tables/recovery-codes.ts'
import { clockProblem } from '../access/offline-limits.ts'
import type { SystemScope } from '../access/scope.ts'
import { openValue } from '../accounts/authenticators.ts'
import { noteNotice } from '../accounts/notices.ts'
import { passkeysHere } from '../accounts/passkey-sites.ts'
import { matchingRecoveryCode } from '../accounts/recovery-codes.ts'
import { matchingStep } from '../accounts/totp.ts'

export const factorRules = {
  /** Wrong answers in a row to one authenticator: every so many, and there for so long. */
  blockAfter: 10,
  blockMs: 15 * minute,
  /** From then on it answers nothing until it is bound anew. */
  disableAfter: 50,
} as const

/** In the order in which they are taken where a service names none; recovery codes are asked for by name alone. */
export const kindsInOrder: readonly AuthenticatorKind[] = ['passkey', 'totp', 'phone', 'recovery']

/** What the user could use, in that order: bound, and not used up; a passkey where the page that asks can use it. */
export async function usableKinds(
  scope: SystemScope,
  store: SystemStore,
  userId: string,
): Promise<AuthenticatorKind[]> {
  const bound = (await listAuthenticators(store, userId)).filter(({ state }) => state === 'bound')
  const left = bound.some(({ kind }) => kind === 'recovery') ? await countRecoveryCodes(store, userId) : 0
  const isReached = (one: AuthenticatorRecord): boolean => scope.edgeCodes?.problem(one) === undefined
  const isKnowable = (kind: AuthenticatorKind): boolean => kind !== 'totp' || clockProblem(scope) === undefined
  const has = (kind: AuthenticatorKind): boolean =>
    kind === 'passkey'
      ? passkeysHere(scope, bound).length > 0
      : bound.some((one) => one.kind === kind && (kind !== 'phone' || isReached(one)))
  return kindsInOrder.filter((kind) => has(kind) && isKnowable(kind) && (kind !== 'recovery' || left > 0))
}

/** What the user typed, or what the browser says for a passkey (AuthenticationResponseJSON). Either was written by a stranger. */
export type Answer = string | Record<string, unknown>

/**
 * What was found out before the transaction, where a hash or a signature takes too long for one; worth nothing without
 * `takeCode` or `takeAssertion`.
 */
export type Weighed = {
  seemsRight: boolean
  recoveryCode?: string
  /** The passkey that the answer names, of this user. */
  passkey?: string
  /** What it said with a signature that was right for the challenge of this hash. */
  assertion?: { codeHash: string; signCount: number; backedUp: boolean }
}

/** Costs one slow hash at most, and none for an authenticator that may not be used now. */
export async function weighCode(
  scope: SystemScope,
  authenticator: AuthenticatorRecord,
  code: Answer,
): Promise<Weighed> {
  const now = scope.clock.now()
  if (typeof code !== 'string' || standingOf(scope, authenticator, now) !== undefined) return { seemsRight: false }
  if (authenticator.kind !== 'recovery') {
    return {
      seemsRight:
        authenticator.kind === 'totp' &&
        matchingStep(openValue(scope, authenticator), code, now, authenticator.lastStep) !== undefined,
    }
  }
  const recoveryCode = await matchingRecoveryCode(scope, authenticator, code)
  return recoveryCode === undefined ? { seemsRight: false } : { seemsRight: true, recoveryCode }
}

/** In the transaction that holds `authenticator`: true where the code is right and is consumed with it. */
export async function takeCode(
  scope: SystemScope,
  tx: SystemStore,
  authenticator: AuthenticatorRecord,
  code: Answer,
  weighed: Weighed,
): Promise<boolean> {
  const now = scope.clock.now()
  if (typeof code !== 'string') return false
  switch (authenticator.kind) {
    case 'totp': {
      const step = matchingStep(openValue(scope, authenticator), code, now, authenticator.lastStep)
      return step !== undefined && (await takeStep(tx, authenticator.id, step))
    }
    case 'recovery': {
      const { recoveryCode: id } = weighed
      if (id === undefined) return false
      if (!(await spendRecoveryCode(tx, { id, authenticatorId: authenticator.id }, now))) return false
      await noteNotice({ ...scope, data: tx }, authenticator.userId, { what: 'recovery code used' })
      return true
    }
    default:
      return false
  }
}

/** The reason why this authenticator may not be used now; undefined where it may. */
export function demandGood(
  { kind, state, blockedUntil, failures }: Pick<AuthenticatorRecord, 'kind' | 'state' | 'blockedUntil' | 'failures'>,
  now: number,
): GatehouseError | undefined {
  // A passkey that seems copied is switched off before, and an app by what happened at another place.
  if (state !== 'bound' && failures < factorRules.disableAfter) {
    if (kind === 'passkey') return seemsCopied()
    return refused('This second factor is switched off.', 'It is good again once it is bound anew at the platform.')
  }
  if (state !== 'bound') {
    return refused('There were too many wrong codes: this second factor is switched off.', 'A developer binds it anew.')
  }
  if (blockedUntil <= now) return undefined
  const seconds = Math.ceil((blockedUntil - now) / second)
  return new GatehouseError('tooManyRequests', 'There were too many wrong codes.', {
    hint: `Try again in ${Math.ceil(seconds / 60)} minutes.`,
    retryAfter: seconds,
  })
}

/** The same where the place counts as well: an edge whose clock is in doubt takes no code of an app. */
export const standingOf = (
  scope: Pick<SystemScope, 'edge'>,
  authenticator: AuthenticatorRecord,
  now: number,
): GatehouseError | undefined =>
  (authenticator.kind === 'totp' ? clockProblem(scope) : undefined) ?? demandGood(authenticator, now)

/** In the transaction that holds `authenticator`, after a right password; the user is told. */
export async function countWrongCode(
  scope: SystemScope,
  tx: SystemStore,
  authenticator: AuthenticatorRecord,
  now: number,
): Promise<void> {
  await noteNotice({ ...scope, data: tx }, authenticator.userId, { what: 'wrong second factor' })
  const failures = authenticator.failures + 1
  await countAgainst(tx, authenticator.id, {
    failures,
    blockedUntil: failures % factorRules.blockAfter === 0 ? now + factorRules.blockMs : authenticator.blockedUntil,
    state: failures >= factorRules.disableAfter ? 'disabled' : authenticator.state,
  })
}

export const refused = (detail: string, hint?: string): GatehouseError =>
  new GatehouseError('challengeRefused', detail, hint === undefined ? {} : { hint })

export const seemsCopied = (): GatehouseError =>
  refused(
    'The counter of this passkey went backwards: it may have been copied, and is switched off.',
    'A developer takes it away, and another is bound.',
  )

/** The same whether it is wrong, spent, too old or was never given. */
export const notGood = (): GatehouseError => refused('The code is not right, or no longer good.')
