/**
 * Challenges: the second step of a sign-in. Whoever proved the password is asked for a passkey, or for a code, which is sent to
 * the phone, shown by an authenticator app, or one of the recovery codes; the right answer becomes a proof of both, which sign-in alone turns
 * into a session. A challenge is no session and opens nothing.
 *
 * The proof of the password is spent when the challenge is made. Checking and consuming is one transaction that holds the
 * challenge and the authenticator, so of many right answers one counts, and no wrong one is missed. What is counted in a row
 * stands with the authenticator: another code, another challenge or another door does not begin anew. The figures are those
 * of NIST SP 800-63B-4 and OWASP; where they come from stands in docs/security.md.
 */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute, second } from '../../base/clock.ts'
import { bearerToken, uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import type { SystemStore } from '../../store/store.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import {
  type AuthenticatorKind,
  type AuthenticatorRecord,
  findAuthenticator,
  markUsed,
} from '../../store/tables/authenticators.ts'
import {
  type ChallengeRecord,
  countTry,
  endChallenge,
  type FoundChallenge,
  findChallenge,
  holdChallenge,
  insertChallenge,
  newestOpenChallenge,
} from '../../store/tables/challenges.ts'
import type { SystemScope } from '../access/scope.ts'
import { openValue } from '../accounts/authenticators.ts'
import { noteNotice } from '../accounts/notices.ts'
import { type PasskeyOptions, passkeyRules } from '../accounts/passkeys.ts'
import type { MessagesTo } from '../sending/inbox.ts'
import { noteEntered, type SendMessage, type Sent } from '../sending/send.ts'
import {
  codeDigits,
  isCodeLength,
  isCodeMessage,
  longestCodeMessage,
  placeOfCode,
} from '../systems/message-settings.ts'
import {
  type Answer,
  countWrongCode,
  demandGood,
  factorRules,
  kindsInOrder,
  notGood,
  refused,
  seemsCopied,
  standingOf,
  takeCode,
  usableKinds,
  type Weighed,
  weighCode,
} from './factor-check.ts'
import { choosePasskey, closeCopied, passkeyRequest, takeAssertion, weighAssertion } from './passkey-check.ts'
import { giveProof, redeem } from './proofs.ts'

export const challengeRules = {
  leastDigits: codeDigits.least,
  mostDigits: codeDigits.most,
  /** Of one code. */
  lifeMs: 5 * minute,
  /** Of one attempt with all its codes. */
  attemptMs: 10 * minute,
  triesPerCode: 5,
  ...factorRules,
  /** A code that nobody has answered keeps the next one waiting. */
  resendAfterMs: 30 * second,
  mostSends: 4,
} as const

/** What the message says, with `{code}` where the code goes; `provider` in the place of the system's own. */
export type Wording = { message?: unknown; digits?: unknown; provider?: unknown }

export type Challenge = {
  /** Names the challenge to the client: 256 random bits. */
  handle: string
  userId: string
  kind: AuthenticatorKind
  /** All that the user could be asked for. */
  kinds: AuthenticatorKind[]
  /** As `+1 ••• 0123`. */
  to: string
  /** Of a passkey: what the browser is asked (PublicKeyCredentialRequestOptionsJSON). */
  passkey: PasskeyOptions | undefined
  /** Where the message went; undefined where none was sent. */
  where: MessagesTo | undefined
  /** Milliseconds. */
  expiresAt: number
  /** In development alone, where the inbox shows it anyway. */
  code: string | undefined
}

/** What could not be asked for, and why: the next kind in the list was. */
export type PassedOver = { kind: AuthenticatorKind; why: string }

/**
 * Asks whoever proved the password by `proof` for a code, and sends one where the kind is a phone. The proof is spent
 * whatever comes of it. Without a kind the user's own is taken: a passkey, else an authenticator app, else the phone. With
 * `kinds` they are gone through in that order: the next is asked for where the one before is not bound, is switched off, or no
 * code could be sent to it; not where a message may be on its way, nor where the user has to wait. Throws challengeRefused,
 * tooManyRequests, badRequest for a wording without `{code}`.
 */
