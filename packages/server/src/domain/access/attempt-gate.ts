/**
 * Keeps guessing in line before the slow hash: few checks of one account at a time (so that parallel guesses cannot all
 * pass before the first failure is counted), a bounded number in all, and failures per address. Failures of accounts are
 * counted in the database.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute, second } from '../../base/clock.ts'

const perAccount = 4
const waitingLimit = 400
const addressLimit = 20_000

/** Wrong passwords that one address may send within the window, whatever accounts they were for. */
const addressFailures = 100
const addressWindow = 10 * minute

/** Failures that cost nothing; after them each next one doubles the wait. */
export const freeFailures = 5
const longestDelay = 15 * 60 * second

/** How long an account rests after so many failures in a row. */
export const delayAfter = (failures: number): number =>
  failures < freeFailures ? 0 : Math.min(longestDelay, 2 ** (failures - freeFailures) * second)

type Lane = { active: number; waiting: (() => void)[] }

export class AttemptGate {
  readonly #lanes = new Map<string, Lane>()
  readonly #addresses = new Map<string, { count: number; since: number }>()
  #waiting = 0

  /** Runs `check` when it is the account's turn. Throws tooManyRequests where too many wait already. */
  async pass<T>(account: string, check: () => Promise<T>): Promise<T> {
    let lane = this.#lanes.get(account)
    if (lane === undefined) {
      lane = { active: 0, waiting: [] }
      this.#lanes.set(account, lane)
    }
    if (lane.active >= perAccount) {
      if (this.#waiting >= waitingLimit) {
        throw new GatehouseError('tooManyRequests', 'Too many sign-ins are being checked at once.', {
          hint: 'Try again in a few seconds.',
          retryAfter: 5,
        })
      }
      this.#waiting += 1
      const { waiting } = lane
      await new Promise<void>((resolve) => waiting.push(resolve))
      this.#waiting -= 1
    } else lane.active += 1
    try {
      return await check()
    } finally {
      const next = lane.waiting.shift()
      // The place goes straight to the next in line, so `active` stays as it is.
      if (next !== undefined) next()
      else {
        lane.active -= 1
        if (lane.active === 0) this.#lanes.delete(account)
      }
    }
  }

  /** When this address may try again; 0 for now. */
  addressBlockedUntil(address: string, now: number): number {
    const seen = this.#addresses.get(addressKey(address))
    if (seen === undefined || now - seen.since >= addressWindow || seen.count < addressFailures) return 0
    return seen.since + addressWindow
  }

  /** Wrong passwords that came from this address within the window. */
  addressFailures(address: string, now: number): number {
    const seen = this.#addresses.get(addressKey(address))
    return seen === undefined || now - seen.since >= addressWindow ? 0 : seen.count
  }

  addressFailed(address: string, now: number): void {
    const key = addressKey(address)
    const seen = this.#addresses.get(key)
    if (seen !== undefined && now - seen.since < addressWindow) {
      seen.count += 1
      return
    }
    this.#addresses.delete(key)
    if (this.#addresses.size >= addressLimit) this.#addresses.delete(this.#addresses.keys().next().value!)
    this.#addresses.set(key, { count: 1, since: now })
  }
}

/** Who has one IPv6 address has its whole /64, so that is what counts as one. */
export const addressKey = (address: string): string =>
  address.includes(':') && !address.includes('.') ? expandIpv6(address).slice(0, 4).join(':') : address

function expandIpv6(address: string): string[] {
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array.from({ length: gap }, () => '0'), ...right].map((part) =>
    part.replace(/^0+(?=.)/, '').toLowerCase(),
  )
}
