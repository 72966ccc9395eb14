/**
 * Which services are known to wait: for a web server, a provider of messages, a timer. Their runs can share an engine process,
 * where waiting costs nothing but memory. One that misbehaved has its process for itself again: there it harms itself alone,
 * and what it did is known to be its own.
 */
import type { Outcome, Script } from './job.ts'

/** A run that waited this long, and computed little, would have done better elsewhere: nothing is compiled there. */
const WAITED_MS = 50
const COMPUTED_MS = 20
/** How long one that misbehaved is not trusted with neighbours. */
const MISTRUST_MS = 10 * 60 * 1000

export class WaitingServices {
  /** By the script that is called; a new version is a new script. */
  readonly #known = new WeakMap<Script, { waits: boolean; mistrustedUntil: number }>()

  waits(script: Script): boolean {
    const known = this.#known.get(script)
    return known?.waits === true && known.mistrustedUntil <= performance.now()
  }

  /** True where it became one that waits. */
  learn(script: Script, { ending, usage }: Outcome): boolean {
    const before = this.waits(script)
    const isUnsafe =
      ending.kind === 'crashed' ||
      ending.kind === 'out-of-memory' ||
      ending.kind === 'too-much' ||
      (ending.kind === 'timed-out' && (ending.limit === 'cpu' || usage.waitedMs < usage.wallMs / 2))
    if (isUnsafe) this.#known.set(script, { waits: false, mistrustedUntil: performance.now() + MISTRUST_MS })
    else if (ending.kind !== 'no-place' && ending.kind !== 'cancelled') {
      const mistrustedUntil = this.#known.get(script)?.mistrustedUntil ?? 0
      this.#known.set(script, { waits: usage.waitedMs >= WAITED_MS && usage.cpuMs <= COMPUTED_MS, mistrustedUntil })
    }
    return !before && this.waits(script)
  }
}
