/**
 * One row per sign-in: who, from where, which phase, what was decided and why, what to do about it, how long each step
 * took. Never a secret: names of people who are not found stand as keyed hashes.
 */
import { uuid } from '../../base/ids.ts'
import type { SystemStore } from '../../store/store.ts'
import { emailKey } from '../../store/tables/developers.ts'
import { countTraces, insertTrace, listTraces } from '../../store/tables/records.ts'
import type { SystemScope } from '../access/scope.ts'

export type Decision = 'granted' | 'more' | 'refused' | 'failed'

export type Door = 'password' | 'registration' | 'anonymous' | 'refresh' | 'service' | 'code' | 'new password'

export class SignInTrace {
  readonly #scope: SystemScope
  readonly #door: Door
  readonly #startedAt: number
  readonly #steps: { step: string; ms: number }[] = []
  readonly #began = performance.now()
  #stepStart: number
  #facts: Record<string, unknown> = {}

  constructor(scope: SystemScope, door: Door, body: Record<string, unknown> = {}) {
    this.#scope = scope
    this.#door = door
    this.#startedAt = scope.clock.now()
    this.#stepStart = performance.now()
    const { email, factor } = body
    if (typeof email === 'string') {
      this.#facts.emailHash = scope.key.keyedHash('names', `${scope.system.key}/${emailKey(email)}`)
    }
    // Other fields of the body may hold codes; a small number is what a phase looks like.
    if (Number.isInteger(factor) && (factor as number) >= 0 && (factor as number) < 100) this.#facts.phase = factor
  }

  /** Marks the end of a step that began where the last one ended. */
  step(name: string): void {
    const now = performance.now()
    this.#steps.push({ step: name, ms: Math.round((now - this.#stepStart) * 100) / 100 })
    this.#stepStart = now
  }

  #tookMs(): number {
    return performance.now() - this.#began
  }

  note(facts: Record<string, unknown>): void {
    Object.assign(this.#facts, facts)
  }

  /** Writes the row; with `tx`, in the transaction that opens the session. */
  async write(
    decision: Decision,
    reason: { why: string; advice?: string },
    tx: SystemStore = this.#scope.data,
  ): Promise<void> {
    const { service, version, phase } = this.#facts
    this.#scope.tracing.note('sign-in', Date.now() - this.#tookMs(), decision === 'failed' ? 'error' : 'ok', {
      ...{ 'gatehouse.system': this.#scope.system.key, 'gatehouse.door': this.#door, 'gatehouse.decision': decision },
      ...(typeof service === 'string' && { 'gatehouse.service': service }),
      ...(typeof version === 'number' && { 'gatehouse.version': version }),
      ...(typeof phase === 'number' && { 'gatehouse.phase': phase }),
    })
    if (this.#facts.userId !== undefined) delete this.#facts.emailHash
    await insertTrace(tx, {
      id: uuid(),
      at: this.#startedAt,
      decision,
      record: {
        door: this.#door,
        address: this.#scope.origin.address,
        userAgent: this.#scope.origin.userAgent.slice(0, 300),
        ...this.#facts,
        why: reason.why,
        ...(reason.advice !== undefined && { advice: reason.advice }),
        steps: this.#steps,
      },
    })
  }
}

/** Newest first; `before` (not with it) and `since` (with it) in milliseconds. Who may read them is asked by the door. */
export const signInTraces = (scope: SystemScope, page: { limit: number; before?: number; since?: number }) =>
  listTraces(scope.data, page)

/**
 * How sign-ins ended in the last spans of time; the last one is running. `from` is where the first begins, all in
 * milliseconds; spans and decisions without sign-ins are left out. Who may read it is asked by the door.
 */
export async function signInCounts(scope: SystemScope, { spanMs, spans }: { spanMs: number; spans: number }) {
  const now = scope.clock.now()
  const from = now - (now % spanMs) - (spans - 1) * spanMs
  return { from, span: spanMs, spans, counts: await countTraces(scope.data, { since: from, spanMs }) }
}
