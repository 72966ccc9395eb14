/**
 * Whether an edge holds what it is believed to hold, asked by the platform: once a day, when the log is another than it was
 * (a restore), and when a developer says so. A question is sent behind everything that was sent, and speaks of what the platform
 * has at that very position of its log, so the edge answers it at exactly that cursor. One question at a time, each about a few
 * hundred rows; the edge brings a lane anew of which something is not as it should be.
 */
import { day, hour } from '../base/clock.ts'
import {
  canonical,
  hashOf,
  type Listed,
  listCodeOf,
  listRolesOf,
  Sum,
  sumRows,
  userText,
} from '../store/down/digest.ts'
import { anyHash, listPortalOf, listTableOf } from '../store/down/digest-tables.ts'
import type { Lane } from '../store/down/groups.ts'
import { readPortalFiles } from '../store/down/portals.ts'
import { changesAfter, keysAfter, readCode, readTable, readUsers, userTable } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { findCollection } from '../store/tables/collections.ts'
import type { EdgeChecked } from '../store/tables/edges.ts'
import { type Feed, kindsOf } from './feed.ts'
import type { Check, Checked } from './messages.ts'
import { offlineLimitOf, userOnEdge } from './scope.ts'
import { passwordOnEdge, rowOnEdge } from './users-down.ts'

const keysAtOnce = 500
/** At least once a day, and not all edges at once. */
const everyMs = (): number => day - Math.random() * 6 * hour
const mostChanges = 1_000

/** In this order, and then each collection by its id. */
const parts: readonly [Lane, string][] = [
  ['identity', 'roles'],
  ['identity', 'users'],
  ['configuration', 'code'],
  ['configuration', 'tables'],
  ['configuration', 'portals'],
]

/** What is asked about next. `except`: what the edge has good reason to have otherwise. */
type Place = { lane: Lane; part: string; after: string; except: string[] }

export class Checking {
  readonly #store: SystemStore
  readonly #feed: Feed
  #state: EdgeChecked
  #place: Place | undefined
  #asked: Check | undefined
  #isWanted = false
  #news = false
  readonly #everyMs = everyMs()

  constructor(store: SystemStore, feed: Feed, state: EdgeChecked) {
    this.#store = store
    this.#feed = feed
    this.#state = state
  }

  get state(): EdgeChecked {
    return this.#state
  }

  /** Whether something is to be noted since this was last asked. */
  hasNews(): boolean {
    const news = this.#news
    this.#news = false
    return news
  }

  /** From the beginning, whenever the last time was. */
  want(): void {
    this.#isWanted = true
  }

