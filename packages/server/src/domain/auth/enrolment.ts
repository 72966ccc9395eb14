/**
 * How a user comes to an authenticator app and to recovery codes. A password alone binds none: beside it stands the one-time
 * code of a developer, or a session with a second factor in it and a fresh code of one. What was begun binds nothing until a
 * code of the app confirms it.
 *
 * Slow hashes come first; then one transaction looks at everything again, counts, consumes and binds.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, minute } from '../../base/clock.ts'
import { bearerToken, uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import type { SystemStore } from '../../store/store.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import {
  type AuthenticatorRecord,
  bindAuthenticator,
  findAuthenticator,
  markUsed,
} from '../../store/tables/authenticators.ts'
import {
  countPendingFailure,
  deletePending,
  findEnrolment,
  findPending,
  type PendingRecord,
  putEnrolment,
  putPending,
  spendEnrolment,
} from '../../store/tables/enrolments.ts'
import { factorsOfSession } from '../../store/tables/sessions.ts'
import { callerLabel } from '../access/caller.ts'
import type { SystemScope } from '../access/scope.ts'
import { bindRecoveryCodes, labels, openValue, placeOf } from '../accounts/authenticators.ts'
import { checkPasswordOf, checkUserPassword, refusalError } from '../accounts/credentials.ts'
import { type MadeRecoveryCodes, makeRecoveryCodes } from '../accounts/recovery-codes.ts'
import { matchingStep, newTotpSecret, totpInvitation } from '../accounts/totp.ts'
import type { SendMessage } from '../sending/send.ts'
import { askFor, takeAnswer } from './challenges.ts'
import { countWrongCode, demandGood, notGood, refused, takeCode, type Weighed, weighCode } from './factor-check.ts'
import { maySignIn } from './proofs.ts'

export const enrolmentRules = {
  /** Of a developer's code. */
  lifeMs: day,
  /** Between the secret and the code that confirms it. */
  pendingMs: 10 * minute,
  triesPerPending: 5,
} as const

type Body = Record<string, unknown>

/** For developers of the system: a code with which the user binds an app. Shown once; the one before is good no more. */
export async function giveEnrolment(
  scope: SystemScope,
  userId: string,
): Promise<{ enrolment: string; user_id: string; expires_at: string }> {
  const enrolment = bearerToken('ghe')
  const now = scope.clock.now()
  await scope.data.transaction(async (tx) => {
    const account = await findAccount(tx, { userId }, { hold: true })
    if (account === undefined) throw new GatehouseError('noSuchUser', 'There is no such user.')
    await putEnrolment(tx, {
      userId,
      hash: hashToken(enrolment),
      createdAt: now,
      createdBy: callerLabel(scope.caller),
      expiresAt: now + enrolmentRules.lifeMs,
    })
  })
  return { enrolment, user_id: userId, expires_at: new Date(now + enrolmentRules.lifeMs).toISOString() }
}

export type Begun = { kind: 'totp'; state: 'pending'; uri: string; secret: string; qr: string; expires_at: string }

/**
 * Begins an authenticator app: `{email, password, enrolment, kind}`, or in a session `{password, code, factor?, challenge_id?, kind}`. Throws
 * wrongCredentials, challengeRefused, tooManyRequests.
 */
export async function beginAuthenticator(scope: SystemScope, body: Body): Promise<Begun> {
  if (body.kind !== 'totp') throw new GatehouseError('badRequest', 'kind must be "totp".')
  const vouching = await demandVouching(scope, body)
  const fresh = vouching.by === 'session' ? await weighFresh(scope, vouching.account, body) : undefined
  const secret = newTotpSecret()
  const now = scope.clock.now()
  const [id, expiresAt] = [uuid(), now + enrolmentRules.pendingMs]
  const { userId, emailKey: email } = vouching.account
  const problem = await scope.data.transaction(async (tx): Promise<GatehouseError | undefined> => {
    const stale = await takeFresh(scope, tx, vouching, fresh)
    if (stale instanceof GatehouseError) return stale
    await putPending(tx, {
      ...{ id, userId, kind: 'totp' },
      sealed: scope.key.seal('authenticators', placeOf(scope.system.key, { id, userId }), secret),
      begunBy: vouching.label,
      ...{ failures: 0, createdAt: now, expiresAt },
    })
    return undefined
  })
  if (problem !== undefined) throw problem
  const invitation = totpInvitation(secret, scope.system.name, email)
  return { kind: 'totp', state: 'pending', ...invitation, expires_at: new Date(expiresAt).toISOString() }
}

export type Confirmed = { kind: 'totp'; state: 'bound'; recovery_codes: string[] }

/**
 * Binds what was begun by the same enrolment or session, by a code of the app; the app before, if any, and the recovery codes
 * before are good no more. `{email, password, enrolment, code}`, or in a session `{password, code}`.
 */
