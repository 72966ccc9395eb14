/**
 * What comes of a fact that an edge tells: it only tightens, stands as the edge's word, and is kept within limits. That its user
 * is one of that edge was found out before (`taking.ts`).
 */
import { day, minute, second } from '../base/clock.ts'
import { uuid } from '../base/ids.ts'
import { audit } from '../domain/access/audit.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { noteRightAtEdge, noteWrongAtEdge } from '../domain/accounts/ledger.ts'
import { noteNotice } from '../domain/accounts/notices.ts'
import { recoveryRules } from '../domain/accounts/recovery-codes.ts'
import { stepAt, totpRules } from '../domain/accounts/totp.ts'
import { readSettings } from '../domain/systems/settings.ts'
import { findAccount } from '../store/tables/accounts.ts'
import {
  findAuthenticator,
  listAuthenticators,
  raiseSignCount,
  raiseStep,
  switchOff,
} from '../store/tables/authenticators.ts'
import { raiseSpent } from '../store/tables/edge-recovery-codes.ts'
import { countEdgeSessions, isEdgeSession, putEdgeSession } from '../store/tables/edge-sessions.ts'
import { noteCountAt, noteStepAt } from '../store/tables/edge-words.ts'
import { insertTrace } from '../store/tables/records.ts'
import { takeCount } from '../store/tables/send-counts.ts'
import { endedSince, endSessions } from '../store/tables/sessions.ts'
import { holdSystem } from '../store/tables/systems.ts'
import type { ReadFact } from './facts.ts'

export const takingRules = {
  /** Of one edge; what it tells beyond is not counted. */
  failuresAMinute: 300,
  /** Of sign-ins, of sessions, of steps and of counters: what is told beyond is not kept. */
  recordsADay: 100_000,
  /** That are open, of one user: all of them go to his other edges in one message. */
  sessionsOfUser: 1_000,
  /** A clock of an edge that is further ahead is not believed. */
  aheadMs: 5 * minute,
} as const

export type FactOfUser = Exclude<ReadFact, { kind: 'displaced' | 'ended' | 'request' }>

/** What a frame comes to, beside what it changes. */
export type Tally = {
  unread: number
  strangers: number
  ahead: number
  uncounted: number
  unkept: number
  taken: number
  /** Requests that nobody may make there, and those that are too many. */
  unasked: number
  unheard: number
}

export const noTally: Tally = {
  ...{ unread: 0, strangers: 0, ahead: 0, uncounted: 0, unkept: 0 },
  ...{ taken: 0, unasked: 0, unheard: 0 },
}

/** In the transaction that `scope` holds. Answers what a review is to know of it. */
export async function takeFact(
  scope: SystemScope,
  edge: string,
  fact: FactOfUser,
  tally: Tally,
): Promise<'not kept' | 'used twice' | undefined> {
  const tx = scope.data
  const now = scope.clock.now()
  const at = Math.min(fact.at, now)
  if (fact.at > now + takingRules.aheadMs) tally.ahead += 1
  const of = { systemKey: tx.key, accountId: fact.user, edge, limits: scope.system.settings.sign_in_limits }
  switch (fact.kind) {
    case 'sign-in': {
      if (await isTooMuch(scope, edge, 'sign-ins')) {
        tally.unkept += 1
        return 'not kept'
      }
      const { why, ...more } = fact.record
      const record = {
        ...more,
        steps: [],
        userId: fact.user,
        edge,
        why: `At edge ${edge}, by its own word: ${why ?? ''}`,
      }
      await insertTrace(tx, { id: uuid(), at, decision: fact.decision, record })
      return undefined
    }
    case 'failure': {
      const counted = { kind: 'failures told by an edge', subject: edge, windowMs: minute }
      if ((await takeCount(tx, { ...counted, most: takingRules.failuresAMinute }, now)) !== undefined) {
        tally.uncounted += 1
        return undefined
      }
      await noteWrongAtEdge(tx.node, of, now)
      return undefined
    }
    case 'step':
      if (!(await isTooMuch(scope, edge, 'steps'))) return takeStepOfEdge(scope, edge, fact, tally)
      tally.unkept += 1
      return undefined
    case 'counter':
      if (!(await isTooMuch(scope, edge, 'counters'))) return takeCountOfEdge(scope, edge, fact)
      tally.unkept += 1
      return undefined
    case 'spent': {
      const which = { id: fact.authenticator, userId: fact.user, edge }
      await raiseSpent(tx, which, Math.min(fact.count, recoveryRules.codes))
      return undefined
    }
    case 'disabled': {
      const held = await findAuthenticator(tx, { id: fact.authenticator }, { hold: true })
      // Another may have been bound since.
      if (held?.userId !== fact.user || (held.kind !== 'totp' && held.kind !== 'passkey')) return undefined
      if (!(await switchOff(tx, held.id))) return undefined
      await noteNotice(scope, fact.user, { what: held.kind === 'totp' ? 'app closed' : 'passkey closed' })
      noteOff(scope, edge, fact.user, held.kind, 'it was switched off at an edge')
      return undefined
    }
    case 'session': {
      const open = await countEdgeSessions(tx, edge, now, fact.user)
      if (open >= takingRules.sessionsOfUser || (await isTooMuch(scope, edge, 'sessions'))) {
        tally.unkept += 1
        return undefined
      }
      const { id, user: userId, token_hash: tokenHash, granted_by: grantedBy, factors, data_age: dataAge } = fact
      // However long it says that it lives, here it lives no longer than one that is made now.
      const expiresAt = Math.min(fact.expires_at, now + scope.system.settings.token_ttl_user * second)
      const told = { id, tokenHash, userId, grantedBy, factors, createdAt: at, expiresAt, dataAge }
      const put = await putEdgeSession(tx, edge, told, { now, endReason: await whyOver(scope, fact) })
      if (put === 'taken') tally.taken += 1
      if (put === 'new') await noteRightAtEdge(tx.node, of, now)
      return undefined
    }
  }
}

