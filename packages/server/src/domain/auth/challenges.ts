/**
 * Challenges: the second step of a sign-in. Whoever proved the password is sent a code, and the right answer becomes a proof
 * of both, which sign-in alone turns into a session. A challenge is no session and opens nothing.
 *
 * The proof of the password is spent when the challenge is made. Checking and consuming is one transaction that holds the
 * challenge and the authenticator, so of many right answers one counts, and no wrong one is missed. What is counted in a row
 * stands with the authenticator: another code, another challenge or another door does not begin anew. The figures are those
 * of NIST SP 800-63B-4 and OWASP; where they come from stands in docs/security.md.
 */
import { randomInt, timingSafeEqual } from 'node:crypto'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute, second } from '../../base/clock.ts'
import { bearerToken, uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import type { SystemStore } from '../../store/store.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import {
  type AuthenticatorRecord,
  countAgainst,
  findAuthenticator,
  markUsed,
} from '../../store/tables/authenticators.ts'
import {
  type ChallengeRecord,
  countTry,
  endChallenge,
  type FoundChallenge,
  holdChallenge,
  insertChallenge,
  newestOpenChallenge,
} from '../../store/tables/challenges.ts'
import type { SystemScope } from '../access/scope.ts'
import { openValue } from '../accounts/authenticators.ts'
import type { MessagesTo } from '../sending/inbox.ts'
import { noteEntered, type SendMessage } from '../sending/send.ts'
import { giveProof, redeem } from './proofs.ts'

export const challengeRules = {
  /** Six digits are 20 bits. */
  leastDigits: 6,
  mostDigits: 10,
  /** Of one code. */
  lifeMs: 5 * minute,
  /** Of one attempt with all its codes. */
  attemptMs: 10 * minute,
  triesPerCode: 5,
  /** Wrong answers in a row to one authenticator: every so many, and there for so long. */
  blockAfter: 10,
  blockMs: 15 * minute,
  /** From then on it answers nothing until it is bound anew. */
  disableAfter: 50,
  /** A code that nobody has answered keeps the next one waiting. */
  resendAfterMs: 30 * second,
  mostSends: 4,
} as const

/** What the message says, with `{code}` where the code goes; `provider` in the place of the system's own. */
export type Wording = { kind?: unknown; message: unknown; digits?: unknown; provider?: unknown }

export type Challenge = {
  /** Names the challenge to the client: 256 random bits. */
  handle: string
  userId: string
  kind: AuthenticatorRecord['kind']
  /** As `+1 ••• 0123`. */
  to: string
  where: MessagesTo
  /** Milliseconds. */
  expiresAt: number
  /** In development alone, where the inbox shows it anyway. */
  code: string | undefined
}

/**
 * Sends a code to whoever proved the password by `proof`, which is spent whatever comes of it. Throws challengeRefused,
 * tooManyRequests, badRequest for a wording without `{code}`.
 */
export async function giveChallenge(
  scope: SystemScope,
  send: SendMessage,
  input: { proof: string; service: string; wording: Wording },
): Promise<Challenge> {
  const now = scope.clock.now()
  // In a step of its own and before anything else is looked at: whatever fails from here on, a service that answers with
  // this proof all the same lets nobody in.
  const redeemed = await scope.data.transaction((tx) => redeem(tx, input.proof, now, undefined, scope.system.settings))
  if (!redeemed.ok) throw refused(`The first factor is not proved: this is ${redeemed.why}.`)
  if (redeemed.origin !== 'password') throw refused('A challenge begins with the proof of a password.')
  const { userId, passwordStamp } = redeemed
  const wording = readWording(input.wording)
  const made = await scope.data.transaction(async (tx): Promise<Made | GatehouseError> => {
    const authenticator = await findAuthenticator(tx, { userId, kind: 'phone' }, { hold: true })
    if (authenticator === undefined) {
      return refused('This account has no phone that codes can be sent to.', 'A developer of the system binds one.')
    }
    const standing = demandGood(authenticator, now)
    if (standing !== undefined) return standing
    const newest = await newestOpenChallenge(tx, authenticator.id, now)
    if (newest !== undefined && newest + challengeRules.resendAfterMs > now) return tooSoon(newest, now)
    const begun = { attemptAt: now, sends: 1, passwordStamp, service: input.service }
    return makeChallenge(scope, tx, authenticator, begun, wording)
  })
  if (made instanceof GatehouseError) throw made
  return deliver(scope, send, made, wording)
}

