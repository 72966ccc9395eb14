/**
 * The platform's half of the way up: takes what an edge tells, facts and rows. A rooted edge may tell anything, so facts only tighten, and only
 * for users that the deployments bring there; system and edge follow from the link. What was told and the cursor that stands
 * for it are written in one transaction. What is refused changes nothing but the status of the edge.
 */
import { day, minute, second } from '../base/clock.ts'
import { uuid } from '../base/ids.ts'
import { audit } from '../domain/access/audit.ts'
import type { Means, SystemScope } from '../domain/access/scope.ts'
import { noteRightAtEdge, noteWrongAtEdge } from '../domain/accounts/ledger.ts'
import { noteNotice } from '../domain/accounts/notices.ts'
import { stepAt, totpRules } from '../domain/accounts/totp.ts'
import { systemByKey } from '../domain/systems/systems.ts'
import type { ConflictRule } from '../store/down/groups.ts'
import { readUsers } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { findAuthenticator, raiseStep, switchOff } from '../store/tables/authenticators.ts'
import { findCollection } from '../store/tables/collections.ts'
import { endEdgeSessions, holdEdge, moveUpCursor, noteStepAt, putEdgeSession } from '../store/tables/edge-words.ts'
import { insertTrace } from '../store/tables/records.ts'
import { takeCount } from '../store/tables/send-counts.ts'
import { endSessions } from '../store/tables/sessions.ts'
import { insertConflict } from '../store/tables/sync-conflicts.ts'
import { findSystem } from '../store/tables/systems.ts'
import { holdRows, mergeRows, type SentRow, whyNot } from '../store/up/merge.ts'
import { foldChanges, holdLogHead } from '../store/up/stamps.ts'
import { type ReadFact, readFact, readSentRow } from './facts.ts'
import type { Told } from './messages.ts'
import { type EdgeScope, scopeOfEdge, upwardOfSystem, userOnEdge } from './scope.ts'

export const takingRules = {
  /** Of one edge; what it tells beyond is not counted. */
  failuresAMinute: 300,
  /** Of sign-ins, and of sessions: what is told beyond is not kept. */
  recordsADay: 100_000,
  /** A clock of an edge that is further ahead is not believed. */
  aheadMs: 5 * minute,
} as const

export type Edge = { systemKey: string; name: string; publicKey: string; number: number }

/** `problem` goes into the status of the edge; where nothing was taken the link ends. */
export type Outcome = { taken: boolean; problem?: string; stamp?: [ms: number, count: number] }

const missing = 'A part of what the edge told is missing: the link was cut, to go on from where the platform stands.'
const gone = 'This edge was removed, or linked anew.'

type FactOfUser = Exclude<ReadFact, { kind: 'displaced' }>

/** What a frame comes to, beside what it changes. */
type Tally = { unread: number; strangers: number; ahead: number; uncounted: number; unkept: number }

const noTally: Tally = { unread: 0, strangers: 0, ahead: 0, uncounted: 0, unkept: 0 }

export class Taking {
  readonly #means: Means
  readonly #edge: Edge
  #scope: { revision: number; scope: EdgeScope } | undefined

  constructor(means: Means, edge: Edge) {
    this.#means = means
    this.#edge = edge
  }

  async take(told: Told): Promise<Outcome> {
    if (!isInOrder(told)) return { taken: false, problem: missing }
    return told.lane === 'facts' ? this.#facts(told) : this.#rows(told)
  }

