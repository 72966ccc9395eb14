/**
 * Codes to phones, on the platform: an edge made one and asks for it to be sent. What may be sent is little, whoever has the
 * edge: digits, as many as the system says, in the system's own text, to the phone that is bound to a user whom the sign-in
 * brings to that edge now. All limits of messages count, and those of the edge on top. Each question is taken once.
 */
import { day, hour, minute } from '../base/clock.ts'
import type { Means, SystemScope } from '../domain/access/scope.ts'
import { openValue } from '../domain/accounts/authenticators.ts'
import { demandGood } from '../domain/auth/factor-check.ts'
import { type Message, noteEntered, type SendMessage, type Sent } from '../domain/sending/send.ts'
import { placeOfCode } from '../domain/systems/message-settings.ts'
import { systemByKey } from '../domain/systems/systems.ts'
import { readUsers } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { type AuthenticatorRecord, findAuthenticator } from '../store/tables/authenticators.ts'
import { holdEdge } from '../store/tables/edge-words.ts'
import { takeCount } from '../store/tables/send-counts.ts'
import { findSystem } from '../store/tables/systems.ts'
import type { AnsweredCode, AskedCode } from './code-words.ts'
import { scopeOfEdge, userOnEdge } from './scope.ts'
import type { Edge } from './taking.ts'

export const codeRules = {
  anHour: 100,
  aDay: 500,
  /** Of one edge under way; what is beyond is refused without a look. */
  atOnce: 16,
  /** Of questions, whatever came of them; an edge that asks more is cut off. */
  askedAMinute: 600,
} as const

/** `problem` goes into the status of the edge. Neither holds a code or a number. */
type Outcome = { answer: AnsweredCode; problem?: string }
type Allowed = { scope: SystemScope; phone: AuthenticatorRecord }

export class CodeRequests {
  readonly #means: Means
  readonly #edge: Edge
  readonly #send: SendMessage
  #underWay = 0
  #asked = { since: performance.now(), count: 0 }

  constructor(means: Means, edge: Edge, send: SendMessage) {
    this.#means = means
    this.#edge = edge
    this.#send = send
  }