/** Another code in the place of the one before, which is good no more. Throws as `giveChallenge` does. */
export async function resendChallenge(
  scope: SystemScope,
  send: SendMessage,
  input: { handle: string; service: string; wording: Wording },
): Promise<Challenge> {
  const wording = readWording(input.wording)
  const now = scope.clock.now()
  const made = await scope.data.transaction(async (tx): Promise<Made | GatehouseError> => {
    const before = await holdChallenge(tx, hashToken(input.handle))
    if (before === undefined || before.service !== input.service || !isOpen(before, now)) return notGood()
    const authenticator = await findAuthenticator(tx, { id: before.authenticatorId }, { hold: true })
    if (authenticator === undefined) return notGood()
    const standing = demandGood(authenticator, now)
    if (standing !== undefined) return standing
    if (before.createdAt + challengeRules.resendAfterMs > now) return tooSoon(before.createdAt, now)
    if (before.sends >= challengeRules.mostSends) {
      return refused('No more codes are sent in this sign-in.', 'Begin it anew.')
    }
    await endChallenge(tx, before.id, 'resent', now)
    return makeChallenge(scope, tx, authenticator, { ...before, sends: before.sends + 1 }, wording)
  })
  if (made instanceof GatehouseError) throw made
  return deliver(scope, send, made, wording)
}

export type Answered = {
  proof: string
  userId: string
  kind: AuthenticatorRecord['kind']
  to: string
}

/**
 * Checks a code and consumes its challenge in one step. Throws challengeRefused, the same for a code that is wrong, spent,
 * expired or of no challenge, and tooManyRequests.
 */
