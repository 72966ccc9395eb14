/**
 * Where what an edge tells waits its turn, each lane for itself: rows in masses keep no fact waiting, and neither keeps what
 * goes down. An honest edge has little on its way at a time; one that tells on and on is cut off.
 */
import type { UpLane } from '../store/tables/edge-words.ts'
import type { Told } from './messages.ts'
import { Pace } from './pace.ts'

const most = { waiting: 8, bytes: 8 * 1024 * 1024 } as const

export class Hearing {
  readonly #take: (told: Told) => Promise<void>
  readonly #isOpen: () => boolean
  readonly #slow: () => void
  readonly #pace = new Pace()
  readonly #turns: Record<UpLane, Promise<void>> = { facts: Promise.resolve(), rows: Promise.resolve() }
  readonly #waiting: Record<UpLane, { count: number; bytes: number }> = {
    facts: { count: 0, bytes: 0 },
    rows: { count: 0, bytes: 0 },
  }

  /** `take` never rejects; `slow` is told where an edge has to wait. */
  constructor(take: (told: Told) => Promise<void>, isOpen: () => boolean, slow: () => void) {
    this.#take = take
    this.#isOpen = isOpen
    this.#slow = slow
  }

  /** False where too much waits already. */
  hear(told: Told, bytes: number): boolean {
    const waiting = this.#waiting[told.lane]
    if (waiting.count >= most.waiting || waiting.bytes + bytes > most.bytes) return false
    waiting.count += 1
    waiting.bytes += bytes
    this.#turns[told.lane] = this.#turns[told.lane].then(async () => {
      await this.#pace.wait(told.lane, told.items.length, bytes, this.#isOpen, this.#slow)
      if (this.#isOpen()) await this.#take(told)
      waiting.count -= 1
      waiting.bytes -= bytes
    })
    return true
  }

  /** What was begun has ended. */
  async ended(): Promise<void> {
    await Promise.all(Object.values(this.#turns))
  }
}
