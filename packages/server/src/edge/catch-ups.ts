/**
 * How many edges are brought up to date at once after they linked: when a node comes up again, all of them come. Whoever waits
 * is linked all the same, and what concerns users never waits; code and rows do, in the order in which edges came.
 */
export const catchUpRules = {
  atOnce: 20,
  /** After which one that others wait for goes to the end of the line, in milliseconds: an edge may be slow. */
  turnMs: 10_000,
} as const

export class CatchUps {
  readonly #now: () => number
  readonly #running = new Map<object, number>()
  /** In the order in which they asked. */
  readonly #waiting = new Map<object, () => void>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether it is its turn. If not, `wake` is called when it is. */
  may(who: object, wake: () => void): boolean {
    const since = this.#running.get(who)
    if (since !== undefined) {
      if (this.#waiting.size === 0 || this.#now() - since < catchUpRules.turnMs) return true
      this.#running.delete(who)
      this.#waiting.set(who, wake)
      this.#next()
      return false
    }
    if (this.#running.size < catchUpRules.atOnce && this.#waiting.size === 0) {
      this.#running.set(who, this.#now())
      return true
    }
    this.#waiting.set(who, wake)
    return false
  }

  /** It is up to date, or gone. */
  done(who: object): void {
    this.#waiting.delete(who)
    this.#running.delete(who)
    this.#next()
  }

  #next(): void {
    for (const [who, wake] of this.#waiting) {
      if (this.#running.size >= catchUpRules.atOnce) return
      this.#waiting.delete(who)
      this.#running.set(who, this.#now())
      wake()
    }
  }
}
