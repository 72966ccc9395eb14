/**
 * The review of an edge that is back: of each sign-in that it tells from the time when its link was cut, what would have been
 * decided otherwise by what the platform knew at that time. The time and the rest are the word of the edge; what the platform
 * knew stands in its change log. What cannot be told from that is "not known", and never guessed. Nothing is changed by it.
 */
import { minute } from '../base/clock.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { logHead } from '../store/down/read.ts'
import type { Store, SystemStore } from '../store/store.ts'
import {
  changesOfSignIn,
  type Dark,
  type Finding,
  insertReviewed,
  type MissedChange,
  oldestChange,
} from '../store/tables/edge-reviews.ts'
import { sentAt } from '../store/tables/edge-users.ts'
import { findEdgeByKey } from '../store/tables/edges.ts'
import type { ReadFact } from './facts.ts'
import type { Proof } from './messages.ts'
import { otherwiseOf, type Weighing } from './review-findings.ts'
import type { EdgeScope } from './scope.ts'
import { type FactOfUser, type Tally, takeFact } from './taking-facts.ts'

/** Up to which position of the log the edge knew; null where it speaks of another log. */
export type Absence = Dark & { identity: number | null; configuration: number | null }

/** A link that is cut is noticed a minute later at most. */
const noticedWithin = 2 * minute
/** What is remembered of the log while a link stands. */
const mostChanges = 20_000
const mostLeftOut = 1_000

/** To be asked before the number of the link is taken. Undefined for the first link of an edge. */
export async function absenceOf(
  store: Store,
  { key, number, cursors }: Proof,
  now: number,
): Promise<Absence | undefined> {
  const edge = await findEdgeByKey(store, key)
  if (edge === undefined || edge.linkNumber === 0) return undefined
  const head = await logHead(store.forSystem(edge.systemKey))
  /** What it acknowledged and what it says itself: an edge that lies here hides what it did, as by not telling it. */
  const known = (lane: 'identity' | 'configuration'): number | null => {
    const said = cursors[lane]
    if (head === undefined || said?.incarnation !== head.incarnation || said.position > head.position) return null
    return Math.max(said.position, edge.lanes[lane]?.position ?? 0)
  }
  const from = edge.connected ? edge.seenAt : (edge.since ?? edge.seenAt)
  return { link: number, from, until: now, identity: known('identity'), configuration: known('configuration') }
}

export class Review {
  readonly #edge: string
  readonly #absence: Absence
  readonly #missed: MissedChange[] = []
  #upTo: number
  #leftOut = new Set<string>()
  #otherwise = 0
  /** As it was with the last transaction that was written. */
  #written = { leftOut: new Set<string>(), otherwise: 0 }
  /** Whether all that was missed is among them. */
  #isWhole: boolean

  constructor(edge: string, absence: Absence) {
    this.#edge = edge
    this.#absence = absence
    const { identity, configuration } = absence
    this.#isWhole = identity !== null && configuration !== null
    this.#upTo = Math.min(identity ?? 0, configuration ?? 0)
  }

  /** First in a transaction: of one that was undone, and is run again, nothing is remembered. */
  begin(): void {
    this.#leftOut = new Set(this.#written.leftOut)
    this.#otherwise = this.#written.otherwise
  }

  /** What was remembered in the last transaction stands. */
  written(): void {
    this.#written = { leftOut: this.#leftOut, otherwise: this.#otherwise }
  }