  /**
   * The next question; undefined where there is none now. To be asked when everything was sent up to where the feed stands, and
   * sent without waiting for anything: then nothing can have come between.
   */
  async next(now: number): Promise<Check | undefined> {
    if (this.#asked !== undefined) return undefined
    const { incarnation, position } = this.#feed.stand
    const isOther = this.#state.incarnation !== incarnation
    const isDue = isOther || now - (this.#state.at ?? 0) >= this.#everyMs
    if (this.#place === undefined) {
      if (!this.#isWanted && !isDue) return undefined
      this.#isWanted = false
      this.#place = { lane: 'identity', part: 'roles', after: '', except: [] }
    }
    for (;;) {
      const check = await this.#ask(this.#place)
      if (check === undefined) {
        const following = this.#following(this.#place)
        if (following === undefined) return this.#done(now, incarnation)
        this.#place = following
        continue
      }
      // What was written meanwhile is sent first; then it is asked again.
      if (await this.#isTouched(check, position)) return undefined
      this.#asked = check
      return check
    }
  }

  /** Whether something of it changed since the log stood there; also where there is too much to know. */
  async #isTouched({ lane, part, after, upTo }: Check, position: number): Promise<boolean> {
    const { changes, missing } = await changesAfter(this.#store, kindsOf[lane], position, mostChanges)
    if (missing || changes.length === mostChanges) return true
    if (lane !== 'data') return changes.length > 0
    return changes.some(({ kind, id }) => {
      if (kind !== 'item') return id === part
      const key = id.slice(part.length + 1)
      return id.startsWith(`${part}/`) && key > after && (upTo === null || key <= upTo)
    })
  }

  /** False for what was not asked. */
  answered({ lane, part, after, result, except }: Checked, now: number): boolean {
    const asked = this.#asked
    if (asked === undefined || asked.lane !== lane || asked.part !== part || asked.after !== after) return false
    this.#asked = undefined
    if (result === 'anew') {
      this.#state = { ...this.#state, found: (this.#state.found ?? 0) + 1, foundAt: now, foundIn: lane }
      // The lane comes anew; the next look is that of tomorrow.
      this.#done(now, this.#feed.stand.incarnation)
      return true
    }
    if (result === 'except' && asked.except.length === 0 && except.length > 0) {
      this.#place = { lane, part, after, except }
      return true
    }
    this.#place = asked.upTo === null ? this.#following(asked) : { lane, part, after: asked.upTo, except: [] }
    if (this.#place === undefined) this.#done(now, this.#feed.stand.incarnation)
    return true
  }

  #done(now: number, incarnation: string): undefined {
    this.#place = undefined
    this.#news = true
    this.#state = { ...this.#state, at: now, incarnation }
  }

  #following({ lane, part }: Pick<Place, 'lane' | 'part'>): Place | undefined {
    const from = (next: Lane, name: string): Place => ({ lane: next, part: name, after: '', except: [] })
    const listed = parts.findIndex((one) => one[0] === lane && one[1] === part)
    const following = listed === -1 ? undefined : parts[listed + 1]
    if (following !== undefined) return from(...following)
    const { collections, copies } = this.#feed.scope
    const checked = [...collections].filter((id) => !copies.has(`collection ${id}`)).sort()
    const id = checked.find((one) => lane !== 'data' || one > part)
    return id === undefined ? undefined : from('data', id)
  }

  async #ask({ lane, part, after, except }: Place): Promise<Check | undefined> {
    const about = { type: 'check', lane, part, after, except } as const
    if (part === 'roles') return { ...about, upTo: null, sum: '', list: await this.#roles() }
    if (part === 'users') return { ...about, ...(await this.#users(after)) }
    if (part === 'code') return { ...about, upTo: null, sum: '', list: await this.#code() }
    if (part === 'tables') return { ...about, upTo: null, sum: '', list: await this.#tables() }
    if (part === 'portals') return { ...about, upTo: null, sum: '', list: await this.#portals() }
    const found = this.#feed.scope.collections.has(part) ? await findCollection(this.#store, { id: part }) : undefined
    if (found === undefined) return undefined
    const named = this.#feed.rowsThere(found)?.filter((key) => key > after)
    const keys = named?.slice(0, keysAtOnce) ?? (await keysAfter(this.#store, found, after, keysAtOnce))
    const sum = await sumRows(this.#store, found, keys, new Set(except))
    return { ...about, upTo: keys.length < keysAtOnce ? null : keys.at(-1)!, sum, list: [] }
  }

  async #roles(): Promise<Listed> {
    const { name, secret, settings } = this.#feed.systemThere()
    const hash = hashOf(canonical([name, secret, settings]))
    const users = listTableOf(await readTable(this.#store, await userTable(this.#store)))
    return [['system', hash], ...listRolesOf(await this.#feed.rolesThere()), ...users]
  }

  async #users(after: string): Promise<{ sum: string; upTo: string | null; list: Listed }> {
    const keys = await keysAfter(this.#store, await userTable(this.#store), after, keysAtOnce)
    const sum = new Sum()
    const list: Listed = []
    const { scope } = this.#feed
    for (const user of await readUsers(this.#store, keys)) {
      const there = userOnEdge(scope, user)
      if (there === undefined) continue
      const { roles, canSignIn } = there
      const base = { ...user, ...passwordOnEdge(user), row: rowOnEdge(user.row), roles }
      if (!canSignIn) base.passwordHash = null
      sum.add(userText({ ...base, offlineLimit: offlineLimitOf(scope, user) }))
      if (canSignIn) list.push(...this.#feed.heldThere(user))
    }
    return { sum: sum.value, list, upTo: keys.length < keysAtOnce ? null : keys.at(-1)! }
  }

  /** What is copied once may be as it was. */
  async #code(): Promise<Listed> {
    const { services, libraries, copies } = this.#feed.scope
    const listed: Listed = []
    for (const [kind, names] of [
      ['service', services],
      ['library', libraries],
    ] as const) {
      for (const name of names) {
        if (copies.has(`${kind} ${name}`)) continue
        listed.push(...listCodeOf(kind, await readCode(this.#store, kind, [name])))
      }
    }
    return listed
  }

  /** Of one that is copied once, as of portals, only that there is one: it may be as it was. */
  async #tables(): Promise<Listed> {
    const { collections, copies } = this.#feed.scope
    const listed: Listed = []
    for (const id of collections) {
      const found = await findCollection(this.#store, { id })
      if (found === undefined) continue
      if (copies.has(`collection ${id}`)) listed.push([`collection ${id}`, anyHash])
      else listed.push(...listTableOf(await this.#feed.tableThere(found)))
    }
    return listed
  }

  async #portals(): Promise<Listed> {
    const listed: Listed = []
    const { portals, copies } = this.#feed.scope
    for (const name of portals) {
      if (copies.has(`portal ${name}`)) {
        listed.push([`portal ${name}`, anyHash])
        continue
      }
      const found = await readPortalFiles(this.#store, name)
      if (found !== undefined) listed.push(listPortalOf(found))
    }
    return listed
  }
}