/** What the platform says of the user stands: one that rests on something that is so no more is over as it comes. */
async function whyOver(
  { data: tx }: SystemScope,
  fact: Extract<ReadFact, { kind: 'session' }>,
): Promise<string | undefined> {
  const account = await findAccount(tx, { userId: fact.user }, { hold: true })
  if (account === undefined || account.disabled) return 'the account was switched off'
  if ((account.passwordVoid ?? null) !== null || account.passwordStamp !== fact.password_stamp)
    return 'the password was changed'
  if (fact.factors.split(' ').includes('totp')) {
    const app = await findAuthenticator(tx, { userId: fact.user, kind: 'totp' }, { hold: true })
    if (app?.state !== 'bound') return 'the authenticator app was switched off'
    if (app.boundAt > fact.created_at) return 'another authenticator app was bound'
  }
  if (fact.factors.split(' ').includes('passkey')) {
    // Which one it was is not told: where one was switched off, it may have been that one.
    const passkeys = (await listAuthenticators(tx, fact.user)).filter(({ kind }) => kind === 'passkey')
    if (passkeys.length === 0 || passkeys.some(({ state }) => state !== 'bound')) return 'a passkey was switched off'
  }
  if (await endedSince(tx, fact.user, fact.created_at)) return 'all sessions of the user were ended'
  // Held, so that no other service is set between this look and the session.
  const system = await holdSystem(tx)
  if (system === undefined) return 'the system is gone'
  const { auth_service: service } = readSettings(system.settings)
  return service === '' || fact.granted_by === `service:${service}` ? undefined : 'another auth service was set'
}

/**
 * Of a session that this edge made, or of another that is good there too: whoever is out at one place is out everywhere.
 * `reaches`: whether sessions of other places are good at this edge for this user.
 */
export async function takeEnd(
  { data: tx, clock }: SystemScope,
  edge: string,
  { id, user, reason }: Extract<ReadFact, { kind: 'ended' }>,
  { reaches, tally }: { reaches: boolean; tally: Tally },
): Promise<void> {
  const which = { systemKey: tx.key, kind: 'user' as const, subjectId: user, id }
  await endSessions(tx.node, { ...which, place: edge }, clock.now(), reason)
  if (reaches) await endSessions(tx.node, which, clock.now(), `ended at edge ${edge}`)
  else if (!(await isEdgeSession(tx, edge, { id, userId: user }))) tally.strangers += 1
}

async function isTooMuch(scope: SystemScope, edge: string, what: string): Promise<boolean> {
  const counted = { kind: `${what} told by an edge`, subject: edge, windowMs: day, most: takingRules.recordsADay }
  return (await takeCount(scope.data, counted, scope.clock.now())) !== undefined
}

/**
 * A step that was taken at the edge is good nowhere any more. One that was taken at another place too was known to somebody
 * else: what rests on it ends, and the app is switched off until another is bound.
 */