  async #facts(told: Told): Promise<Outcome> {
    const facts = told.items.map(readFact).filter((fact) => fact !== undefined)
    const { store } = this.#means
    return store.forSystem(this.#edge.systemKey).transaction(async (tx) => {
      const scope = await this.#hold(tx)
      if (scope === undefined) return { taken: false, problem: gone }
      if (!(await moveUpCursor(tx, { edge: this.#edge.name, lane: 'facts' }, told.from, told.to))) {
        return { taken: false, problem: missing }
      }
      const tally = { ...noTally, unread: told.items.length - facts.length }
      const its = await this.#usersOf(tx, facts)
      for (const fact of facts) {
        if (fact.kind === 'displaced') await this.#displaced(scope, fact, tally)
        else if (its.has(fact.user)) await takeFact(scope, this.#edge.name, fact, tally)
        else tally.strangers += 1
      }
      const problem = problemOf(tally, told.lost)
      return { taken: true, ...(problem !== '' && { problem }) }
    })
  }

  /** One row that cannot be written must not keep the others waiting, so then they are written one by one. */
  async #rows(told: Told): Promise<Outcome> {
    const rows = told.items.map(readSentRow).filter((row) => row !== undefined)
    const { store, clock } = this.#means
    const data = store.forSystem(this.#edge.systemKey)
    // What was written here since the last time is gone through before anything is held.
    for (;;) {
      const more = await data.transaction(async (tx) => foldChanges(tx, await upwardOfSystem(tx), clock.now()))
      if (!more) break
    }
    try {
      return await this.#merge(data, told, rows, false)
    } catch (error) {
      if (whyNot(error) === undefined) throw error
      return this.#merge(data, told, rows, true)
    }
  }

  async #merge(data: SystemStore, told: Told, rows: readonly Sent[], careful: boolean): Promise<Outcome> {
    return data.transaction(async (tx): Promise<Outcome> => {
      if ((await this.#hold(tx)) === undefined) return { taken: false, problem: gone }
      if (!(await moveUpCursor(tx, { edge: this.#edge.name, lane: 'rows' }, told.from, told.to))) {
        return { taken: false, problem: missing }
      }
      const upward = (await this.#scopeNow(tx))?.upward ?? new Map<string, ConflictRule>()
      const groups = []
      let refused = told.items.length - rows.length
      for (const [id, of] of Map.groupBy(rows, (row) => row.collection)) {
        const rule = upward.get(id)
        const collection = rule === undefined ? undefined : await findCollection(tx, { id })
        if (rule === undefined || collection === undefined) refused += of.length
        else groups.push({ rule, collection, rows: of })
      }
      for (const { collection, rows: of } of groups)
        await holdRows(
          tx,
          collection,
          of.map(({ key }) => key),
        )
      const head = await holdLogHead(tx)
      const now = this.#means.clock.now()
      while (await foldChanges(tx, await upwardOfSystem(tx), now)) {}
      let setAside = 0
      let restamped = false
      for (const { collection, rule, rows: of } of groups) {
        // What speaks of another log knows nothing of this one.
        const sent = told.of === head.incarnation ? of : of.map(knowingNothing)
        const merged = await mergeRows(
          { tx, edge: this.#edge.name, head, now, careful },
          { collection, rule, rows: sent },
        )
        setAside += merged.setAside
        restamped ||= merged.restamped
      }
      const problem = rowProblems({ refused, setAside, restamped })
      return {
        taken: true,
        ...(problem !== '' && { problem }),
        ...(restamped && { stamp: [head.ms, head.count] as [number, number] }),
      }
    })
  }

  /** A row that could not stay at the edge: kept where developers look for conflicts. */
  async #displaced(scope: SystemScope, fact: Extract<ReadFact, { kind: 'displaced' }>, tally: Tally): Promise<void> {
    const rule = (await this.#scopeNow(scope.data))?.upward.get(fact.collection)
    if (rule === undefined) {
      tally.strangers += 1
      return
    }
    const why = 'At the edge another row took a value of it that must be unique.'
    const which = { at: scope.clock.now(), edge: this.#edge.name, collectionId: fact.collection, itemId: fact.key }
    await insertConflict(scope.data, { ...which, rule, outcome: 'set aside', detail: { why, row: fact.row } })
  }

  /** Undefined where the edge or its system is gone, or another link has taken this one's place. */
  async #hold(tx: SystemStore): Promise<SystemScope | undefined> {
    if (!(await holdEdge(tx.node, this.#edge))) return undefined
    const system = await systemByKey({ store: tx.node }, tx.key)
    const origin = { address: `edge ${this.#edge.name}`, userAgent: '' }
    return system && { ...this.#means, store: tx.node, data: tx, system, caller: { kind: 'nobody' }, origin }
  }

  /** Of those users the ones who may sign in at this edge. */
  async #usersOf(tx: SystemStore, facts: readonly ReadFact[]): Promise<ReadonlySet<string>> {
    const scope = await this.#scopeNow(tx)
    if (scope === undefined) return new Set()
    const users = await readUsers(tx, [...new Set(facts.flatMap((fact) => ('user' in fact ? [fact.user] : [])))])
    return new Set(users.filter((user) => userOnEdge(scope, user)?.canSignIn === true).map(({ id }) => id))
  }

  async #scopeNow(tx: SystemStore): Promise<EdgeScope | undefined> {
    const row = await findSystem(tx.node, tx.key)
    if (row === undefined) return undefined
    if (this.#scope?.revision !== row.revision) {
      this.#scope = { revision: row.revision, scope: await scopeOfEdge(tx, row, this.#edge.name) }
    }
    return this.#scope.scope
  }
}

/** Facts have no gaps: what is between the two cursors is there, or is said to be lost. */
function isInOrder({ lane, from, to, lost, items }: Told): boolean {
  const after = from?.incarnation === to.incarnation ? from.position : 0
  if (lane === 'facts') return to.position === after + lost + items.length && items.length > 0
  return lost === 0 && to.position > after
}

async function takeFact(scope: SystemScope, edge: string, fact: FactOfUser, tally: Tally): Promise<void> {
  const tx = scope.data
  const now = scope.clock.now()
  const at = Math.min(fact.at, now)
  if (fact.at > now + takingRules.aheadMs) tally.ahead += 1
  switch (fact.kind) {
    case 'sign-in': {
      if (await isTooMuch(scope, edge, 'sign-ins')) {
        tally.unkept += 1
        return
      }
      const { why, ...more } = fact.record
      const record = {
        ...more,
        steps: [],
        userId: fact.user,
        edge,
        why: `At edge ${edge}, by its own word: ${why ?? ''}`,
      }
      return insertTrace(tx, { id: uuid(), at, decision: fact.decision, record })
    }
    case 'failure': {
      const counted = { kind: 'failures told by an edge', subject: edge, windowMs: minute }
      if ((await takeCount(tx, { ...counted, most: takingRules.failuresAMinute }, now)) !== undefined) {
        tally.uncounted += 1
        return
      }
      return noteWrongAtEdge(tx.node, { systemKey: tx.key, accountId: fact.user, edge }, now)
    }
    case 'step':
      return takeStepOfEdge(scope, edge, fact, tally)
    case 'disabled': {
      const held = await findAuthenticator(tx, { id: fact.authenticator }, { hold: true })
      // Another may have been bound since.
      if (held?.userId !== fact.user || held.kind !== 'totp') return
      if (!(await switchOff(tx, held.id))) return
      await noteNotice(scope, fact.user, { what: 'app closed' })
      noteOff(scope, edge, fact.user, held.kind, 'it was switched off at an edge')
      return
    }
    case 'session': {
      if (await isTooMuch(scope, edge, 'sessions')) {
        tally.unkept += 1
        return
      }
      const { user: userId, granted_by: grantedBy, factors } = fact
      const life = scope.system.settings.token_ttl_user * second
      const expiresAt = Math.min(fact.expires_at, now + life)
      await putEdgeSession(tx, edge, { id: fact.id, userId, grantedBy, factors, createdAt: at, expiresAt })
      return noteRightAtEdge(tx.node, tx.key, userId, edge)
    }
    case 'ended':
      return endEdgeSessions(tx, { userId: fact.user, edge, id: fact.id }, now, fact.reason)
  }
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
): Promise<void> {
  const tx = scope.data
  const now = scope.clock.now()
  // A step to come would shut the user out until then.
  if (step > stepAt(now) + totpRules.drift + 1) {
    tally.ahead += 1
    return
  }
  const held = await findAuthenticator(tx, { id: authenticator }, { hold: true })
  if (held?.userId !== user || held.kind !== 'totp') return
  const others = await noteStepAt(tx, authenticator, step, edge)
  await raiseStep(tx, authenticator, step)
  if (others.length === 0) return
  const places = [...others.map((place) => (place === '' ? 'the platform' : `edge ${place}`)), `edge ${edge}`]
  const reason = 'a code was used at two places'
  await switchOff(tx, authenticator)
  const which = { systemKey: tx.key, kind: 'user' as const, subjectId: user, factor: 'totp' }
  await endSessions(tx.node, which, now, reason)
  await endEdgeSessions(tx, { userId: user, factor: 'totp' }, now, reason)
  await noteNotice(scope, user, { what: 'code used twice' })
  noteOff(scope, edge, user, 'totp', reason)
  const why = `The same code of the authenticator app was used at ${places.join(' and at ')}: the app is switched off.`
  const advice = 'Ask the user. When it is clear who signed in, bind an app anew.'
  const record = { door: 'code', userId: user, edge, address: '', userAgent: '', why, advice, steps: [] }
  await insertTrace(tx, { id: uuid(), at: now, decision: 'failed', record })
}

type Sent = { collection: string } & SentRow

function knowingNothing(sent: Sent): Sent {
  if ('deleted' in sent) return { ...sent, deleted: { ...sent.deleted, seen: 0 } }
  if (!('columns' in sent)) return sent
  const columns = Object.entries(sent.columns).map(([name, mark]) => [name, { ...mark, seen: 0 }])
  return { ...sent, columns: Object.fromEntries(columns) }
}

function rowProblems(found: { refused: number; setAside: number; restamped: boolean }): string {
  return [
    found.refused > 0 &&
      `The edge sent ${found.refused} rows of collections that do not go up from there: they were refused.`,
    found.setAside > 0 && `${found.setAside} rows of the edge cannot be written, and stand among the conflicts.`,
    found.restamped && 'The clock of the edge is ahead: its changes got the time of the platform.',
  ]
    .filter((one) => one !== false)
    .join(' ')
}

const noteOff = (scope: SystemScope, edge: string, user: string, kind: string, reason: string): void =>
  audit(
    scope.data,
    { clock: scope.clock, by: 'node' },
    { kind: 'authenticator', action: 'switch off', subject: user, details: { kind, edge, reason } },
  )

function problemOf({ unread, strangers, ahead, uncounted, unkept }: Tally, lost: number): string {
  return [
    unread > 0 && `The edge told ${unread} things that no edge may tell: they were refused.`,
    strangers > 0 && `The edge told ${strangers} facts of what no deployment brings there: they were refused.`,
    ahead > 0 && `${ahead} facts of the edge are dated in the future: its clock is not believed.`,
    uncounted > 0 &&
      `The edge tells more than ${takingRules.failuresAMinute} failures a minute: the rest is not counted.`,
    unkept > 0 &&
      `The edge tells more than ${takingRules.recordsADay} sign-ins or sessions a day: the rest is not kept.`,
    lost > 0 && `${lost} facts of the edge are lost: the platform was set back further than the edge remembers.`,
  ]
    .filter((one) => one !== false)
    .join(' ')
}
