/** How much one edge may tell in a minute. What is beyond waits, so an edge that was dark for long catches up in its time. */
import { minute, second } from '../base/clock.ts'
import type { UpLane } from '../store/tables/edge-words.ts'

export const paceLimits: Record<UpLane, number> & { bytes: number } = {
  facts: 6_000,
  rows: 60_000,
  bytes: 64 * 1024 * 1024,
}

export class Pace {
  #began = Date.now()
  #items: Record<UpLane, number> = { facts: 0, rows: 0 }
  #bytes = 0

  /** Returns when there is room for it, or the link is not open any more. `slow` is told once where it has to wait. */
  async wait(lane: UpLane, items: number, bytes: number, isOpen: () => boolean, slow: () => void): Promise<void> {
    for (let waited = false; isOpen(); waited = true) {
      if (Date.now() - this.#began >= minute) {
        this.#began = Date.now()
        this.#items = { facts: 0, rows: 0 }
        this.#bytes = 0
      }
      if (this.#items[lane] < paceLimits[lane] && this.#bytes < paceLimits.bytes) break
      if (!waited) slow()
      await new Promise((resolve) => setTimeout(resolve, second / 4).unref())
    }
    this.#items[lane] += Math.max(1, items)
    this.#bytes += bytes
  }
}