export async function giveChallenge(
  scope: SystemScope,
  send: SendMessage,
  input: { proof: string; service: string; kind?: unknown; kinds?: unknown; wording: Wording },
): Promise<Challenge & { passedOver: PassedOver[] }> {
  const now = scope.clock.now()
  // In a step of its own and before anything else is looked at: whatever fails from here on, a service that answers with
  // this proof all the same lets nobody in.
  const redeemed = await scope.data.transaction((tx) => redeem(tx, input.proof, now, undefined, scope.system.settings))
  if (!redeemed.ok) throw refused(`The first factor is not proved: this is ${redeemed.why}.`)
  if (redeemed.origin !== 'password') throw refused('A challenge begins with the proof of a password.')
  const wanted = readKinds(input.kind, input.kinds)
  const passedOver: PassedOver[] = []
  let first: Unreachable | undefined
  for (const kind of wanted) {
    const asked = await tryToAsk(scope, send, { ...input, ...redeemed, kind })
    if (!('unreachable' in asked)) return { ...asked, passedOver }
    // What the user has and cannot use tells him more than what he has not.
    if (first === undefined || (first.isMissing === true && asked.isMissing !== true)) first = asked
    if (kind !== undefined) passedOver.push({ kind, why: asked.unreachable.detail })
  }
  throw first!.unreachable
}

type Asking = {
  userId: string
  passwordStamp: string
  service: string
  kind?: AuthenticatorKind | undefined
  wording: Wording
}

/** Asks whoever has just proved the password, by whatever way; `service` alone may take the answer. */
export async function askFor(scope: SystemScope, send: SendMessage, input: Asking): Promise<Challenge> {
  const asked = await tryToAsk(scope, send, input)
  if ('unreachable' in asked) throw asked.unreachable
  return asked
}

/** There is no such authenticator to ask, or no code reached it; surely nothing is on its way. */
type Unreachable = { unreachable: GatehouseError; isMissing?: true }

async function tryToAsk(scope: SystemScope, send: SendMessage, input: Asking): Promise<Challenge | Unreachable> {
  const now = scope.clock.now()
  const { userId, passwordStamp, kind: named } = input
  const made = await scope.data.transaction(async (tx): Promise<Made | Unreachable | GatehouseError> => {
    const kinds = await usableKinds(scope, tx, userId)
    const authenticator = await chosen(scope, tx, userId, named, kinds)
    if (authenticator === undefined) return { unreachable: noneBound(named), isMissing: true }
    const standing = standingOf(scope, authenticator, now)
    const mayWait = authenticator.state === 'bound' && standing?.kind !== 'edgeTooOld'
    if (standing !== undefined) return mayWait ? standing : { unreachable: standing }
    const begun = { attemptAt: now, sends: 1, passwordStamp, service: input.service }
    if (authenticator.kind !== 'phone') {
      if (!kinds.includes(authenticator.kind)) {
        return { unreachable: refused('All recovery codes of this account are used.') }
      }
      return makeChallenge(scope, tx, authenticator, begun, undefined)
    }
    const problem = scope.edgeCodes?.problem(authenticator)
    if (problem !== undefined) return { unreachable: notFromHere(problem, kinds) }
    const wording = wordingFor(scope, input.wording)
    const newest = await newestOpenChallenge(tx, authenticator.id, now)
    if (newest !== undefined && newest + challengeRules.resendAfterMs > now) return tooSoon(newest, now)
    return makeChallenge(scope, tx, authenticator, begun, wording)
  })
  if (made instanceof GatehouseError) throw made
  return 'unreachable' in made ? made : deliver(scope, send, made)
}

