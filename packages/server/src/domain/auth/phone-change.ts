/**
 * How a user comes to a phone for codes, or to another one. Vouched for like an authenticator app (`enrolment.ts`), and then a
 * code goes to the new number: only who enters it holds that phone. Until then nothing changes, neither the phone that is
 * bound nor the column that shows it. The phone before is told.
 *
 * The code belongs to a challenge of its own that no sign-in can answer, since it is of no authenticator that is bound.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { uuid } from '../../base/ids.ts'
import { hashToken } from '../../base/secrets.ts'
import { countTry, endChallenge, holdChallenge, insertChallenge } from '../../store/tables/challenges.ts'
import {
  countPendingFailure,
  deletePending,
  findPending,
  putPending,
  spendEnrolment,
} from '../../store/tables/enrolments.ts'
import type { SystemScope } from '../access/scope.ts'
import { bindProvenPhone, openValue, placeOf, readPhone } from '../accounts/authenticators.ts'
import { noteEntered, type SendMessage } from '../sending/send.ts'
import { challengeRules, codeHash, isCode, isOpen, newCode, noteAnswered, tooSoon } from './challenges.ts'
import {
  type Body,
  demandAnswer,
  demandVouching,
  endOtherSessions,
  enrolmentRules,
  ownService,
  stillVouched,
  takeFresh,
  wantsOthersEnded,
  weighFresh,
} from './enrolment.ts'
import { notGood, refused } from './factor-check.ts'

export type PhoneBegun = {
  kind: 'phone'
  state: 'pending'
  /** As `+1 ••• 0123`. */
  to: string
  expires_at: string
  /** In development alone, where the inbox shows it anyway. */
  code?: string
}

/**
 * Sends a code to a new number: `{email, password, enrolment, kind: "phone", phone}`, or in a session `{password, code,
 * factor?, challenge_id?, kind: "phone", phone}`. Throws badPhoneNumber, wrongCredentials, challengeRefused,
 * tooManyRequests.
 */
export async function beginPhone(scope: SystemScope, send: SendMessage, body: Body): Promise<PhoneBegun> {
  const vouching = await demandVouching(scope, body)
  const phone = readPhone(scope, body.phone)
  const fresh = vouching.by === 'session' ? await weighFresh(scope, vouching.account, body) : undefined
  const { userId, passwordStamp } = vouching.account
  const now = scope.clock.now()
  const [id, challengeId, code] = [uuid(), uuid(), newCode(challengeRules.leastDigits)]
  const hash = codeHash(scope, challengeId, code)
  const expiresAt = now + challengeRules.lifeMs
  const taken = await scope.data.transaction(async (tx) => {
    const before = await findPending(tx, userId, now, { hold: true })
    if (before?.kind === 'phone' && before.createdAt + challengeRules.resendAfterMs > now) {
      return tooSoon(before.createdAt, now)
    }
    const one = await takeFresh(scope, tx, vouching, fresh)
    if (one instanceof GatehouseError) return one
    await putPending(tx, {
      ...{ id, userId, kind: 'phone' },
      sealed: scope.key.seal('authenticators', placeOf(scope.system.key, { id, userId }), phone.number),
      begunBy: vouching.label,
      ...{ failures: 0, createdAt: now, expiresAt },
    })
    await insertChallenge(tx, {
      ...{ id: challengeId, handleHash: handleHash(id), userId, authenticatorId: id, passwordStamp },
      codeHash: hash,
      ...{ service: ownService, tries: 0, sends: 1, attemptAt: now, createdAt: now, expiresAt },
    })
    return one
  })
  if (taken instanceof GatehouseError) throw taken
  await noteAnswered(scope, taken.sent)
  const sent = await send(scope, {
    to: phone.number,
    body: `${scope.system.name.slice(0, 60)}: ${code} is your code for receiving codes on this phone.`,
    ...{ challenge: challengeId, account: userId },
  })
  if (sent.state === 'refused') {
    await scope.data.transaction(async (tx) => {
      await endChallenge(tx, { id: challengeId, codeHash: hash }, 'unsent', scope.clock.now())
      const mine = await findPending(tx, userId, now, { hold: true })
      if (mine?.id === id) await deletePending(tx, userId)
    })
    const reason = `The code could not be sent. ${sent.reason ?? ''}`.trim()
    if (sent.retryAfter === undefined) throw refused(reason)
    throw new GatehouseError('tooManyRequests', reason, { retryAfter: sent.retryAfter })
  }
  return {
    ...{ kind: 'phone', state: 'pending', to: phone.label, expires_at: new Date(expiresAt).toISOString() },
    ...(scope.mode === 'development' && sent.where === 'inbox' && { code }),
  }
}

export type PhoneConfirmed = { kind: 'phone'; state: 'bound'; to: string; ended_sessions?: number }

/**
 * Binds the number that was begun by the same enrolment or session, by the code that was sent to it:
 * `{email, password, enrolment, kind: "phone", code}`, or in a session `{password, kind: "phone", code}`; with
 * `end_other_sessions` the user's other sessions end with it.
 */
export async function confirmPhone(scope: SystemScope, body: Body): Promise<PhoneConfirmed> {
  const code = demandAnswer(body.code)
  const endOthers = wantsOthersEnded(body)
  const vouching = await demandVouching(scope, body)
  const { userId, passwordStamp } = vouching.account
  const done = await scope.data.transaction(async (tx): Promise<Done | GatehouseError> => {
    const now = scope.clock.now()
    const vouched = await stillVouched(scope, tx, vouching)
    if (vouched instanceof GatehouseError) return vouched
    const pending = await findPending(tx, userId, now, { hold: true })
    if (pending?.kind !== 'phone' || pending.begunBy !== vouching.label) return notGood()
    const challenge = await holdChallenge(tx, handleHash(pending.id))
    if (challenge?.passwordStamp !== passwordStamp || !isOpen(challenge, now)) return notGood()
    if (!isCode(scope, challenge, code)) {
      await countTry(tx, challenge.id)
      await countPendingFailure(tx, pending.id)
      if (pending.failures + 1 >= enrolmentRules.triesPerPending) {
        await endChallenge(tx, challenge, 'tries', now)
        await deletePending(tx, userId)
      }
      return notGood()
    }
    if (!(await endChallenge(tx, challenge, 'answered', now))) return notGood()
    if (vouching.by === 'enrolment' && !(await spendEnrolment(tx, { userId, hash: vouching.hash }, now)))
      return notGood()
    await deletePending(tx, userId)
    const phone = readPhone(scope, openValue(scope, pending))
    await bindProvenPhone({ ...scope, data: tx }, userId, phone, vouched.boundBy)
    const ended = endOthers ? await endOtherSessions(tx, vouching, now) : undefined
    return { challengeId: challenge.id, to: phone.label, ended }
  })
  if (done instanceof GatehouseError) throw done
  await noteEntered(scope, done.challengeId)
  return {
    ...{ kind: 'phone', state: 'bound', to: done.to },
    ...(done.ended !== undefined && { ended_sessions: done.ended }),
  }
}

type Done = { challengeId: string; to: string; ended: number | undefined }

/** The client needs no name for it: what was begun is found by the user, of whom there is one at most. */
const handleHash = (pendingId: string): string => hashToken(`phone change ${pendingId}`)
