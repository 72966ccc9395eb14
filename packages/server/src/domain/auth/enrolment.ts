/**
 * How a user comes to an authenticator app, to passkeys and to recovery codes; a phone is `phone-change.ts`. A password alone
 * binds none: beside it stands the one-time code of a developer, or a session with a second factor in it and a fresh code of one. What was begun binds
 * nothing until a code of the app, or the passkey itself, confirms it.
 *
 * Slow hashes and signatures come first; then one transaction looks at everything again, counts, consumes and binds.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, minute } from '../../base/clock.ts'
import { bearerToken, uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import type { SystemStore } from '../../store/store.ts'
import { type AccountRecord, findAccount } from '../../store/tables/accounts.ts'
import {
  bindAuthenticator,
  bindPasskey,
  findAuthenticator,
  listAuthenticators,
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
import { countRecoveryCodes } from '../../store/tables/recovery-codes.ts'
import { endSessions, factorsOfSession } from '../../store/tables/sessions.ts'
import { audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import { demandMadeHere } from '../access/made-here.ts'
import type { SystemScope } from '../access/scope.ts'
import { bindRecoveryCodes, labels, openValue, placeOf } from '../accounts/authenticators.ts'
import { checkPasswordOf, checkUserPassword, refusalError } from '../accounts/credentials.ts'
import { noteNotice } from '../accounts/notices.ts'
import type { PasskeyOptions } from '../accounts/passkeys.ts'
import { type MadeRecoveryCodes, makeRecoveryCodes } from '../accounts/recovery-codes.ts'
import { matchingStep, newTotpSecret, totpInvitation } from '../accounts/totp.ts'
import type { SendMessage } from '../sending/send.ts'
import { askFor, noteAnswered, sentOf, takeAnswer, weighAnswer } from './challenges.ts'
import {
  type Answer,
  countWrongCode,
  demandGood,
  kindsInOrder,
  notGood,
  refused,
  takeCode,
  type Weighed,
  weighCode,
} from './factor-check.ts'
import { beginPasskey, type NewPasskey, readLabel, verifyPasskey } from './passkey-enrolment.ts'
import { maySignIn } from './proofs.ts'

export const enrolmentRules = {
  /** Of a developer's code. */
  lifeMs: day,
  /** Between the secret and the code that confirms it. */
  pendingMs: 10 * minute,
  triesPerPending: 5,
} as const

export type Body = Record<string, unknown>

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
    audit(tx, scope, { kind: 'authenticator', action: 'give enrolment', subject: userId })
  })
  return { enrolment, user_id: userId, expires_at: new Date(now + enrolmentRules.lifeMs).toISOString() }
}

export type Begun = { state: 'pending'; expires_at: string } & (
  | { kind: 'totp'; uri: string; secret: string; qr: string }
  /** For `navigator.credentials.create` of a browser (PublicKeyCredentialCreationOptionsJSON). */
  | { kind: 'passkey'; passkey: PasskeyOptions }
)

/**
 * Begins an authenticator app or a passkey: `{email, password, enrolment, kind, label?}`, or in a session `{password, code,
 * factor?, challenge_id?, kind, label?}`. Throws wrongCredentials, challengeRefused, tooManyRequests, notOffered.
 */
export async function beginAuthenticator(scope: SystemScope, body: Body): Promise<Begun> {
  const { kind } = body
  if (kind !== 'totp' && kind !== 'passkey') {
    throw new GatehouseError('badRequest', 'kind must be "totp", "passkey" or "phone".')
  }
  const label = kind === 'passkey' ? readLabel(body.label) : ''
  const vouching = await demandVouching(scope, body)
  const fresh = vouching.by === 'session' ? await weighFresh(scope, vouching.account, body) : undefined
  const now = scope.clock.now()
  const [id, expiresAt] = [uuid(), now + enrolmentRules.pendingMs]
  const { userId, emailKey: email } = vouching.account
  const begun =
    kind === 'passkey'
      ? beginPasskey(scope, { id, userId, email, label }, await listAuthenticators(scope.data, userId))
      : beginApp(scope, email)
  const taken = await scope.data.transaction(async (tx) => {
    const one = await takeFresh(scope, tx, vouching, fresh)
    if (one instanceof GatehouseError) return one
    await putPending(tx, {
      ...{ id, userId, kind },
      sealed: scope.key.seal('authenticators', placeOf(scope.system.key, { id, userId }), begun.kept),
      begunBy: vouching.label,
      ...{ failures: 0, createdAt: now, expiresAt },
    })
    return one
  })
  if (taken instanceof GatehouseError) throw taken
  await noteAnswered(scope, taken.sent)
  return { state: 'pending', ...begun.shown, expires_at: new Date(expiresAt).toISOString() }
}

