/**
 * Sends what users are told of their accounts (`domain/accounts/notices.ts`), after the commit of what happened and beside
 * everything else: nobody waits for it, and nothing fails by it. Each notice is taken before it is sent and goes out once at
 * most; a node that dies over one leaves it unsent.
 */
import { minute } from '../../base/clock.ts'
import { type NoticeRecord, settleNotice, systemsWithNotices, takeNotice } from '../../store/tables/notices.ts'
import type { Means, SystemScope } from '../access/scope.ts'
import { openRecipient, placeOfLink, systemNameIn } from '../accounts/notices.ts'
import { systemByKey } from '../systems/systems.ts'
import { messagesTo } from './inbox.ts'
import type { MailSent, SendMail } from './mail.ts'
import type { SendMessage } from './send.ts'

/** Systems whose notices are sent at the same time: those of a slow provider keep few others waiting. */
const mostAtOnce = 8
/** How often notices are looked for whose bell was lost, or that wait for another try. */
const sweepMs = minute
/** Where nobody took it. */
const mostAttempts = 3
const againAfterMs = 5 * minute

export class NoticeSender {
  readonly #means: Means
  readonly #send: SendMessage
  readonly #mail: SendMail
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #sweeping: NodeJS.Timeout
  readonly #ending = new AbortController()

  constructor(means: Means, send: SendMessage, mail: SendMail) {
    this.#means = means
    this.#send = send
    this.#mail = mail
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

  /** An e-mail that is under way is cut off, a text message is waited for; the rest stays for another node. */
  async close(): Promise<void> {
    this.#ending.abort()
    clearInterval(this.#sweeping)
    await this.idle()
  }

  #ring(systemKey: string): void {
    this.#waiting.add(systemKey)
    this.#next()
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#ending.signal.aborted || this.#running.size >= mostAtOnce) return
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
      while (!this.#ending.signal.aborted) {
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
    let sent: MailSent
    try {
      const { to, link } = openRecipient(scope, notice.id, notice.recipient)
      const told = link === '' ? notice : { ...notice, body: notice.body.replaceAll(placeOfLink, () => link) }
      if (to === '') sent = { state: 'skipped' }
      else
        sent = notice.channel === 'phone' ? await this.#toPhone(scope, told, to) : await this.#toMail(scope, told, to)
    } catch (error) {
      // Whatever it was, whether it went out is not known.
      sent = { state: 'failed', reason: error instanceof Error ? error.message : 'unknown' }
    }
    if (sent.state === 'later' && notice.attempts < mostAttempts) {
      await settleNotice(scope.data, notice.id, { dueAt: scope.clock.now() + againAfterMs * notice.attempts })
      return
    }
    if ('reason' in sent) {
      const { reason } = sent
      scope.log.warn({ system: scope.system.key, channel: notice.channel, reason }, 'A notice to a user was not sent')
    }
    const state = sent.state === 'accepted' ? 'sent' : sent.state === 'skipped' ? 'skipped' : 'failed'
    await settleNotice(scope.data, notice.id, { state })
  }

  async #toPhone(scope: SystemScope, notice: NoticeRecord, to: string): Promise<MailSent> {
    // A system whose service names the provider itself has none that could take this.
    if (messagesTo(scope) === 'provider' && scope.system.settings.message_providers.length === 0) {
      return { state: 'skipped' }
    }
    const sent = await this.#send(scope, { to, body: notice.body, account: notice.userId, notice: true })
    return sent.state === 'accepted' ? { state: 'accepted' } : { state: 'failed', reason: sent.reason ?? sent.state }
  }

  #toMail(scope: SystemScope, { id, body }: NoticeRecord, to: string): Promise<MailSent> {
    return this.#mail(scope, { id, to, subject: `${systemNameIn(scope)}: your sign-in`, body }, this.#ending.signal)
  }
}
