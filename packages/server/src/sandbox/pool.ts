/**
 * The engine processes of a node: who gets one, who waits, which are kept and which are ended. A process belongs to one
 * tenant for its whole life. What happens inside a run is in `engine-run.ts`.
 *
 * Most runs have a process for themselves as long as they last. A service that is known to wait for somebody else shares
 * one with others of its tenant that do, so that hundreds can wait at once; `waiting.ts` says which those are.
 *
 * Places are counted per depth: a nested run takes a place of its own level, so it can never wait for one that the run
 * above it holds. Runs of the deepest level wait for nobody, hence nobody waits for ever.
 */
import { hash } from 'node:crypto'
import { EngineChild, type EngineChildOptions } from './engine-child.ts'
import type { Outcome, Script } from './job.ts'
import { WaitingServices } from './waiting.ts'

/** Callers waiting per tenant; more are turned away at once. */
const MAX_WAITING = 1000
/** Runs at once in a process that many share. */
const MAX_IN_SHARED = 100

export type PoolOptions = Pick<EngineChildOptions, 'walls' | 'prelude' | 'onHostFailure' | 'onTrouble'> & {
  /** Top-level runs at once in this node. */
  maxProcesses: number
  /** Top-level runs at once of one tenant. */
  placesPerTenant: number
  /** The same for runs of services that are known to wait. */
  waitingPlaces: { all: number; perTenant: number }
  /** Takes every run for one that waits. */
  allWait: boolean
  /** How long a run may wait for a place. */
  waitMs: number
  /** How long an idle process is kept. */
  idleMs: number
}

type Kind = 'alone' | 'shared'
/** Who asks for a place; `script` is what is run, where it may share a process. */
type Asking = { tenant: string; depth: number; signal?: AbortSignal | undefined; script?: Script | undefined }
type Holder = { tenant: string; depth: number; kind: Kind }
type Waiter = Asking & { settle: (place: Kind | undefined) => void }

export class Pool {
  readonly #options: PoolOptions
  /** Hashes of scripts that callers keep; a bundle of a megabyte is not read again for every run. */
  readonly #hashes = new WeakMap<Script, string>()
  readonly #services = new WaitingServices()
  readonly #all = new Set<EngineChild>()
  /** Idle and assigned, the longest idle first. */
  readonly #idle = new Map<EngineChild, NodeJS.Timeout>()
  /** Who holds the place that a process stands for. */
  readonly #holders = new Map<EngineChild, Holder>()
  /** Processes that many runs share, with how many were let in. */
  readonly #shared = new Map<EngineChild, number>()
  /** Places taken, by kind and depth, and by those and tenant. */
  readonly #taken = new Map<string, number>()
  #waiting: Waiter[] = []
  #spare: EngineChild | undefined
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  status(): { processes: number; idle: number; waiting: number } {
    return { processes: this.#all.size, idle: this.#idle.size, waiting: this.#waiting.length }
  }

  /**
   * Does something with a process of this tenant, waiting for a place first. The place is given back when the process
   * has nothing left of it or is gone, which may be a moment after the work has its result.
   */
  async withProcess<T>(
    at: Asking,
    work: (child: EngineChild) => Promise<T>,
  ): Promise<T | 'no-place' | 'cancelled' | 'not-started'> {
    const kind = await this.#place(at)
    if (kind !== 'alone' && kind !== 'shared') return kind
    const holder = { tenant: at.tenant, depth: at.depth, kind }
    let child: EngineChild
    try {
      child = kind === 'alone' ? this.#processFor(at.tenant) : this.#sharedFor(at.tenant)
    } catch {
      this.#giveBack(holder)
      return 'not-started'
    }
    if (kind === 'alone') this.#holders.set(child, holder)
    const isReady = await child.ready
    if (kind === 'shared' && (!isReady || child.gone)) this.#leaveShared(child, holder)
    if (!isReady || (kind === 'shared' && child.gone)) return 'not-started'
    try {
      return await work(child)
    } catch (error) {
      child.kill()
      throw error
    }
  }

  /** Remembers what became of a run of this script, and lets in who can go elsewhere since. */
  learn(script: Script, outcome: Outcome): void {
    if (!this.#services.learn(script, outcome)) return
    for (const waiter of this.#waiting.filter((one) => one.script === script)) this.#admit(waiter)
  }

  /** Ends every process and turns away whoever waits. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of [...this.#waiting]) waiter.settle(undefined)
    const all = [...this.#all]
    for (const child of all) child.kill()
    await Promise.all(all.map((child) => child.exited))
  }

  #place(at: Asking): Promise<Kind | 'no-place' | 'cancelled'> {
    const { tenant, signal } = at
    if (this.#closed) return Promise.resolve('no-place')
    if (signal?.aborted) return Promise.resolve('cancelled')
    const kind = this.#freeFor(at)
    if (kind !== undefined) {
      this.#count({ ...at, kind }, 1)
      return Promise.resolve(kind)
    }
    if (this.#waiting.filter((waiter) => waiter.tenant === tenant).length >= MAX_WAITING) {
      return Promise.resolve('no-place')
    }
    return new Promise((resolve) => {
      const leave = (result: Kind | 'no-place' | 'cancelled') => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
        this.#waiting = this.#waiting.filter((other) => other !== waiter)
        resolve(result)
      }
      const cancel = () => leave('cancelled')
      const timer = setTimeout(() => leave('no-place'), this.#options.waitMs)
      const waiter: Waiter = { ...at, settle: (place) => leave(place ?? 'no-place') }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#waiting.push(waiter)
    })
  }

  /** Where there is a place for it now. What waits goes to the others that do, and nowhere else while there is room. */
  #freeFor(at: Asking): Kind | undefined {
    const mayShare = at.script !== undefined && (this.#options.allWait || this.#services.waits(at.script))
    if (mayShare && this.#free({ ...at, kind: 'shared' })) return 'shared'
    return this.#free({ ...at, kind: 'alone' }) ? 'alone' : undefined
  }

  #free({ tenant, depth, kind }: Holder): boolean {
    const { maxProcesses, placesPerTenant, waitingPlaces } = this.#options
    const [all, each] =
      kind === 'alone' ? [maxProcesses, placesPerTenant] : [waitingPlaces.all, waitingPlaces.perTenant]
    return this.#held(`${kind} ${depth}`) < all && this.#held(`${kind} ${depth} ${tenant}`) < each
  }

  #held(key: string): number {
    return this.#taken.get(key) ?? 0
  }

  #count({ tenant, depth, kind }: Holder, change: 1 | -1): void {
    for (const key of [`${kind} ${depth}`, `${kind} ${depth} ${tenant}`]) {
      const held = this.#held(key) + change
      if (held === 0) this.#taken.delete(key)
      else this.#taken.set(key, held)
    }
  }

  #admit(waiter: Waiter): boolean {
    const kind = this.#freeFor(waiter)
    if (kind === undefined) return false
    this.#count({ ...waiter, kind }, 1)
    waiter.settle(kind)
    return true
  }