export async function confirmAuthenticator(scope: SystemScope, body: Body): Promise<Confirmed> {
  const code = demandCode(body.code)
  const vouching = await demandVouching(scope, body)
  const { userId } = vouching.account
  const begun = await findPending(scope.data, userId, scope.clock.now())
  // Ten slow hashes are made for a code that seems right alone; whether it is, is decided below.
  const made =
    begun !== undefined && stepOf(scope, begun, code) !== undefined ? await makeRecoveryCodes(scope, userId) : undefined
  const problem = await scope.data.transaction(async (tx): Promise<GatehouseError | undefined> => {
    const now = scope.clock.now()
    const vouched = await stillVouched(scope, tx, vouching)
    if (vouched instanceof GatehouseError) return vouched
    const pending = await findPending(tx, userId, now, { hold: true })
    if (pending === undefined || pending.begunBy !== vouching.label) return notGood()
    const step = stepOf(scope, pending, code)
    if (step === undefined || made === undefined) {
      await countPendingFailure(tx, pending.id)
      if (pending.failures + 1 >= enrolmentRules.triesPerPending) await deletePending(tx, userId)
      return notGood()
    }
    if (vouching.by === 'enrolment' && !(await spendEnrolment(tx, { userId, hash: vouching.hash }, now)))
      return notGood()
    await deletePending(tx, userId)
    const { id, kind, sealed } = pending
    const boundBy = vouched.boundBy
    await bindAuthenticator(tx, { id, userId, kind, sealed, label: labels.totp, boundAt: now, boundBy, lastStep: step })
    await bindRecoveryCodes({ ...scope, data: tx }, userId, made, boundBy)
    return undefined
  })
  if (problem !== undefined) throw problem
  return { kind: 'totp', state: 'bound', recovery_codes: made!.codes }
}

/** Ten new recovery codes in the place of those before: `{password, code, factor?, challenge_id?}`, in a session. */
export async function renewRecoveryCodes(scope: SystemScope, body: Body): Promise<{ recovery_codes: string[] }> {
  const vouching = await demandVouching(scope, { ...body, enrolment: undefined })
  const { account } = vouching
  const fresh = await weighFresh(scope, account, body)
  const made = fresh.weighed.seemsRight ? await makeRecoveryCodes(scope, account.userId) : undefined
  const problem = await scope.data.transaction(async (tx): Promise<GatehouseError | undefined> => {
    const taken = await takeFresh(scope, tx, vouching, made === undefined ? { ...fresh, code: '' } : fresh)
    if (taken instanceof GatehouseError) return taken
    await bindRecoveryCodes({ ...scope, data: tx }, account.userId, made as MadeRecoveryCodes, taken.boundBy)
    return undefined
  })
  if (problem !== undefined) throw problem
  return { recovery_codes: made!.codes }
}

/** Who vouches for this beside the password, which was right. */
type Vouching = { account: AccountRecord; label: string } & (
  | { by: 'enrolment'; hash: string }
  | { by: 'session'; sessionId: string }
)

async function demandVouching(scope: SystemScope, body: Body): Promise<Vouching> {
  if (typeof body.enrolment === 'string' && body.enrolment !== '') {
    const hash = hashToken(body.enrolment)
    // Before the password, which nobody tries here past the auth service without such a code.
    const enrolment = await findEnrolment(scope.data, hash, scope.clock.now())
    if (enrolment === undefined) throw enrolmentNotGood()
    const check = await checkUserPassword(scope, body.email, body.password)
    if (!check.ok) throw refusalError(check, 'wrongCredentials')
    if (check.account.userId !== enrolment.userId) throw enrolmentNotGood()
    return { account: check.account, by: 'enrolment', hash, label: `enrolment ${hash}` }
  }
  const { caller } = scope
  if (caller.kind !== 'user' || caller.sessionId === undefined) {
    throw refused(
      'This needs an enrolment code, or a session of the user.',
      'A developer of the system gives out enrolment codes.',
    )
  }
  const { userId, sessionId } = caller
  // Before the password: a session without a second factor is no place to try passwords in.
  if (!(await hasSecondFactor(scope.data, { userId, sessionId }, scope.clock.now()))) throw passwordIsNotEnough()
  const check = await checkPasswordOf(scope, userId, body.password)
  if (!check.ok) throw refusalError(check, 'wrongCredentials')
  return { account: check.account, by: 'session', sessionId, label: `session ${sessionId}` }
}

const secondFactors = new Set(['phone', 'totp', 'recovery'])

async function hasSecondFactor(
  store: SystemStore,
  who: { userId: string; sessionId: string },
  now: number,
): Promise<boolean> {
  const proved = (await factorsOfSession(store, who, now))?.split(' ') ?? []
  return proved.includes('password') && proved.some((factor) => secondFactors.has(factor))
}

const passwordIsNotEnough = (): GatehouseError =>
  refused(
    'A password alone binds no second factor.',
    'Sign in with a second factor, or ask a developer of the system for an enrolment code.',
  )

/** No service has such a name: what is asked for here is answered here, and never at a sign-in. */
const ownService = ' own authenticators'