async function takeStepOfEdge(
  scope: SystemScope,
  edge: string,
  { user, authenticator, step }: Extract<ReadFact, { kind: 'step' }>,
  tally: Tally,
): Promise<'used twice' | undefined> {
  const tx = scope.data
  // A step to come would shut the user out until then.
  if (step > stepAt(scope.clock.now()) + totpRules.drift + 1) {
    tally.ahead += 1
    return undefined
  }
  const held = await findAuthenticator(tx, { id: authenticator }, { hold: true })
  if (held?.userId !== user || held.kind !== 'totp') return undefined
  const others = await noteStepAt(tx, authenticator, step, edge)
  await raiseStep(tx, authenticator, step)
  if (others.length === 0) return undefined
  await closeUsedTwice(scope, edge, { userId: user, authenticator, kind: 'totp', others })
  return 'used twice'
}

/**
 * The counter of a passkey never stands at a value twice: one that did so at two places has been copied. Where it stands lower
 * than here, nobody knows in which order both were.
 */
async function takeCountOfEdge(
  scope: SystemScope,
  edge: string,
  { user, authenticator, count }: Extract<FactOfUser, { kind: 'counter' }>,
): Promise<'used twice' | undefined> {
  const tx = scope.data
  const held = await findAuthenticator(tx, { id: authenticator }, { hold: true })
  if (held?.userId !== user || held.kind !== 'passkey') return undefined
  const others = await noteCountAt(tx, authenticator, count, edge, scope.clock.now())
  await raiseSignCount(tx, authenticator, count)
  if (others.length === 0) return undefined
  await closeUsedTwice(scope, edge, { userId: user, authenticator, kind: 'passkey', others })
  return 'used twice'
}

const usedTwice = {
  totp: {
    reason: 'a code was used at two places',
    what: 'The same code of the authenticator app was used',
    closed: 'the app is switched off',
    advice: 'Ask the user. When it is clear who signed in, bind an app anew.',
    notice: 'code used twice',
  },
  passkey: {
    reason: 'a passkey signed the same at two places',
    what: 'The counter of a passkey stood at the same',
    closed: 'it was copied, and is switched off',
    advice: 'Ask the user. When it is clear who signed in, take the passkey away and bind another.',
    notice: 'passkey closed',
  },
} as const

/** What rests on it ends, at all places; it is good again only once another is bound. */
async function closeUsedTwice(
  scope: SystemScope,
  edge: string,
  of: { userId: string; authenticator: string; kind: 'totp' | 'passkey'; others: readonly string[] },
): Promise<void> {
  const tx = scope.data
  const now = scope.clock.now()
  const { userId, kind, others } = of
  const { reason, what, closed, advice, notice } = usedTwice[kind]
  const places = [...others.map((place) => (place === '' ? 'the platform' : `edge ${place}`)), `edge ${edge}`]
  const isNews = await switchOff(tx, of.authenticator)
  const which = { systemKey: tx.key, kind: 'user' as const, subjectId: userId, factor: kind }
  await endSessions(tx.node, which, now, reason)
  if (!isNews) return
  await noteNotice(scope, userId, { what: notice })
  noteOff(scope, edge, userId, kind, reason)
  const why = `${what} at ${places.join(' and at ')}: ${closed}.`
  const record = { door: 'code', userId, edge, address: '', userAgent: '', why, advice, steps: [] }
  await insertTrace(tx, { id: uuid(), at: now, decision: 'failed', record })
}

const noteOff = (scope: SystemScope, edge: string, user: string, kind: string, reason: string): void =>
  audit(
    scope.data,
    { clock: scope.clock, by: 'node' },
    { kind: 'authenticator', action: 'switch off', subject: user, details: { kind, edge, reason } },
  )

/** For the status of the edge; empty where all is well. */
export function problemOf(tally: Tally, lost: number): string {
  const { unread, strangers, ahead, uncounted, unkept, taken, unasked, unheard } = tally
  return [
    unread > 0 && `The edge told ${unread} things that no edge may tell: they were refused.`,
    strangers > 0 && `The edge told ${strangers} facts of what no deployment brings there: they were refused.`,
    ahead > 0 && `${ahead} facts of the edge are dated in the future: its clock is not believed.`,
    uncounted > 0 &&
      `The edge tells more than ${takingRules.failuresAMinute} failures a minute: the rest is not counted.`,
    unkept > 0 &&
      `The edge tells more than ${takingRules.recordsADay} sign-ins, sessions, codes or counters a day: the rest is not kept.`,
    taken > 0 && `The edge told of ${taken} sessions with the id or the token of another: they were refused.`,
    unasked > 0 && `The edge told ${unasked} requests that nobody may make there: they were refused.`,
    unheard > 0 && `${unheard} requests of the edge are too many and were not kept: decide on those that are open.`,
    lost > 0 && `${lost} facts of the edge are lost: the platform was set back further than the edge remembers.`,
  ]
    .filter((one) => one !== false)
    .join(' ')
}