  #release(child: EngineChild): void {
    const holder = this.#holders.get(child)
    if (!holder) return
    this.#holders.delete(child)
    this.#giveBack(holder)
  }

  /** Gives a place back, and hands it to the waiting tenant that holds fewest; the oldest of equals. */
  #giveBack(holder: Holder): void {
    this.#count(holder, -1)
    let best: Waiter | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const waiter of this.#waiting) {
      const kind = this.#freeFor(waiter)
      if (kind === undefined) continue
      const held = this.#held(`${kind} ${waiter.depth} ${waiter.tenant}`)
      if (held >= fewest) continue
      best = waiter
      fewest = held
    }
    if (best) this.#admit(best)
  }

  #processFor(tenant: string): EngineChild {
    let found: EngineChild | undefined
    for (const child of this.#idle.keys()) if (child.tenant === tenant && !this.#shared.has(child)) found = child
    if (found) {
      clearTimeout(this.#idle.get(found))
      this.#idle.delete(found)
      return found
    }
    this.#makeRoom()
    const child = this.#spare ?? this.#start()
    this.#spare = undefined
    child.tenant = tenant
    // The next tenant that comes should not wait for a start either.
    setImmediate(() => {
      if (this.#closed || this.#spare) return
      try {
        this.#spare = this.#start()
      } catch {
        // The system has nothing to spare just now.
      }
    })
    return child
  }

  /** One that this tenant's waiting runs share, with a seat taken in it; begun if there is none with room. */
  #sharedFor(tenant: string): EngineChild {
    for (const [child, runs] of this.#shared) {
      if (child.tenant !== tenant || runs >= MAX_IN_SHARED || child.doubtful || child.worn) continue
      clearTimeout(this.#idle.get(child))
      this.#idle.delete(child)
      this.#shared.set(child, runs + 1)
      return child
    }
    this.#makeRoom()
    const child = this.#start(true)
    child.tenant = tenant
    this.#shared.set(child, 1)
    return child
  }

  #leaveShared(child: EngineChild, holder: Holder): void {
    const runs = this.#shared.get(child)
    if (runs !== undefined) {
      this.#shared.set(child, runs - 1)
      if (runs === 1) this.#keepIdle(child)
    }
    this.#giveBack(holder)
  }

  /** Idle processes give way when there are as many processes as top-level places. */
  #makeRoom(): void {
    for (const child of this.#idle.keys()) {
      if (this.#all.size < this.#options.maxProcesses) return
      child.kill()
    }
  }

  #start(many = false): EngineChild {
    const { walls, prelude, onHostFailure, onTrouble } = this.#options
    const holderOf = ({ tenant, depth }: { tenant: string; depth: number }): Holder => ({
      tenant,
      depth,
      kind: 'shared',
    })
    const child = new EngineChild({
      ...{ walls, many, prelude, onHostFailure, onTrouble },
      hashOf: (script) => this.#hashOf(script),
      onIdle: (idle, job) => {
        if (!many) this.#rest(idle)
        else if (job) this.#leaveShared(idle, holderOf(job))
      },
      onGone: (gone, jobs) => {
        this.#all.delete(gone)
        clearTimeout(this.#idle.get(gone))
        this.#idle.delete(gone)
        if (this.#spare === gone) this.#spare = undefined
        this.#release(gone)
        this.#shared.delete(gone)
        if (many) for (const job of jobs) this.#giveBack(holderOf(job))
      },
    })
    this.#all.add(child)
    return child
  }

  #hashOf(script: Script): string {
    const known = this.#hashes.get(script)
    if (known !== undefined) return known
    const made = hash('sha256', `${script.name}\n${script.code}`, 'base64')
    this.#hashes.set(script, made)
    return made
  }

  #rest(child: EngineChild): void {
    this.#keepIdle(child)
    this.#release(child)
  }

  #keepIdle(child: EngineChild): void {
    if (child.worn) {
      child.kill()
      return
    }
    this.#idle.set(
      child,
      setTimeout(() => child.kill(), this.#options.idleMs),
    )
  }
}