/** Another code in the place of the one before, which is good no more. Throws as `giveChallenge` does. */
export async function resendChallenge(
  scope: SystemScope,
  send: SendMessage,
  input: { handle: string; service: string; wording: Wording },
): Promise<Challenge> {
  const now = scope.clock.now()
  const made = await scope.data.transaction(async (tx): Promise<Made | GatehouseError> => {
    const before = await holdChallenge(tx, hashToken(input.handle))
    if (before === undefined || before.service !== input.service || !isOpen(before, now)) return notGood()
    const authenticator = await findAuthenticator(tx, { id: before.authenticatorId }, { hold: true })
    if (authenticator === undefined) return notGood()
    if (authenticator.kind !== 'phone') return refused('For this second factor no code is sent.')
    const problem = scope.edgeCodes?.problem(authenticator)
    if (problem !== undefined) return notFromHere(problem, await usableKinds(scope, tx, before.userId))
    const wording = wordingFor(scope, input.wording)
    const standing = demandGood(authenticator, now)
    if (standing !== undefined) return standing
    if (before.createdAt + challengeRules.resendAfterMs > now) return tooSoon(before.createdAt, now)
    if (before.sends >= challengeRules.mostSends) {
      return refused('No more codes are sent in this sign-in.', 'Begin it anew.')
    }
    await endChallenge(tx, before, 'resent', now)
    return makeChallenge(scope, tx, authenticator, { ...before, sends: before.sends + 1 }, wording)
  })
  if (made instanceof GatehouseError) throw made
  const sent = await deliver(scope, send, made)
  if ('unreachable' in sent) throw sent.unreachable
  return sent
}

const kindNames: Record<AuthenticatorKind, string> = {
  passkey: 'passkey that this page can use',
  totp: 'authenticator app',
  phone: 'phone that codes can be sent to',
  recovery: 'recovery codes',
}

const isKind = (kind: unknown): kind is AuthenticatorKind => kindsInOrder.some((one) => one === kind)

/** One at least; undefined is the user's own. */
function readKinds(kind: unknown, kinds: unknown): (AuthenticatorKind | undefined)[] {
  if (kinds === undefined || kinds === null) {
    if (kind === undefined || kind === null) return [undefined]
    if (isKind(kind)) return [kind]
    throw new GatehouseError('badRequest', 'kind must be "passkey", "totp", "phone" or "recovery".')
  }
  if (kind !== undefined && kind !== null) {
    throw new GatehouseError('badRequest', 'Either kind or kinds names what is asked for, not both.')
  }
  if (!Array.isArray(kinds) || kinds.length === 0 || new Set(kinds).size < kinds.length || !kinds.every(isKind)) {
    throw new GatehouseError(
      'badRequest',
      'kinds must be a list of "passkey", "totp", "phone" and "recovery", each once.',
    )
  }
  return kinds
}

const noneBound = (named: AuthenticatorKind | undefined): GatehouseError =>
  named === undefined
    ? refused(
        `This account has no ${kindNames.phone} and no ${kindNames.totp}.`,
        'A developer of the system binds a phone, or gives out a code to enrol an app or a passkey with.',
      )
    : refused(`This account has no ${kindNames[named]}.`)

const otherNames: Record<AuthenticatorKind, string> = {
  passkey: 'passkey',
  totp: 'authenticator app',
  phone: 'phone',
  recovery: 'recovery code',
}

/** At an edge, what the user has there beside the phone. */
function others(kinds: readonly AuthenticatorKind[]): string {
  const names = kinds.filter((kind) => kind !== 'phone').map((kind) => otherNames[kind])
  return names.length === 0
    ? 'This account has no other second factor here: sign in at the platform.'
    : `Sign in with another of your second factors: ${names.join(', ')}.`
}

const notFromHere = (problem: string, kinds: readonly AuthenticatorKind[]): GatehouseError =>
  refused(problem, others(kinds))

/** Held. One that is switched off is taken where there is nothing else, so that the user hears why. */
async function chosen(
  scope: SystemScope,
  tx: SystemStore,
  userId: string,
  named: AuthenticatorKind | undefined,
  kinds: readonly AuthenticatorKind[],
): Promise<AuthenticatorRecord | undefined> {
  const kind = named ?? kinds.find((one) => one !== 'recovery')
  for (const one of kind === undefined ? (['passkey', 'totp', 'phone'] as const) : [kind]) {
    const which = one === 'passkey' ? await choosePasskey(scope, tx, userId) : { userId, kind: one }
    const found = which && (await findAuthenticator(tx, which, { hold: true }))
    if (found !== undefined) return found
  }
  return undefined
}

