/**
 * Codes to phones, at the edge: it makes and checks them, and its platform sends them. One question for each challenge, which
 * stands in the database before it is asked, and none is asked again: so no more than one message goes out for it, whenever the
 * link breaks. Nothing waits longer than the link, nor longer than `askRules.waitMs`.
 */
import { second } from '../base/clock.ts'
import type { EdgeCodes, SystemScope } from '../domain/access/scope.ts'
import type { AnsweredCode, AskedCode, EnteredCode } from './code-words.ts'

export const askRules = {
  /** Longer than one provider is waited for. */
  waitMs: 20 * second,
  /** What waits for an answer at a time. */
  most: 32,
} as const

type Say = (message: AskedCode | EnteredCode) => void

export class CodeAsking implements EdgeCodes {
  readonly ownWords = false
  readonly #edge: string
  #say: Say | undefined
  readonly #waiting = new Map<string, (answer: AnsweredCode | undefined) => void>()

  constructor(edge: string) {
    this.#edge = edge
  }

  /** While the link stands. What it answers is called when the link ends: then nothing waits any more. */
  linked(say: Say): () => void {
    this.#say = say
    return () => {
      if (this.#say === say) this.#say = undefined
      for (const answer of [...this.#waiting.values()]) answer(undefined)
    }
  }

  answered(answer: AnsweredCode): void {
    this.#waiting.get(answer.id)?.(answer)
  }

  problem(): string | undefined {
    return this.#say === undefined
      ? `From this edge, ${this.#edge}, no text message can be sent while its link to the platform is cut.`
      : undefined
  }

  async send(_scope: SystemScope, { id, user, code }: Parameters<EdgeCodes['send']>[1]): ReturnType<EdgeCodes['send']> {
    const asked = { id, user, code }
    const say = this.#say
    if (say === undefined) return { state: 'refused', where: 'provider', provider: '', reason: this.problem()! }
    if (this.#waiting.size >= askRules.most || this.#waiting.has(asked.id)) {
      const reason = 'Too many codes are being sent at this moment. Try again in a minute.'
      return { state: 'refused', where: 'provider', provider: '', reason }
    }
    const { promise, resolve } = Promise.withResolvers<AnsweredCode | undefined>()
    const timer = setTimeout(() => resolve(undefined), askRules.waitMs)
    this.#waiting.set(asked.id, resolve)
    try {
      say({ type: 'code', ...asked })
      const answer = await promise
      if (answer === undefined) return 'no answer'
      const { type: _, id: _id, ...sent } = answer
      return sent
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(asked.id)
    }
  }

  /** Not kept: where the link is cut by then, the platform does not hear of it. */
  async entered(_scope: SystemScope, id: string): Promise<void> {
    this.#say?.({ type: 'entered', id })
  }
}