  /**
   * In the transaction that takes these, before the first. An honest edge tells in order, so with the first that is of now the
   * dark time is over, and what was remembered of the log goes: what comes later and says it is older is not known.
   */
  async look(tx: SystemStore, facts: readonly ReadFact[]): Promise<void> {
    if (!this.#isWhole) return
    if (!facts.some((fact) => fact.kind === 'sign-in' && this.#isFromThen(fact))) {
      if (facts.some((fact) => !this.#isFromThen(fact))) this.#forget()
      return
    }
    const head = await logHead(tx)
    if (head === undefined || (await oldestChange(tx)) > this.#upTo + 1) return this.#forget()
    this.#missed.push(...(await changesOfSignIn(tx, this.#upTo, head.position, mostChanges)))
    this.#upTo = head.position
    if (this.#missed.length >= mostChanges) this.#forget()
  }

  #forget(): void {
    this.#missed.length = 0
    this.#isWhole = false
  }

  /** `came` of it where it was taken. */
  async take(
    scope: SystemScope,
    of: EdgeScope,
    fact: FactOfUser,
    came: Awaited<ReturnType<typeof takeFact>>,
  ): Promise<void> {
    if (!this.#isFromThen(fact) || came === 'not kept') return
    // A first step lets nobody in; what came of it is told as well.
    if (fact.kind === 'sign-in') return fact.decision === 'more' ? undefined : this.#weigh(scope, of, fact)
    if (came !== 'used twice') return
    const words = 'The same code was used at another place too.'
    await insertReviewed(scope.data, this.#edge, this.#absence, {
      ...{ at: this.#timeOf(scope, fact), userId: fact.user, decision: 'failed', record: { door: 'code' } },
      ...{ otherwise: [{ what: 'used elsewhere', words, since: null }], unknown: [] },
    })
  }

  /** Of a user who is not there any more: what he did then is in the review and among the sign-ins. False for all else. */
  async takeOfGone(scope: SystemScope, of: EdgeScope, fact: FactOfUser, tally: Tally): Promise<boolean> {
    if (!this.#isFromThen(fact)) return false
    if (fact.kind === 'session' && this.#leftOut.size < mostLeftOut) this.#leftOut.add(fact.id)
    if (fact.kind !== 'sign-in') return true
    await this.take(scope, of, fact, await takeFact(scope, this.#edge, fact, tally))
    return true
  }

  /** Whether it is such a session of one who is gone: that it ends there is no news. */
  leftOut(id: string): boolean {
    return this.#leftOut.delete(id)
  }

  /** For the status of the edge, of all that this link brought; empty where all is well. */
  problem(): string {
    if (this.#otherwise === 0) return ''
    return `While the link was cut ${this.#otherwise} sign-ins were let in that the platform would have decided otherwise: see its review.`
  }

  #isFromThen(fact: ReadFact): boolean {
    return fact.at < this.#absence.until
  }

  #timeOf({ clock }: SystemScope, { at }: ReadFact): number {
    return Math.min(at, clock.now())
  }

  async #weigh(scope: SystemScope, of: EdgeScope, fact: Extract<FactOfUser, { kind: 'sign-in' }>): Promise<void> {
    const at = this.#timeOf(scope, fact)
    const { identity, configuration, from } = this.#absence
    const weighing: Weighing = { scope, of, edge: this.#edge, dark: this.#absence, fact, at }
    const unknown: Finding[] = []
    const otherwise: Finding[] = []
    if (fact.decision === 'granted') {
      const sent = await sentAt(scope.data, this.#edge, fact.user)
      if (sent === undefined || sent >= this.#absence.until) otherwise.push(notThere)
      const isDated = from === null || at >= from - noticedWithin
      if (!isDated) unknown.push(notKnown('time', 'It is dated before the link was cut, and was told after it.'))
      if (this.#isWhole && identity !== null && configuration !== null) {
        const ofUsers = this.#missed.filter(({ position }) => position > identity)
        const ofCode = this.#missed.filter(({ position }) => position > configuration)
        const found = await otherwiseOf(weighing, ofUsers, ofCode)
        otherwise.push(...found.otherwise)
        unknown.push(...found.unknown)
      } else {
        unknown.push(notKnown('platform', 'What the platform knew then is not in its log any more.'))
      }
    }
    if (otherwise.length > 0) this.#otherwise += 1
    const { why: _, ...record } = fact.record
    const one = { at, userId: fact.user, decision: fact.decision, record, otherwise, unknown }
    await insertReviewed(scope.data, this.#edge, this.#absence, one)
  }
}

const notThere: Finding = { what: 'not there', words: 'The edge did not have this user by then.', since: null }

const notKnown = (what: string, words: string): Finding => ({ what, words, since: null })
