/**
 * Lanes that stopped, on the platform: what came could not be written at the edge, and nothing more of them is sent until they
 * are tried again, a while later and twice as long each time, or whenever a developer says so.
 */
import { second } from '../base/clock.ts'
import { type Lane, lanes } from '../store/down/groups.ts'

/** After which a lane that stopped is tried again, twice as long each time. */
const stoppedFor = { first: 30 * second, longest: 600 * second } as const

export class LaneStops {
  readonly #resumed: () => void
  /** Lanes of which nothing is sent until the timer ends. */
  readonly #waiting: Partial<Record<Lane, ReturnType<typeof setTimeout>>> = {}
  /** Why they stopped: gone with the next thing that is written there. */
  readonly #trouble: Partial<Record<Lane, { words: string; times: number; isAgain: boolean }>> = {}
  readonly #count: Record<Lane, number> = { identity: 0, configuration: 0, data: 0 }

  /** `resumed` is called when a lane goes on. */
  constructor(resumed: () => void) {
    this.#resumed = resumed
  }

  has(lane: Lane): boolean {
    return this.#waiting[lane] !== undefined
  }

  /** How often it stopped: what was sent before is not taken by the edge. */
  count(lane: Lane): number {
    return this.#count[lane]
  }

  /** Why, by lane. */
  words(): Partial<Record<Lane, string>> {
    return Object.fromEntries(Object.entries(this.#trouble).map(([lane, { words }]) => [lane, words]))
  }

  /** `withAgain`: with something that was sent once more, so that nothing new is missing there. */
  stop(lane: Lane, words: string, { withAgain }: { withAgain: boolean }): void {
    const before = this.#trouble[lane]
    const times = (before?.times ?? 0) + 1
    this.#trouble[lane] = { words, times, isAgain: withAgain && before?.isAgain !== false }
    this.#count[lane]++
    clearTimeout(this.#waiting[lane])
    const wait = Math.min(stoppedFor.first * 2 ** Math.min(times - 1, 10), stoppedFor.longest)
    this.#waiting[lane] = setTimeout(() => this.resume(lane), wait).unref()
  }

  resume(lane: Lane): void {
    clearTimeout(this.#waiting[lane])
    delete this.#waiting[lane]
    this.#resumed()
  }

  /** Something of it was written; `moves`: something new was. Answers whether that is the end of what it stopped with. */
  written(lane: Lane, { moves }: { moves: boolean }): boolean {
    const trouble = this.#trouble[lane]
    if (trouble === undefined || !(trouble.isAgain || moves)) return false
    delete this.#trouble[lane]
    return true
  }

  /** The link ended. */
  close(): void {
    for (const lane of lanes) clearTimeout(this.#waiting[lane])
  }
}