export function beginApp(scope: SystemScope, email: string) {
  const secret = newTotpSecret()
  return { kept: secret, shown: { kind: 'totp' as const, ...totpInvitation(secret, scope.system.name, email) } }
}

/** `recovery_codes` where new ones were made: always with an app, with a passkey where the user had none. */
export type Confirmed = {
  kind: PendingRecord['kind']
  state: 'bound'
  recovery_codes?: string[]
  ended_sessions?: number
}

/**
 * Binds what was begun by the same enrolment or session, by a code of the app or by what the browser says for the passkey:
 * `{email, password, enrolment, code}`, or in a session `{password, code}`. An app takes the place of the one before, and the
 * recovery codes before are good no more; a passkey stands beside what the user has. With `end_other_sessions` the user's
 * other sessions end with it.
 */
export async function confirmAuthenticator(scope: SystemScope, body: Body): Promise<Confirmed> {
  const code = demandAnswer(body.code)
  const endOthers = wantsOthersEnded(body)
  let ended: number | undefined
  const vouching = await demandVouching(scope, body)
  const { userId } = vouching.account
  const begun = await findPending(scope.data, userId, scope.clock.now())
  const weighed = begun && (await weighPending(scope, begun, code))
  // Ten slow hashes are made for an answer that seems right alone; whether it is, is decided below.
  const needsCodes = begun?.kind === 'totp' || (await countRecoveryCodes(scope.data, userId)) === 0
  const made = weighed && needsCodes ? await makeRecoveryCodes(scope, userId) : undefined
  const problem = await scope.data.transaction(async (tx): Promise<GatehouseError | undefined> => {
    const now = scope.clock.now()
    const vouched = await stillVouched(scope, tx, vouching)
    if (vouched instanceof GatehouseError) return vouched
    const pending = await findPending(tx, userId, now, { hold: true })
    if (pending === undefined || pending.begunBy !== vouching.label || pending.id !== begun?.id) return notGood()
    const step = stepOf(scope, pending, code)
    if (weighed === undefined || (pending.kind === 'totp' && step === undefined)) {
      await countPendingFailure(tx, pending.id)
      if (pending.failures + 1 >= enrolmentRules.triesPerPending) await deletePending(tx, userId)
      return notGood()
    }
    if (vouching.by === 'enrolment' && !(await spendEnrolment(tx, { userId, hash: vouching.hash }, now)))
      return notGood()
    await deletePending(tx, userId)
    const app = await findAuthenticator(tx, { userId, kind: 'totp' })
    const what = pending.kind === 'totp' && app !== undefined ? 'replaced' : 'bound'
    const bound = { id: pending.id, userId, boundAt: now, boundBy: vouched.boundBy }
    if (weighed === 'app') {
      const next = { label: labels.totp, sealed: pending.sealed, lastStep: step! }
      await bindAuthenticator(tx, { ...bound, ...next, kind: 'totp' })
      // Thrown, so that nothing of this was done.
    } else if (!(await bindPasskey(tx, { ...bound, ...weighed }))) throw refused('This passkey is bound already.')
    if (made !== undefined) await bindRecoveryCodes({ ...scope, data: tx }, userId, made, vouched.boundBy)
    const label = weighed === 'app' ? labels.totp : labels.passkey
    await noteNotice({ ...scope, data: tx }, userId, { what, label })
    if (endOthers) ended = await endOtherSessions(tx, vouching, now)
    return undefined
  })
  if (problem !== undefined) throw problem
  return {
    ...{ kind: begun!.kind, state: 'bound' },
    ...(made !== undefined && { recovery_codes: made.codes }),
    ...(ended !== undefined && { ended_sessions: ended }),
  }
}

/**
 * Undefined for what is wrong. The step of an app is looked for again in the transaction; what a passkey signed stays as
 * right as it is.
 */
export async function weighPending(
  scope: SystemScope,
  pending: PendingRecord,
  code: Answer,
): Promise<'app' | NewPasskey | undefined> {
  if (pending.kind === 'passkey') return verifyPasskey(scope, pending, code)
  // A phone is confirmed by its own function.
  return stepOf(scope, pending, code) === undefined ? undefined : 'app'
}

/** Where recovery codes for one edge are kept, in the transaction of the scope. */
export type PlaceOfCodes = {
  edge: string
  keep: (scope: SystemScope, userId: string, made: MadeRecoveryCodes, madeBy: string) => Promise<void>
}

