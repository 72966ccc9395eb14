/**
 * Sends what users are told of their accounts (`domain/accounts/notices.ts`), after the commit of what happened and beside
 * everything else: nobody waits for it, and nothing fails by it. Each notice is taken before it is sent and goes out once at
 * most; a node that dies over one leaves it unsent.
 */
import { minute } from '../../base/clock.ts'
import { type NoticeRecord, settleNotice, systemsWithNotices, takeNotice } from '../../store/tables/notices.ts'
import type { Means, SystemScope } from '../access/scope.ts'
import { noticePlace } from '../accounts/notices.ts'
import { systemByKey } from '../systems/systems.ts'
import type { SendMessage } from './send.ts'

/** Systems whose notices are sent at the same time: those of a slow provider keep few others waiting. */
const mostAtOnce = 8
/** How often notices are looked for whose bell was lost, or that wait for another try. */
const sweepMs = minute

export class NoticeSender {
  readonly #means: Means
  readonly #send: SendMessage
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #sweeping: NodeJS.Timeout
  #closed = false

  constructor(means: Means, send: SendMessage) {
    this.#means = means
    this.#send = send
    means.store.onNotice((systemKey) => this.#ring(systemKey))
    this.#sweeping = setInterval(() => void this.sweep(), sweepMs)
    this.#sweeping.unref()
  }

  /** Rings for whatever is due. Never rejects. */
  async sweep(): Promise<void> {
    try {
      for (const key of await systemsWithNotices(this.#means.store, this.#means.clock.now())) this.#ring(key)
    } catch (error) {
      this.#means.log.warn({ err: error }, 'Notices could not be looked for; the next round tries again')
    }
  }

  /** Resolves when all that was rung for is sent, or was given up. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  /** What is being sent is waited for; the rest stays for another node, or the next start. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweeping)
    await this.idle()
  }

  #ring(systemKey: string): void {
    this.#waiting.add(systemKey)
    this.#next()
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#closed || this.#running.size >= mostAtOnce) return
      if (this.#running.has(key)) continue
      this.#waiting.delete(key)
      const work = this.#sendAll(key).finally(() => {
        this.#running.delete(key)
        this.#next()
      })
      this.#running.set(key, work)
    }
  }

  /** One after the other. Never rejects. */
  async #sendAll(systemKey: string): Promise<void> {
    const { store, clock, log } = this.#means
    const data = store.forSystem(systemKey)
    try {
      while (!this.#closed) {
        const notice = await takeNotice(data, clock.now())
        if (notice === undefined) return
        const system = await systemByKey(this.#means, systemKey)
        if (system === undefined) return
        const origin = { address: '', userAgent: '' }
        await this.#sendOne({ ...this.#means, caller: { kind: 'nobody' }, origin, system, data }, notice)
      }
    } catch (error) {
      log.warn({ err: error, system: systemKey }, 'Notices to users could not be sent; the next round goes on')
    }
  }

  async #sendOne(scope: SystemScope, notice: NoticeRecord): Promise<void> {
    const failed = (reason: string): void =>
      scope.log.warn({ system: scope.system.key, channel: notice.channel, reason }, 'A notice to a user was not sent')
    try {
      const to = scope.key.unseal('authenticators', noticePlace(scope.system.key, notice.id), notice.recipient)
      const sent = await this.#send(scope, { to, body: notice.body, account: notice.userId, notice: true })
      if (sent.state !== 'accepted') failed(sent.reason ?? sent.state)
      await settleNotice(scope.data, notice.id, { state: sent.state === 'accepted' ? 'sent' : 'failed' })
    } catch (error) {
      // A provider, a key or the database: the others still have their turn.
      failed(error instanceof Error ? error.message : 'unknown')
      await settleNotice(scope.data, notice.id, { state: 'failed' })
    }
  }
}
