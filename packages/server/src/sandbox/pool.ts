/**
 * The engine processes of a node: who gets one, who waits, which are kept and which are ended. A process belongs to one
 * tenant for its whole life. What happens inside a run is in `engine-child.ts`.
 *
 * Places are counted per depth: a nested run takes a place of its own level, so it can never wait for one that the run
 * above it holds. Runs of the deepest level wait for nobody, hence nobody waits for ever.
 */
import { hash } from 'node:crypto'
import { EngineChild, type EngineChildOptions } from './engine-child.ts'
import type { Script } from './job.ts'

/** Callers waiting per tenant; more are turned away at once. */
const MAX_WAITING = 1000

export type PoolOptions = Pick<EngineChildOptions, 'walls' | 'prelude' | 'onHostFailure' | 'onTrouble'> & {
  /** Top-level runs at once in this node. */
  maxProcesses: number
  /** Top-level runs at once of one tenant. */
  placesPerTenant: number
  /** How long a run may wait for a place. */
  waitMs: number
  /** How long an idle process is kept. */
  idleMs: number
}

type Waiter = { tenant: string; depth: number; settle: (place: boolean) => void }

export class Pool {
  readonly #options: PoolOptions
  /** Hashes of scripts that callers keep; a bundle of a megabyte is not read again for every run. */
  readonly #hashes = new WeakMap<Script, string>()
  readonly #all = new Set<EngineChild>()
  /** Idle and assigned, the longest idle first. */
  readonly #idle = new Map<EngineChild, NodeJS.Timeout>()
  /** Who holds the place that a process stands for. */
  readonly #holders = new Map<EngineChild, { tenant: string; depth: number }>()
  /** Places taken, by depth and by depth and tenant. */
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
   * is idle again or gone, which may be a moment after the work has its result.
   */
  async withProcess<T>(
    at: { tenant: string; depth: number; signal?: AbortSignal | undefined },
    work: (child: EngineChild) => Promise<T>,
  ): Promise<T | 'no-place' | 'cancelled' | 'not-started'> {
    const place = await this.#place(at)
    if (place !== true) return place
    let child: EngineChild
    try {
      child = this.#processFor(at.tenant)
    } catch {
      this.#giveBack(at)
      return 'not-started'
    }
    this.#holders.set(child, at)
    if (!(await child.ready)) return 'not-started'
    try {
      return await work(child)
    } catch (error) {
      child.kill()
      throw error
    }
  }

  /** Ends every process and turns away whoever waits. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiter of [...this.#waiting]) waiter.settle(false)
    const all = [...this.#all]
    for (const child of all) child.kill()
    await Promise.all(all.map((child) => child.exited))
  }

  #place(at: {
    tenant: string
    depth: number
    signal?: AbortSignal | undefined
  }): Promise<true | 'no-place' | 'cancelled'> {
    const { tenant, depth, signal } = at
    if (this.#closed) return Promise.resolve('no-place')
    if (signal?.aborted) return Promise.resolve('cancelled')
    if (this.#free(tenant, depth)) {
      this.#count(tenant, depth, 1)
      return Promise.resolve(true)
    }
    if (this.#waiting.filter((waiter) => waiter.tenant === tenant).length >= MAX_WAITING) {
      return Promise.resolve('no-place')
    }
    return new Promise((resolve) => {
      const leave = (result: true | 'no-place' | 'cancelled') => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
        this.#waiting = this.#waiting.filter((other) => other !== waiter)
        resolve(result)
      }
      const cancel = () => leave('cancelled')
      const timer = setTimeout(() => leave('no-place'), this.#options.waitMs)
      const waiter: Waiter = { tenant, depth, settle: (place) => leave(place ? true : 'no-place') }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#waiting.push(waiter)
    })
  }

  #free(tenant: string, depth: number): boolean {
    return (
      this.#held(String(depth)) < this.#options.maxProcesses &&
      this.#held(`${depth} ${tenant}`) < this.#options.placesPerTenant
    )
  }

  #held(key: string): number {
    return this.#taken.get(key) ?? 0
  }

  #count(tenant: string, depth: number, change: 1 | -1): void {
    for (const key of [String(depth), `${depth} ${tenant}`]) {
      const held = this.#held(key) + change
      if (held === 0) this.#taken.delete(key)
      else this.#taken.set(key, held)
    }
  }

  #release(child: EngineChild): void {
    const holder = this.#holders.get(child)
    if (!holder) return
    this.#holders.delete(child)
    this.#giveBack(holder)
  }

  /** Gives a place back, and hands it to the waiting tenant that holds fewest; the oldest of equals. */
  #giveBack(holder: { tenant: string; depth: number }): void {
    this.#count(holder.tenant, holder.depth, -1)
    let best: Waiter | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const waiter of this.#waiting) {
      if (!this.#free(waiter.tenant, waiter.depth)) continue
      const held = this.#held(`${waiter.depth} ${waiter.tenant}`)
      if (held >= fewest) continue
      best = waiter
      fewest = held
    }
    if (!best) return
    this.#count(best.tenant, best.depth, 1)
    best.settle(true)
  }

  #processFor(tenant: string): EngineChild {
    let found: EngineChild | undefined
    for (const child of this.#idle.keys()) if (child.tenant === tenant) found = child
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

  /** Idle processes give way when there are as many processes as top-level places. */
  #makeRoom(): void {
    for (const child of this.#idle.keys()) {
      if (this.#all.size < this.#options.maxProcesses) return
      child.kill()
    }
  }

  #start(): EngineChild {
    const { walls, prelude, onHostFailure, onTrouble } = this.#options
    const child = new EngineChild({
      walls,
      prelude,
      onHostFailure,
      onTrouble,
      hashOf: (script) => this.#hashOf(script),
      onIdle: (idle) => this.#rest(idle),
      onGone: (gone) => {
        this.#all.delete(gone)
        clearTimeout(this.#idle.get(gone))
        this.#idle.delete(gone)
        if (this.#spare === gone) this.#spare = undefined
        this.#release(gone)
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
    if (child.worn) {
      child.kill()
      return
    }
    this.#idle.set(
      child,
      setTimeout(() => child.kill(), this.#options.idleMs),
    )
    this.#release(child)
  }
}