export type Answered = {
  proof: string
  userId: string
  kind: AuthenticatorKind
  to: string
}

/**
 * Checks an answer and consumes its challenge in one step. Throws challengeRefused, the same for a code that is wrong, spent,
 * expired or of no challenge, and tooManyRequests.
 */
export async function answerChallenge(
  scope: SystemScope,
  input: { handle: string; code: Answer; service: string; runId: string },
): Promise<Answered> {
  const weighed = await weighAnswer(scope, input)
  const checked = await scope.data.transaction(async (tx): Promise<Right | GatehouseError> => {
    const taken = await takeAnswer(scope, tx, input, weighed)
    if (taken instanceof GatehouseError) return taken
    const { challenge, authenticator } = taken
    const account = await findAccount(tx, { userId: challenge.userId }, { hold: true })
    // What was proved is worth nothing for an account that is gone, switched off, or has another password since.
    if (account === undefined || account.disabled || account.passwordStamp !== challenge.passwordStamp) return notGood()
    const proof = await giveProof(
      { ...scope, data: tx },
      {
        account,
        origin: 'challenge',
        factors: `password ${authenticator.kind}`,
        service: input.service,
        runId: input.runId,
      },
    )
    return { proof, challenge, authenticator }
  })
  if (checked instanceof GatehouseError) throw checked
  const { kind, label: to } = checked.authenticator
  await noteAnswered(scope, sentOf(checked))
  return { proof: checked.proof, userId: checked.challenge.userId, kind, to }
}

/** The challenge whose code went to a phone; undefined where nothing was sent. */
export const sentOf = ({ challenge, authenticator }: Taken): string | undefined =>
  authenticator.kind === 'phone' ? challenge.id : undefined

/** After the transaction that took the answer: of a code that was sent, that it was entered rightly. */
export async function noteAnswered(scope: SystemScope, sent: string | undefined): Promise<void> {
  if (sent === undefined) return
  if (scope.edgeCodes === undefined) await noteEntered(scope, sent)
  else await scope.edgeCodes.entered(scope, sent)
}

type Taken = { challenge: FoundChallenge; authenticator: AuthenticatorRecord }
type Right = Taken & { proof: string }

/** In the transaction: checks and counts, and consumes what was right. The account is the caller's to look at. */
export async function takeAnswer(
  scope: SystemScope,
  tx: SystemStore,
  input: { handle: string; code: Answer; service: string },
  weighed: Weighed,
): Promise<Taken | GatehouseError> {
  const now = scope.clock.now()
  const challenge = await holdChallenge(tx, hashToken(input.handle))
  if (challenge === undefined || challenge.service !== input.service || !isOpen(challenge, now)) return notGood()
  // One that is held at a time, also where an answer names another passkey than the challenge does.
  const id = weighed.passkey ?? challenge.authenticatorId
  const authenticator = await findAuthenticator(tx, { id }, { hold: true })
  if (authenticator === undefined || authenticator.userId !== challenge.userId) return notGood()
  const standing = standingOf(scope, authenticator, now)
  if (standing !== undefined) return standing
  const judged = await judge(scope, tx, challenge, authenticator, input.code, weighed)
  if (judged === 'copied') {
    await endChallenge(tx, challenge, 'copied', now)
    await closeCopied(tx, authenticator)
    await noteNotice({ ...scope, data: tx }, authenticator.userId, { what: 'passkey closed' })
    return seemsCopied()
  }
  if (judged === 'wrong') {
    await countWrong(scope, tx, challenge, authenticator, now)
    return notGood()
  }
  if (!(await endChallenge(tx, challenge, 'answered', now))) return notGood()
  await markUsed(tx, authenticator.id, now)
  return { challenge, authenticator }
}

