/**
 * What goes to each edge, kept on the platform for as long as the system is as it was: asked for whenever a session is used that
 * an edge made, and ends those of users who may not sign in there any more.
 */
import type { Means, ThroughEdge } from '../domain/access/scope.ts'
import { endThrough } from '../domain/auth/elsewhere.ts'
import { readSigners } from '../store/down/sessions.ts'
import type { Store, SystemStore } from '../store/store.ts'
import { systemsWithEdgeSessions, usersThroughEdges } from '../store/tables/edge-sessions.ts'
import { findEdge } from '../store/tables/edges.ts'
import { findSystem } from '../store/tables/systems.ts'
import { type EdgeScope, scopeOfEdge, userOnEdge } from './scope.ts'

const mostKept = 2_000
const usersAtOnce = 500

type Kept = { revision: number; scope: EdgeScope }

export class EdgeScopes {
  readonly #store: Store
  readonly #kept = new Map<string, Kept>()

  /** What is read of another store, as of a copy for trials or inside a transaction, is not kept. */
  constructor(store: Store) {
    this.#store = store
  }

  /** Undefined where there is no such edge, or it never came. */
  async of(data: SystemStore, edge: string): Promise<EdgeScope | undefined> {
    const system = await findSystem(data.node, data.key)
    if (system === undefined) return undefined
    const key = JSON.stringify([data.key, edge])
    const isOwn = data.node === this.#store
    const kept = isOwn ? this.#kept.get(key) : undefined
    if (kept?.revision === system.revision) return kept.scope
    const record = await findEdge(data, edge)
    const scope = record?.publicKey == null ? undefined : await scopeOfEdge(data, system, edge)
    // One that comes or enrols is none that it was, and no revision says so.
    if (isOwn && scope !== undefined) {
      this.#kept.delete(key)
      if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value!)
      this.#kept.set(key, { revision: system.revision, scope })
    }
    return scope
  }

  readonly throughEdge: ThroughEdge = async (data, { edge, userId }) => {
    const scope = await this.of(data, edge)
    const [user] = await readSigners(data, [userId])
    if (scope === undefined || user === undefined || user.isShut) return 'gone'
    const there = userOnEdge(scope, user)
    if (there?.canSignIn !== true) return 'gone'
    return scope.apart ? 'apart' : { roles: there.roles.filter((id) => !scope.privileged.has(id)) }
  }
}

/** Ends what edges made for users whom they may not let in any more; answers how many sessions those were. */
export async function endSessionsOfGone(scopes: EdgeScopes, data: SystemStore, now: number): Promise<number> {
  let ended = 0
  const byEdge = Map.groupBy(await usersThroughEdges(data, now), ({ edge }) => edge)
  for (const [edge, of] of byEdge) {
    const scope = await scopes.of(data, edge)
    for (let start = 0; start < of.length; start += usersAtOnce) {
      const ids = of.slice(start, start + usersAtOnce).map(({ userId }) => userId)
      const users = new Map((await readSigners(data, ids)).map((user) => [user.id, user]))
      for (const userId of ids) {
        const user = users.get(userId)
        const mayStay = scope && user && !user.isShut && userOnEdge(scope, user)?.canSignIn
        if (mayStay !== true) ended += await endThrough(data, { edge, userId }, now)
      }
    }
  }
  return ended
}

/**
 * Does so after each change of what edges are given, one system at a time. What it misses, since the node ended, is ended when it is
 * used, and by `sweepAll`.
 */
export class GoneSweeper {
  readonly #means: Means
  readonly #scopes: EdgeScopes
  readonly #waiting = new Set<string>()
  #running: Promise<void> | undefined
  readonly #stop: () => void
  #closed = false

  constructor(means: Means, scopes: EdgeScopes) {
    this.#means = means
    this.#scopes = scopes
    this.#stop = means.store.onChange((systemKey, revised) => {
      if (revised) this.#ask(systemKey)
    })
  }

  async sweepAll(): Promise<void> {
    const { store, clock } = this.#means
    for (const key of await systemsWithEdgeSessions(store, clock.now())) this.#ask(key)
    await this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stop()
    await this.#running
  }

  #ask(systemKey: string): void {
    if (this.#closed) return
    this.#waiting.add(systemKey)
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // Whoever asked after the last look has nobody else to ask.
      for (const one of this.#waiting) this.#ask(one)
    })
  }

  async #run(): Promise<void> {
    for (const systemKey of this.#waiting) {
      this.#waiting.delete(systemKey)
      if (this.#closed) return
      try {
        const { store, clock } = this.#means
        await endSessionsOfGone(this.#scopes, store.forSystem(systemKey), clock.now())
      } catch (error) {
        // Until then each is refused where it is used.
        this.#means.log.warn({ err: error }, 'Sessions of edges could not be looked through')
      }
    }
  }
}