  /** False where it asks for more than any edge may. */
  mayAsk(): boolean {
    const now = performance.now()
    if (now - this.#asked.since > minute) this.#asked = { since: now, count: 0 }
    this.#asked.count += 1
    return this.#asked.count <= codeRules.askedAMinute
  }

  /** Whatever fails here fails for this code alone. */
  async take(asked: AskedCode): Promise<Outcome> {
    if (this.#underWay >= codeRules.atOnce) return this.#refused(asked, 'This edge asks for too many codes at once.')
    this.#underWay += 1
    try {
      const allowed = await this.#allow(asked)
      if (typeof allowed === 'string') return this.#refused(asked, allowed)
      return await this.#deliver(asked, { ...allowed, number: openValue(allowed.scope, allowed.phone) })
    } catch (error) {
      this.#warn(error, 'A code of an edge could not be sent')
      return this.#refused(asked, 'The platform could not send it.')
    } finally {
      this.#underWay -= 1
    }
  }

  /** Of a message that went out for this edge; nobody else's. */
  async entered(id: string): Promise<void> {
    const data = this.#means.store.forSystem(this.#edge.systemKey)
    try {
      await noteEntered({ data, clock: this.#means.clock }, this.#challenge(id))
    } catch (error) {
      this.#warn(error, 'That a code of an edge was entered could not be noted')
    }
  }

  #warn(err: unknown, words: string): void {
    this.#means.log.warn({ err, system: this.#edge.systemKey, edge: this.#edge.name }, words)
  }

  /** Why not, or to whom. All that counts is counted in one transaction, which ends before anything is sent. */
  #allow({ id, user, code }: AskedCode): Promise<Allowed | string> {
    const { store, clock } = this.#means
    return store.forSystem(this.#edge.systemKey).transaction(async (tx): Promise<Allowed | string> => {
      const now = clock.now()
      if (!(await holdEdge(tx.node, this.#edge))) return 'This edge was removed, or linked anew.'
      const system = await systemByKey({ store: tx.node }, tx.key)
      if (system === undefined) return 'The system of this edge is gone.'
      const { code_digits: digits } = system.settings
      if (code.length !== digits) return `The edge asked for something that is no code of ${digits} digits to be sent.`
      if (!(await this.#isThere(tx, user))) return 'The edge asked for a code for somebody who does not sign in there.'
      const phone = await findAuthenticator(tx, { userId: user, kind: 'phone' })
      if (phone === undefined) return 'This account has no phone that codes can be sent to.'
      const standing = demandGood(phone, now)
      if (standing !== undefined) return standing.detail
      for (const [kind, windowMs, most, words] of [
        ['codes of an edge, hour', hour, codeRules.anHour, 'an hour'],
        ['codes of an edge, day', day, codeRules.aDay, 'a day'],
      ] as const) {
        const until = await takeCount(tx, { kind, subject: this.#edge.name, windowMs, most }, now)
        if (until !== undefined) return `There were ${most} codes from this edge within ${words}, which is the limit.`
      }
      // Last, so that what is refused leaves no row behind.
      const once = { kind: 'code of an edge', subject: `${this.#edge.name} ${id}`, windowMs: day, most: 1 }
      if ((await takeCount(tx, once, now)) !== undefined) return 'The edge asked for the same code a second time.'
      const origin = { address: `edge ${this.#edge.name}`, userAgent: '' }
      const data = store.forSystem(tx.key)
      return { scope: { ...this.#means, data, system, caller: { kind: 'nobody' }, origin }, phone }
    })
  }

  async #isThere(tx: SystemStore, id: string): Promise<boolean> {
    const row = await findSystem(tx.node, tx.key)
    const [user] = await readUsers(tx, [id])
    if (row === undefined || user === undefined || user.disabled || user.passwordHash === null) return false
    return userOnEdge(await scopeOfEdge(tx, row, this.#edge.name), user)?.canSignIn === true
  }

  async #deliver(asked: AskedCode, { scope, number }: Allowed & { number: string }): Promise<Outcome> {
    const sent = await this.#sendOnce(scope, {
      to: number,
      body: scope.system.settings.code_message.replaceAll(placeOfCode, asked.code),
      challenge: this.#challenge(asked.id),
      code: asked.code,
      account: asked.user,
    })
    const reason = this.#reasonFor(sent)
    const answer: AnsweredCode = {
      ...{ type: 'code', id: asked.id, state: sent.state, where: sent.where, reason },
      // Of a provider its kind: accounts and addresses are the platform's.
      provider: sent.provider.split(':')[0]!,
      ...(sent.retryAfter !== undefined && { retryAfter: sent.retryAfter }),
    }
    return sent.state === 'refused' ? { answer, problem: problemOf(reason) } : { answer }
  }

  /** A provider may have it by the time that something fails. */
  async #sendOnce(scope: SystemScope, message: Message): Promise<Sent> {
    try {
      return await this.#send(scope, message)
    } catch (error) {
      this.#warn(error, 'Whether a code of an edge was sent is not known')
      return { where: 'provider', provider: '', state: 'unknown', id: '', reason: wordsOf.unknown }
    }
  }

  /** What a provider, or the way to it, says holds hosts and names of secrets: that stays here, in the log. */
  #reasonFor({ state, where, provider, reason = '' }: Sent): string {
    if (state === 'accepted') return ''
    if (where === 'inbox' || provider === '') return withoutNumbers(reason)
    const { systemKey: system, name: edge } = this.#edge
    this.#means.log.warn(
      { system, edge, provider, reason: withoutNumbers(reason) },
      'A provider took no code of an edge',
    )
    return wordsOf[state]
  }

  #refused({ id }: AskedCode, reason: string): Outcome {
    const answer: AnsweredCode = { type: 'code', id, state: 'refused', where: 'provider', provider: '', reason }
    return { answer, problem: problemOf(reason) }
  }

  /** So that no edge says anything about a challenge of the platform, or of another edge. */
  #challenge(id: string): string {
    return `edge ${this.#edge.name}/${id}`
  }
}

const wordsOf = {
  refused: 'The provider of messages did not take it.',
  unknown: 'Whether the provider of messages has it is not known, so nothing more is sent.',
} as const

const problemOf = (reason: string): string => `A code from this edge was not sent. ${reason}`

/** A limit names the beginning of a number, of which the edge knows nothing. */
const withoutNumbers = (reason: string): string => reason.replace(/\+\d+/g, '…').slice(0, 400)
