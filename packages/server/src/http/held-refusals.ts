/**
 * A 429 is answered a moment late. Whoever asks on without heeding it is then held up by his own connections, where refusing
 * him at once would take the node more than what it refused; who waits as he is told notices nothing. What is held costs a
 * timer and an open request. Above a number of them the rest is refused at once: memory is not for whoever asks most.
 */
import { second } from '../base/clock.ts'

const usualMs = second
const mostHeld = 1000

export class HeldRefusals {
  readonly #holdMs: number
  #held = 0

  /** Another time than the usual is only given by tests. */
  constructor(holdMs = usualMs) {
    this.#holdMs = holdMs
  }

  /** Goes on with an answer of this status when it is its time. */
  pass(status: number, answer: () => void): void {
    if (status !== 429 || this.#holdMs === 0 || this.#held >= mostHeld) {
      answer()
      return
    }
    this.#held += 1
    setTimeout(() => {
      this.#held -= 1
      answer()
    }, this.#holdMs)
  }
}
