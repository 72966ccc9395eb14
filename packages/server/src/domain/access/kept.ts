/**
 * What a node keeps of a system between requests: rights and schemas, which are asked for by every request and change
 * seldom. Keyed by the system's revision, which each request reads anew, so a change holds for the next request on every
 * node; a change made on this node is forgotten at once, also for a run that began before it.
 */
import { inTransaction } from '../../store/store.ts'
import type { SystemScope } from './scope.ts'

const systemLimit = 1_000
const valueLimit = 2_000

type Entry = { revision: number; values: Map<string, unknown> }

export class Kept {
  readonly #systems = new Map<string, Entry>()

  /** The value called `name`, loaded where it is not at hand. Inside a transaction always loaded: it may see its own writes. */
  async get<T>(scope: SystemScope, name: string, load: () => Promise<T>): Promise<T> {
    if (inTransaction(scope.data)) return load()
    const { key, revision } = scope.system
    let entry = this.#systems.get(key)
    if (entry?.revision !== revision) {
      entry = { revision, values: new Map() }
      this.#systems.delete(key)
      if (this.#systems.size >= systemLimit) this.#systems.delete(this.#systems.keys().next().value!)
      this.#systems.set(key, entry)
    }
    if (entry.values.has(name)) return entry.values.get(name) as T
    const value = await load()
    // What was forgotten meanwhile stays forgotten: the entry is then another one, and this write goes nowhere.
    if (entry.values.size >= valueLimit) entry.values.clear()
    entry.values.set(name, value)
    return value
  }

  forget(systemKey: string): void {
    this.#systems.delete(systemKey)
  }
}