/**
 * Ten new recovery codes in the place of those before: `{password, code, factor?, challenge_id?, end_other_sessions?}`, in a
 * session. With `place` they are for that edge, and those of the platform stay as they are.
 */
export async function renewRecoveryCodes(
  scope: SystemScope,
  body: Body,
  place?: PlaceOfCodes,
): Promise<{ recovery_codes: string[]; ended_sessions?: number }> {
  const endOthers = wantsOthersEnded(body)
  let ended: number | undefined
  const vouching = await demandVouching(scope, { ...body, enrolment: undefined })
  const { account } = vouching
  const fresh = await weighFresh(scope, account, body)
  const made = fresh.weighed.seemsRight ? await makeRecoveryCodes(scope, account.userId) : undefined
  const taken = await scope.data.transaction(async (tx) => {
    const one = await takeFresh(scope, tx, vouching, made === undefined ? { ...fresh, code: '' } : fresh)
    if (one instanceof GatehouseError) return one
    const inside = { ...scope, data: tx }
    const keep = place?.keep ?? bindRecoveryCodes
    await keep(inside, account.userId, made as MadeRecoveryCodes, one.boundBy)
    await noteNotice(
      inside,
      account.userId,
      place === undefined
        ? { what: 'recovery codes renewed' }
        : { what: 'recovery codes for a place', label: place.edge },
    )
    if (endOthers) ended = await endOtherSessions(tx, vouching, scope.clock.now())
    return one
  })
  if (taken instanceof GatehouseError) throw taken
  await noteAnswered(scope, taken.sent)
  return { recovery_codes: made!.codes, ...(ended !== undefined && { ended_sessions: ended }) }
}

/** Whoever wants sessions ended and writes it in another way must not hear that all is well. */
export function wantsOthersEnded({ end_other_sessions: wish }: Body): boolean {
  if (wish === undefined || wish === null || typeof wish === 'boolean') return wish === true
  throw new GatehouseError('badRequest', 'end_other_sessions must be true or false.')
}

/** All but the one in which the factor was changed (ASVS 7.4.3), in the transaction that changes it; answers how many. */
export const endOtherSessions = (tx: SystemStore, vouching: Vouching, now: number): Promise<number> =>
  endSessions(
    tx.node,
    {
      ...{ systemKey: tx.key, kind: 'user', subjectId: vouching.account.userId },
      ...(vouching.by === 'session' && { exceptId: vouching.sessionId }),
    },
    now,
    'a second factor was changed',
  )

/** Who vouches for this beside the password, which was right. */
export type Vouching = { account: AccountRecord; label: string } & (
  | { by: 'enrolment'; hash: string }
  | { by: 'session'; sessionId: string }
)

export async function demandVouching(scope: SystemScope, body: Body): Promise<Vouching> {
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
  demandMadeHere(scope, 'change second factors')
  const { userId, sessionId } = caller
  // Before the password: a session without a second factor is no place to try passwords in.
  if (!(await hasSecondFactor(scope.data, { userId, sessionId }, scope.clock.now()))) throw passwordIsNotEnough()
  const check = await checkPasswordOf(scope, userId, body.password)
  if (!check.ok) throw refusalError(check, 'wrongCredentials')
  return { account: check.account, by: 'session', sessionId, label: `session ${sessionId}` }
}

const secondFactors = new Set<string>(kindsInOrder)

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
export const ownService = ' own authenticators'

/**
 * Asks a user who signed in with a second factor for a fresh one: sends a code to the phone, or with `factor: "passkey"`
 * answers what the browser is asked: `{password, factor?}`, in a session. What it answers as `challenge_id` goes beside `code`
 * with the same `factor`.
 */
export async function sendFreshCode(scope: SystemScope, send: SendMessage, body: Body): Promise<FreshAsked> {
  const kind = readAsked(body.factor)
  const { account } = await demandVouching(scope, { ...body, enrolment: undefined })
  return askFresh(scope, send, account, { kind, service: ownService, purpose: 'changing your second factors' })
}

export type FreshAsked = {
  challenge_id: string
  to: string
  expires_at: string
  code?: string
  passkey?: PasskeyOptions
}

export function readAsked(factor: unknown): 'phone' | 'passkey' {
  const kind = factor ?? 'phone'
  if (kind === 'phone' || kind === 'passkey') return kind
  throw new GatehouseError('badRequest', 'factor must be "phone" or "passkey".')
}