/** In the transaction: what is right is taken with it. */
async function judge(
  scope: SystemScope,
  tx: SystemStore,
  challenge: FoundChallenge,
  authenticator: AuthenticatorRecord,
  code: Answer,
  weighed: Weighed,
): Promise<'right' | 'wrong' | 'copied'> {
  if (authenticator.kind === 'passkey') return takeAssertion(tx, challenge, authenticator, weighed, scope.clock.now())
  const right =
    authenticator.kind === 'phone'
      ? isCode(scope, challenge, code)
      : await takeCode(scope, tx, authenticator, code, weighed)
  return right ? 'right' : 'wrong'
}

/** What is too slow for a transaction: of an open challenge alone, and decided again in the transaction. */
export async function weighAnswer(
  scope: SystemScope,
  input: { handle: string; code: Answer; service: string },
): Promise<Weighed> {
  const now = scope.clock.now()
  const challenge = await findChallenge(scope.data, hashToken(input.handle))
  if (challenge === undefined || challenge.service !== input.service || !isOpen(challenge, now)) {
    return { seemsRight: false }
  }
  const authenticator = await findAuthenticator(scope.data, { id: challenge.authenticatorId })
  switch (authenticator?.kind) {
    case undefined:
      return { seemsRight: false }
    case 'passkey':
      return weighAssertion(scope, challenge, input.code, (nonce) => isSecret(scope, challenge, nonce))
    case 'phone':
      return { seemsRight: isCode(scope, challenge, input.code) }
    default:
      return weighCode(scope, authenticator!, input.code)
  }
}

type Made = {
  handle: string
  challenge: ChallengeRecord
  authenticator: AuthenticatorRecord
  kinds: AuthenticatorKind[]
  to: string
  passkey: PasskeyOptions | undefined
  /** What is to be sent; undefined where nothing is. */
  message: { code: string; wording: ReadWording } | undefined
}

async function makeChallenge(
  scope: SystemScope,
  tx: SystemStore,
  authenticator: AuthenticatorRecord,
  attempt: Pick<ChallengeRecord, 'attemptAt' | 'sends' | 'passwordStamp' | 'service'>,
  wording: ReadWording | undefined,
): Promise<Made> {
  const now = scope.clock.now()
  const handle = bearerToken('ghf')
  const message = wording && { code: newCode(wording.digits), wording }
  const id = uuid()
  const nonce =
    authenticator.kind === 'passkey' ? randomBytes(passkeyRules.nonceBytes).toString('base64url') : undefined
  const secret = message?.code ?? nonce
  const challenge: ChallengeRecord = {
    id,
    handleHash: hashToken(handle),
    userId: authenticator.userId,
    authenticatorId: authenticator.id,
    codeHash: secret === undefined ? '' : codeHash(scope, id, secret),
    passwordStamp: attempt.passwordStamp,
    service: attempt.service,
    tries: 0,
    sends: attempt.sends,
    attemptAt: attempt.attemptAt,
    createdAt: now,
    expiresAt: Math.min(now + challengeRules.lifeMs, attempt.attemptAt + challengeRules.attemptMs),
  }
  await insertChallenge(tx, challenge)
  const kinds = await usableKinds(scope, tx, authenticator.userId)
  const made = { handle, challenge, authenticator, kinds, message }
  if (nonce === undefined) return { ...made, to: authenticator.label, passkey: undefined }
  return { ...made, ...(await passkeyRequest(scope, tx, authenticator, nonce)) }
}

export const newCode = (digits: number): string => String(randomInt(10 ** digits)).padStart(digits, '0')

