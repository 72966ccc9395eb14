/** How many may try something at once: few of each system, so that those of one leave room to others. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

export class Places {
  readonly #most: { ofSystem: number; ofNode: number }
  readonly #taken = new Map<string, number>()

  constructor(most: { ofSystem: number; ofNode: number }) {
    this.#most = most
  }

  /** Runs `work` in a place of the system. Throws tooManyRequests where there is none. */
  async pass<T>(system: string, work: () => Promise<T>): Promise<T> {
    const own = this.#taken.get(system) ?? 0
    const all = [...this.#taken.values()].reduce((sum, count) => sum + count, 0)
    if (own >= this.#most.ofSystem || all >= this.#most.ofNode) {
      throw new GatehouseError('tooManyRequests', 'Too many sign-ins are being tried at once.', {
        hint: 'Try again when one of them is done.',
        retryAfter: 2,
      })
    }
    this.#taken.set(system, own + 1)
    try {
      return await work()
    } finally {
      const left = (this.#taken.get(system) ?? 1) - 1
      if (left === 0) this.#taken.delete(system)
      else this.#taken.set(system, left)
    }
  }
}