/** Of whoever has just proved the password. `purpose` ends the text of the message. */
export async function askFresh(
  scope: SystemScope,
  send: SendMessage,
  { userId, passwordStamp }: AccountRecord,
  { kind, service, purpose }: { kind: 'phone' | 'passkey'; service: string; purpose: string },
): Promise<FreshAsked> {
  const { handle, to, expiresAt, code, passkey } = await askFor(scope, send, {
    ...{ userId, passwordStamp, service, kind },
    wording: { message: `${scope.system.name.slice(0, 60)}: {code} is your code for ${purpose}.` },
  })
  return {
    ...{ challenge_id: handle, to, expires_at: new Date(expiresAt).toISOString() },
    ...(code !== undefined && { code }),
    ...(passkey !== undefined && { passkey }),
  }
}

/** `service`: what it was asked for. */
type AskedFresh = { code: Answer; weighed: Weighed; kind: 'phone' | 'passkey'; handle: string; service: string }
export type Fresh = { code: Answer; weighed: Weighed; kind: 'totp' | 'recovery' } | AskedFresh

const isAsked = (fresh: Fresh): fresh is AskedFresh => fresh.kind === 'phone' || fresh.kind === 'passkey'

/** The fresh code of a session: of the app that is bound, one of the recovery codes, or the answer to `sendFreshCode`. */
export async function weighFresh(
  scope: SystemScope,
  account: Pick<AccountRecord, 'userId'>,
  body: Body,
  service: string = ownService,
): Promise<Fresh> {
  const kind = body.factor ?? 'totp'
  if (kind !== 'totp' && kind !== 'recovery' && kind !== 'phone' && kind !== 'passkey') {
    throw new GatehouseError('badRequest', 'factor must be "passkey", "totp", "phone" or "recovery".')
  }
  const code = demandAnswer(body.code)
  if (kind === 'phone' || kind === 'passkey') {
    if (typeof body.challenge_id !== 'string')
      throw new GatehouseError('badRequest', 'The text challenge_id is missing.')
    const handle = body.challenge_id
    return { kind, code, handle, service, weighed: await weighAnswer(scope, { handle, code, service }) }
  }
  const held = await findAuthenticator(scope.data, { userId: account.userId, kind })
  const weighed = held === undefined ? { seemsRight: false } : await weighCode(scope, held, code)
  return { code, kind, weighed }
}

/**
 * The code of the session and the vouching, in the transaction; a wrong code is counted like one at the door. `sent` goes to
 * `noteAnswered` after it.
 */
export async function takeFresh(
  scope: SystemScope,
  tx: SystemStore,
  vouching: Vouching,
  fresh: Fresh | undefined,
): Promise<(TakenFresh & { boundBy: string }) | GatehouseError> {
  const { userId } = vouching.account
  const taken = vouching.by === 'session' ? await takeFreshCode(scope, tx, userId, fresh) : { sent: undefined }
  if (taken instanceof GatehouseError) return taken
  const vouched = await stillVouched(scope, tx, vouching)
  return vouched instanceof GatehouseError ? vouched : { ...taken, ...vouched }
}

/** `sent`: the challenge, where the code was one that had been sent. */
type TakenFresh = { sent: string | undefined }

/** The code alone, consumed or counted. What it answers as `sent` goes to `noteAnswered` after the transaction. */
export async function takeFreshCode(
  scope: SystemScope,
  tx: SystemStore,
  userId: string,
  fresh: Fresh | undefined,
): Promise<TakenFresh | GatehouseError> {
  if (fresh !== undefined && isAsked(fresh)) {
    const taken = await takeAnswer(scope, tx, fresh, fresh.weighed)
    if (taken instanceof GatehouseError) return taken
    return taken.challenge.userId === userId ? { sent: sentOf(taken) } : notGood()
  }
  const held = fresh && (await findAuthenticator(tx, { userId, kind: fresh.kind }, { hold: true }))
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
    await countWrongCode(scope, tx, held, now)
    return notGood()
  }
  await markUsed(tx, held.id, now)
  return { sent: undefined }
}

/** The hashes took their time: account, enrolment and session must still be as good as they were. */
export async function stillVouched(
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

export const stepOf = (scope: SystemScope, pending: PendingRecord, code: Answer): number | undefined =>
  pending.kind === 'totp' && typeof code === 'string'
    ? matchingStep(openValue(scope, pending), code, scope.clock.now(), 0)
    : undefined

/** People type codes as numbers, and JSON carries them so, without the zeros in front; what a browser says is an object. */
export function demandAnswer(code: unknown): Answer {
  if (typeof code === 'number') return String(code).padStart(6, '0')
  if (typeof code === 'string' && code !== '') return code
  if (typeof code === 'object' && code !== null && !Array.isArray(code)) return code as Answer
  throw new GatehouseError('badRequest', 'The text code is missing.')
}