/** The challenge stands before its code goes out, and ends where none did. */
async function deliver(scope: SystemScope, send: SendMessage, made: Made): Promise<Challenge | Unreachable> {
  const { challenge, authenticator, handle, kinds, to, passkey } = made
  const given = {
    ...{ handle, userId: challenge.userId, kind: authenticator.kind, kinds, to, passkey },
    expiresAt: challenge.expiresAt,
  }
  if (made.message === undefined) return { ...given, where: undefined, code: undefined }
  const { code, wording } = made.message
  const { id, userId: user } = challenge
  const body = wording.message.replaceAll(placeOfCode, code)
  const number = authenticator.sealed === '' ? '' : openValue(scope, authenticator)
  const sent =
    scope.edgeCodes === undefined
      ? await send(scope, {
          ...{ to: number, body, challenge: id, code, account: user },
          ...(wording.provider !== undefined && { provider: wording.provider }),
        })
      : await scope.edgeCodes.send(scope, { id, user, code, number, body })
  if (sent === 'no answer') {
    await endChallenge(scope.data, challenge, 'unsent', scope.clock.now())
    // A message may be on its way, so no other kind is asked for in its place; the code in it opens nothing any more.
    throw refused('Whether the code was sent is not known: the platform did not answer. It is not good.', others(kinds))
  }
  if (sent.state === 'refused') {
    await endChallenge(scope.data, challenge, 'unsent', scope.clock.now())
    return { unreachable: notSent(sent, scope.edgeCodes === undefined ? undefined : others(kinds)) }
  }
  return {
    ...given,
    where: sent.where,
    code: scope.mode === 'development' && sent.where === 'inbox' ? code : undefined,
  }
}

function notSent(
  { reason = '', retryAfter }: Pick<Sent, 'reason' | 'retryAfter'>,
  hint: string | undefined,
): GatehouseError {
  const detail = `The code could not be sent. ${reason}`.trim()
  return retryAfter === undefined
    ? refused(detail, hint)
    : new GatehouseError('tooManyRequests', detail, { retryAfter, ...(hint !== undefined && { hint }) })
}

async function countWrong(
  scope: SystemScope,
  tx: SystemStore,
  challenge: FoundChallenge,
  authenticator: AuthenticatorRecord,
  now: number,
): Promise<void> {
  await countTry(tx, challenge.id)
  if (challenge.tries + 1 >= challengeRules.triesPerCode) await endChallenge(tx, challenge, 'tries', now)
  await countWrongCode(scope, tx, authenticator, now)
}

export const isOpen = ({ endedAt, expiresAt, tries }: FoundChallenge, now: number): boolean =>
  endedAt === null && expiresAt > now && tries < challengeRules.triesPerCode

export const codeHash = (scope: SystemScope, id: string, code: string): string =>
  scope.key.keyedHash('codes', `challenge ${scope.system.key}/${id}/${code}`)

/** People write codes in groups. */
export const isCode = (scope: SystemScope, challenge: FoundChallenge, given: Answer): boolean =>
  typeof given === 'string' && isSecret(scope, challenge, given.replace(/[\s-]/g, '').slice(0, 20))

/** What this challenge asked for: the code that was sent, or what a passkey is to sign. */
function isSecret(scope: SystemScope, challenge: FoundChallenge, given: string): boolean {
  const [one, other] = [codeHash(scope, challenge.id, given), challenge.codeHash].map((text) => Buffer.from(text))
  return one!.length === other!.length && timingSafeEqual(one!, other!)
}

type ReadWording = { message: string; digits: number; provider: unknown }

function readWording({ message, digits = challengeRules.leastDigits, provider }: Wording): ReadWording {
  if (!isCodeMessage(message)) {
    throw new GatehouseError(
      'badRequest',
      `message must be a text with ${placeOfCode} in it, of ${longestCodeMessage} characters at most.`,
    )
  }
  if (!isCodeLength(digits)) {
    const { leastDigits, mostDigits } = challengeRules
    throw new GatehouseError('badRequest', `digits must be a whole number from ${leastDigits} to ${mostDigits}.`)
  }
  return { message, digits, provider: provider ?? undefined }
}

/** The platform sends what an edge asks for in the system's own words, with as many digits as the system says. */
function wordingFor(scope: SystemScope, given: Wording): ReadWording {
  const wording = readWording(given)
  const { edgeCodes, system } = scope
  return edgeCodes?.ownWords === false ? { ...wording, digits: system.settings.code_digits } : wording
}

export function tooSoon(since: number, now: number): GatehouseError {
  const seconds = Math.ceil((since + challengeRules.resendAfterMs - now) / second)
  return new GatehouseError('tooManyRequests', 'A code was sent a moment ago, and waits for its answer.', {
    hint: `Another can be sent in ${seconds} second${seconds === 1 ? '' : 's'}.`,
    retryAfter: seconds,
  })
}
