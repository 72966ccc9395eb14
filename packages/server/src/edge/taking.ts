/**
 * The platform's half of the way up: takes what an edge tells, facts (`taking-facts.ts`) and rows (`store/up/merge.ts`). A
 * rooted edge may tell anything, so facts only tighten, and only for users that the deployments bring there; system and edge
 * follow from the link. What was told and the cursor that stands for it are written in one transaction. What is refused changes
 * nothing but the status of the edge.
 */
import type { Means, SystemScope } from '../domain/access/scope.ts'
import { systemByKey } from '../domain/systems/systems.ts'
import { readUsers } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { type CollectionRecord, findCollection } from '../store/tables/collections.ts'
import { sentAt } from '../store/tables/edge-users.ts'
import { holdEdge, moveUpCursor } from '../store/tables/edge-words.ts'
import { insertConflict } from '../store/tables/sync-conflicts.ts'
import { findSystem } from '../store/tables/systems.ts'
import type { SentRow } from '../store/up/decide.ts'
import { holdRows, mergeRows, whyNot } from '../store/up/merge.ts'
import { foldChanges, holdLogHead } from '../store/up/stamps.ts'
import { type ReadFact, readFact, readSentRow } from './facts.ts'
import type { Told } from './messages.ts'
import { takeRequest } from './requests.ts'
import { type Absence, Review } from './review.ts'
import { asKeys } from './rows-down.ts'
import { type EdgeScope, scopeOfEdge, upwardOfSystem, userOnEdge } from './scope.ts'
import { type FactOfUser, noTally, problemOf, type Tally, takeEnd, takeFact } from './taking-facts.ts'

export type Edge = { systemKey: string; name: string; publicKey: string; number: number }

/** `problem` goes into the status of the edge; where nothing was taken the link ends. */
export type Outcome = { taken: boolean; problem?: string; stamp?: [ms: number, count: number] }

const missing = 'A part of what the edge told is missing: the link was cut, to go on from where the platform stands.'
const gone = 'This edge was removed, or linked anew.'

export class Taking {
  readonly #means: Means
  readonly #edge: Edge
  /** Of what the edge did before this link. */
  readonly #review: Review | undefined
  #scope: { revision: number; scope: EdgeScope } | undefined

  constructor(means: Means, edge: Edge, absence?: Absence) {
    this.#means = means
    this.#edge = edge
    this.#review = absence && new Review(edge.name, absence)
  }

  async take(told: Told): Promise<Outcome> {
    if (!isInOrder(told)) return { taken: false, problem: missing }
    return told.lane === 'facts' ? this.#facts(told) : this.#rows(told)
  }

  async #facts(told: Told): Promise<Outcome> {
    const facts = told.items.map(readFact).filter((fact) => fact !== undefined)
    const { store } = this.#means
    const outcome = await store.forSystem(this.#edge.systemKey).transaction(async (tx) => {
      this.#review?.begin()
      const scope = await this.#hold(tx)
      if (scope === undefined) return { taken: false, problem: gone }
      if (!(await moveUpCursor(tx, { edge: this.#edge.name, lane: 'facts' }, told.from, told.to))) {
        return { taken: false, problem: missing }
      }
      const tally = { ...noTally, unread: told.items.length - facts.length }
      const its = await this.#usersOf(tx, facts)
      const of = await this.#scopeNow(tx)
      await this.#review?.look(tx, facts)
      for (const fact of facts) {
        if (fact.kind === 'displaced') await this.#displaced(scope, fact, tally)
        else if (fact.kind === 'ended') {
          const reaches = its.has(fact.user) && of?.apart === false
          if (this.#review?.leftOut(fact.id) !== true) await takeEnd(scope, this.#edge.name, fact, { reaches, tally })
        } else if (fact.kind === 'request') {
          if (its.has(fact.user) && of !== undefined) await takeRequest(scope, of, this.#edge.name, fact, tally)
          else tally.strangers += 1
        } else if (its.has(fact.user) && of !== undefined) {
          const came = await takeFact(scope, this.#edge.name, fact, tally)
          await this.#review?.take(scope, of, fact, came)
        } else if (of === undefined || !(await this.#ofGone(scope, of, fact, tally))) tally.strangers += 1
      }
      const problem = [problemOf(tally, told.lost), this.#review?.problem() ?? ''].filter((one) => one !== '').join(' ')
      return { taken: true, ...(problem !== '' && { problem }) }
    })
    this.#review?.written()
    return outcome
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
      const scope = await this.#scopeNow(tx)
      const groups = []
      let refused = told.items.length - rows.length
      for (const [id, sent] of Map.groupBy(rows, (row) => row.collection)) {
        const rule = scope?.upward.get(id)
        const collection = rule === undefined ? undefined : await findCollection(tx, { id })
        const goes = collection === undefined ? () => false : upwardIn(scope, collection)
        const of = sent.filter(({ key }) => goes(key))
        refused += sent.length - of.length
        if (rule !== undefined && collection !== undefined && of.length > 0) groups.push({ rule, collection, rows: of })
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

  /** Of a user who was sent there and has left since: what he did while the link was cut. False for all else. */
  async #ofGone(scope: SystemScope, of: EdgeScope, fact: FactOfUser, tally: Tally): Promise<boolean> {
    if ((await sentAt(scope.data, this.#edge.name, fact.user)) === undefined) return false
    return (await this.#review?.takeOfGone(scope, of, fact, tally)) ?? false
  }

  /** A row that could not stay at the edge: kept where developers look for conflicts. */
  async #displaced(scope: SystemScope, fact: Extract<ReadFact, { kind: 'displaced' }>, tally: Tally): Promise<void> {
    const of = await this.#scopeNow(scope.data)
    const rule = of?.upward.get(fact.collection)
    const collection = rule === undefined ? undefined : await findCollection(scope.data, { id: fact.collection })
    if (rule === undefined || collection === undefined || !upwardIn(of, collection)(fact.key)) {
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

/** Whether the row of this key goes up, in a collection of which all or some do. */
function upwardIn(scope: EdgeScope | undefined, collection: CollectionRecord): (key: string) => boolean {
  const named = scope?.upwardRows.get(collection.id)
  const keys = named && asKeys(collection, named)
  return (key) => scope?.upward.has(collection.id) === true && keys?.has(key) !== false
}

/** Facts have no gaps: what is between the two cursors is there, or is said to be lost. */
function isInOrder({ lane, from, to, lost, items }: Told): boolean {
  const after = from?.incarnation === to.incarnation ? from.position : 0
  if (lane === 'facts') return to.position === after + lost + items.length && items.length > 0
  return lost === 0 && to.position > after
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