export async function answerChallenge(
  scope: SystemScope,
  input: { handle: string; code: string; service: string; runId: string },
): Promise<Answered> {
  const now = scope.clock.now()
  const checked = await scope.data.transaction(async (tx): Promise<Right | GatehouseError> => {
    const challenge = await holdChallenge(tx, hashToken(input.handle))
    if (challenge === undefined || challenge.service !== input.service || !isOpen(challenge, now)) return notGood()
    const authenticator = await findAuthenticator(tx, { id: challenge.authenticatorId }, { hold: true })
    if (authenticator === undefined) return notGood()
    const standing = demandGood(authenticator, now)
    if (standing !== undefined) return standing
    if (!isCode(scope, challenge, input.code)) {
      await countWrong(tx, challenge, authenticator, now)
      return notGood()
    }
    await endChallenge(tx, challenge.id, 'answered', now)
    await markUsed(tx, authenticator.id, now)
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
  await noteEntered(scope, checked.challenge.id)
  const { kind, label: to } = checked.authenticator
  return { proof: checked.proof, userId: checked.challenge.userId, kind, to }
}

type Right = { proof: string; challenge: FoundChallenge; authenticator: AuthenticatorRecord }

type Made = { handle: string; code: string; challenge: ChallengeRecord; authenticator: AuthenticatorRecord }

async function makeChallenge(
  scope: SystemScope,
  tx: SystemStore,
  authenticator: AuthenticatorRecord,
  attempt: Pick<ChallengeRecord, 'attemptAt' | 'sends' | 'passwordStamp' | 'service'>,
  { digits }: ReadWording,
): Promise<Made> {
  const now = scope.clock.now()
  const handle = bearerToken('ghf')
  const code = String(randomInt(10 ** digits)).padStart(digits, '0')
  const id = uuid()
  const challenge: ChallengeRecord = {
    id,
    handleHash: hashToken(handle),
    userId: authenticator.userId,
    authenticatorId: authenticator.id,
    codeHash: codeHash(scope, id, code),
    passwordStamp: attempt.passwordStamp,
    service: attempt.service,
    tries: 0,
    sends: attempt.sends,
    attemptAt: attempt.attemptAt,
    createdAt: now,
    expiresAt: Math.min(now + challengeRules.lifeMs, attempt.attemptAt + challengeRules.attemptMs),
  }
  await insertChallenge(tx, challenge)
  return { handle, code, challenge, authenticator }
}

/** The challenge stands before its code goes out, and ends where none did. */
async function deliver(scope: SystemScope, send: SendMessage, made: Made, wording: ReadWording): Promise<Challenge> {
  const { challenge, authenticator, code, handle } = made
  const sent = await send(scope, {
    to: openValue(scope, authenticator),
    body: wording.message.replaceAll(placeOfCode, code),
    challenge: challenge.id,
    account: challenge.userId,
    ...(wording.provider !== undefined && { provider: wording.provider }),
  })
  if (sent.state === 'refused') {
    await endChallenge(scope.data, challenge.id, 'unsent', scope.clock.now())
    const reason = `The code could not be sent. ${sent.reason ?? ''}`.trim()
    if (sent.retryAfter !== undefined) {
      throw new GatehouseError('tooManyRequests', reason, { retryAfter: sent.retryAfter })
    }
    throw refused(reason)
  }
  return {
    handle,
    userId: challenge.userId,
    kind: authenticator.kind,
    to: authenticator.label,
    where: sent.where,
    expiresAt: challenge.expiresAt,
    code: scope.mode === 'development' && sent.where === 'inbox' ? code : undefined,
  }
}

async function countWrong(
  tx: SystemStore,
  challenge: FoundChallenge,
  authenticator: AuthenticatorRecord,
  now: number,
): Promise<void> {
  await countTry(tx, challenge.id)
  if (challenge.tries + 1 >= challengeRules.triesPerCode) await endChallenge(tx, challenge.id, 'tries', now)
  const failures = authenticator.failures + 1
  await countAgainst(tx, authenticator.id, {
    failures,
    blockedUntil:
      failures % challengeRules.blockAfter === 0 ? now + challengeRules.blockMs : authenticator.blockedUntil,
    state: failures >= challengeRules.disableAfter ? 'disabled' : authenticator.state,
  })
}

/** The reason why this authenticator may not be used now; undefined where it may. */
function demandGood({ state, blockedUntil }: AuthenticatorRecord, now: number): GatehouseError | undefined {
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

const isOpen = ({ endedAt, expiresAt, tries }: FoundChallenge, now: number): boolean =>
  endedAt === null && expiresAt > now && tries < challengeRules.triesPerCode

const codeHash = (scope: SystemScope, id: string, code: string): string =>
  scope.key.keyedHash('codes', `challenge ${scope.system.key}/${id}/${code}`)

/** People write codes in groups. */
function isCode(scope: SystemScope, challenge: FoundChallenge, given: string): boolean {
  const code = given.replace(/[\s-]/g, '').slice(0, 20)
  const [one, other] = [codeHash(scope, challenge.id, code), challenge.codeHash].map((text) => Buffer.from(text))
  return one!.length === other!.length && timingSafeEqual(one!, other!)
}

const placeOfCode = '{code}'
const longestMessage = 500

type ReadWording = { message: string; digits: number; provider: unknown }

function readWording({ kind, message, digits = challengeRules.leastDigits, provider }: Wording): ReadWording {
  if (kind !== undefined && kind !== null && kind !== 'phone') {
    throw new GatehouseError('badRequest', 'kind must be "phone".')
  }
  if (typeof message !== 'string' || !message.includes(placeOfCode) || message.length > longestMessage) {
    throw new GatehouseError(
      'badRequest',
      `message must be a text with ${placeOfCode} in it, of ${longestMessage} characters at most.`,
    )
  }
  const { leastDigits, mostDigits } = challengeRules
  if (!Number.isInteger(digits) || (digits as number) < leastDigits || (digits as number) > mostDigits) {
    throw new GatehouseError('badRequest', `digits must be a whole number from ${leastDigits} to ${mostDigits}.`)
  }
  return { message, digits: digits as number, provider: provider ?? undefined }
}

const refused = (detail: string, hint?: string): GatehouseError =>
  new GatehouseError('challengeRefused', detail, hint === undefined ? {} : { hint })

/** The same whether it is wrong, spent, too old or was never given. */
const notGood = (): GatehouseError => refused('The code is not right, or no longer good.')

function tooSoon(since: number, now: number): GatehouseError {
  const seconds = Math.ceil((since + challengeRules.resendAfterMs - now) / second)
  return new GatehouseError('tooManyRequests', 'A code was sent a moment ago, and waits for its answer.', {
    hint: `Another can be sent in ${seconds} second${seconds === 1 ? '' : 's'}.`,
    retryAfter: seconds,
  })
}
