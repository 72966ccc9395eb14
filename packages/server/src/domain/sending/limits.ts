/**
 * How many messages may go out: per number, account, prefix of numbers and system, and a breaker for prefixes whose codes
 * hardly anybody enters, which is what fraud with costly numbers looks like.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day, hour, second } from '../../base/clock.ts'
import type { SystemStore } from '../../store/store.ts'
import { tallyPrefix } from '../../store/tables/messages.ts'
import { takeCount } from '../../store/tables/send-counts.ts'

export const sendLimits = {
  numberHour: 5,
  numberDay: 10,
  accountHour: 10,
  prefixHour: 100,
  systemDay: 1_000,
} as const

export const breaker = {
  windowMs: 3 * hour,
  /** Fewer tell nothing. */
  leastSent: 20,
  /** Of a hundred sent. */
  leastEntered: 10,
} as const

/** Of notices; how many one account is told in a day is `noticeRules`. */
export const noticeLimits = { numberDay: 50, prefixHour: 100, systemDay: 1_000 } as const

export type Counting = { numberHash: string; prefix: string; account: string | undefined }

type Limit = readonly [what: string, kind: string, subject: string, most: number, windowMs: number]

/**
 * Takes one place of each limit; run in the transaction that notes the message, so that a refusal takes none.
 * @throws GatehouseError `tooManyRequests`, which says which limit it was and when to try again
 */
export async function takeLimits(
  tx: SystemStore,
  { numberHash, prefix, account }: Counting,
  now: number,
): Promise<void> {
  await demandUnbroken(tx, prefix, now)
  await takeEach(tx, now, [
    ['this number', 'number hour', numberHash, sendLimits.numberHour, hour],
    ['this number', 'number day', numberHash, sendLimits.numberDay, day],
    ...(account === undefined
      ? []
      : [['this account', 'account hour', account, sendLimits.accountHour, hour] as const]),
    [`numbers that begin with ${prefix}`, 'prefix hour', prefix, sendLimits.prefixHour, hour],
    ['anybody in this system', 'system day', '', sendLimits.systemDay, day],
  ])
}

/** The same for notices, counted apart. */
export async function takeNoticeLimits(tx: SystemStore, { numberHash, prefix }: Counting, now: number): Promise<void> {
  await demandUnbroken(tx, prefix, now)
  await takeEach(tx, now, [
    ['this number', 'notice number day', numberHash, noticeLimits.numberDay, day],
    [`numbers that begin with ${prefix}`, 'notice prefix hour', prefix, noticeLimits.prefixHour, hour],
    ['anybody in this system', 'notice system day', '', noticeLimits.systemDay, day],
  ])
}

async function takeEach(tx: SystemStore, now: number, limits: readonly Limit[]): Promise<void> {
  for (const [what, kind, subject, most, windowMs] of limits) {
    const until = await takeCount(tx, { kind, subject, most, windowMs }, now)
    if (until === undefined) continue
    const window = windowMs === hour ? 'an hour' : 'a day'
    throw limited(`There were ${most} messages to ${what} within ${window}, which is the limit.`, until, now)
  }
}

async function demandUnbroken(tx: SystemStore, prefix: string, now: number): Promise<void> {
  const { windowMs, leastSent, leastEntered } = breaker
  const { sent, entered, firstAt } = await tallyPrefix(tx, prefix, now - windowMs)
  if (sent < leastSent || entered * 100 >= sent * leastEntered) return
  throw limited(
    `Of ${sent} codes to numbers that begin with ${prefix} only ${entered} were entered, so no more go there for now.`,
    firstAt + windowMs,
    now,
  )
}

const limited = (what: string, until: number, now: number): GatehouseError =>
  new GatehouseError('tooManyRequests', what, {
    hint: `Try again after ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
    retryAfter: Math.max(1, Math.ceil((until - now) / second)),
  })