/**
 * Sends a fresh code to the phone of a user who signed in with a second factor: `{password}`, in a session. What it answers
 * as `challenge_id` goes beside `code` with `factor: "phone"`.
 */
export async function sendFreshCode(
  scope: SystemScope,
  send: SendMessage,
  body: Body,
): Promise<{ challenge_id: string; to: string; expires_at: string; code?: string }> {
  const { account } = await demandVouching(scope, { ...body, enrolment: undefined })
  const { handle, to, expiresAt, code } = await askFor(scope, send, {
    ...{ userId: account.userId, passwordStamp: account.passwordStamp, service: ownService, kind: 'phone' },
    wording: { message: `${scope.system.name.slice(0, 60)}: {code} is your code for changing your second factors.` },
  })
  return {
    ...{ challenge_id: handle, to, expires_at: new Date(expiresAt).toISOString() },
    ...(code !== undefined && { code }),
  }
}

type Fresh = { code: string; weighed: Weighed } & ({ kind: 'totp' | 'recovery' } | { kind: 'phone'; handle: string })

/** The fresh code of a session: of the app that is bound, one of the recovery codes, or what was sent to the phone. */
async function weighFresh(scope: SystemScope, account: AccountRecord, body: Body): Promise<Fresh> {
  const kind = body.factor ?? 'totp'
  if (kind !== 'totp' && kind !== 'recovery' && kind !== 'phone') {
    throw new GatehouseError('badRequest', 'factor must be "totp", "phone" or "recovery".')
  }
  const code = demandCode(body.code)
  if (kind === 'phone') {
    if (typeof body.challenge_id !== 'string')
      throw new GatehouseError('badRequest', 'The text challenge_id is missing.')
    return { kind, code, handle: body.challenge_id, weighed: { seemsRight: true } }
  }
  const held = await findAuthenticator(scope.data, { userId: account.userId, kind })
  const weighed = held === undefined ? { seemsRight: false } : await weighCode(scope, held, code)
  return { code, kind, weighed }
}

/** The code of the session and the vouching, in the transaction; a wrong code is counted like one at the door. */
async function takeFresh(
  scope: SystemScope,
  tx: SystemStore,
  vouching: Vouching,
  fresh: Fresh | undefined,
): Promise<{ boundBy: string } | GatehouseError> {
  if (vouching.by === 'session' && fresh?.kind === 'phone') {
    const taken = await takeAnswer(scope, tx, { ...fresh, service: ownService }, fresh.weighed)
    if (taken instanceof GatehouseError) return taken
    if (taken.challenge.userId !== vouching.account.userId) return notGood()
  } else if (vouching.by === 'session') {
    const { userId } = vouching.account
    const held: AuthenticatorRecord | undefined =
      fresh && (await findAuthenticator(tx, { userId, kind: fresh.kind }, { hold: true }))
    if (fresh === undefined || held === undefined) {
      return refused(
        'This account has no such second factor to prove itself by.',
        'A developer of the system gives out a code to enrol with.',
      )
    }
    const now = scope.clock.now()
    const standing = demandGood(held, now)
    if (standing !== undefined) return standing
    if (!(await takeCode(scope, tx, held, fresh.code, fresh.weighed))) {
      await countWrongCode(tx, held, now)
      return notGood()
    }
    await markUsed(tx, held.id, now)
  }
  return stillVouched(scope, tx, vouching)
}

/** The hashes took their time: account, enrolment and session must still be as good as they were. */
async function stillVouched(
  scope: SystemScope,
  tx: SystemStore,
  vouching: Vouching,
): Promise<{ boundBy: string } | GatehouseError> {
  const { userId, passwordStamp } = vouching.account
  const now = scope.clock.now()
  const account = await findAccount(tx, { userId }, { hold: true })
  if (account === undefined || account.disabled || account.passwordStamp !== passwordStamp) return notGood()
  if (!(await maySignIn(tx, scope.system.settings, userId))) return notGood()
  if (vouching.by === 'session') {
    if (!(await hasSecondFactor(tx, { userId, sessionId: vouching.sessionId }, now))) return passwordIsNotEnough()
    return { boundBy: callerLabel(scope.caller) }
  }
  const enrolment = await findEnrolment(tx, vouching.hash, now)
  if (enrolment === undefined || enrolment.userId !== userId) return enrolmentNotGood()
  return { boundBy: `enrolment by ${enrolment.createdBy}` }
}

const enrolmentNotGood = (): GatehouseError => refused('The enrolment code is not right, or no longer good.')

const stepOf = (scope: SystemScope, pending: PendingRecord, code: string): number | undefined =>
  matchingStep(openValue(scope, pending), code, scope.clock.now(), 0)

/** People type codes as numbers, and JSON carries them so, without the zeros in front. */
function demandCode(code: unknown): string {
  if (typeof code === 'number') return String(code).padStart(6, '0')
  if (typeof code === 'string' && code !== '') return code
  throw new GatehouseError('badRequest', 'The text code is missing.')
}
