/**
 * The bounded queue before the slow hash. Whoever checks or makes a password waits here for a turn: turns go round among
 * systems, within a system among addresses, and few are of one account at once, so that parallel guesses cannot all pass
 * before the first failure is counted. Where the queue is full, who has most in it loses its newest. What is counted of
 * failures stands in the database (`domain/accounts/ledger.ts`).
 */
import { availableParallelism } from 'node:os'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Argon2Cost } from '../../base/argon2.ts'
import { passwordCost } from '../../base/secrets.ts'

/** Whose turn it is: `system` is `''` for developers. */
export type Asking = { system: string; address: string; account?: string }

export type GateLimits = {
  /** Turns at once: what looks at rows while others hash. */
  turns: number
  /** Hashes at once. One more than there are processors, so that none idles until the node begins the next. */
  hashes: number
  /** Turns at once of one account. */
  perAccount: number
  /** How many may wait in all. */
  waiting: number
}

const cores = availableParallelism()
const usual: GateLimits = { turns: cores + 6, hashes: cores + 1, perAccount: 4, waiting: 200 }

type Waiting = Asking & { begin: () => void; refuse: (error: GatehouseError) => void }

export class AttemptGate {
  readonly #limits: GateLimits
  readonly #cost: Argon2Cost
  /** Those that wait, by system and then by address; in the order of their next turn. */
  readonly #systems = new Map<string, Map<string, Waiting[]>>()
  readonly #accounts = new Map<string, number>()
  readonly #hashing: (() => void)[] = []
  #waiting = 0
  #turns = 0
  #hashes = 0

  /** `cost` is of what is hashed here; another than the usual is only given by tests. */
  constructor(limits: Partial<GateLimits> = {}, cost: Argon2Cost = passwordCost) {
    this.#limits = { ...usual, ...limits }
    this.#cost = cost
  }

  /** Runs `work` when it is its turn. Throws tooManyRequests where too many wait: then nothing was hashed. */
  async pass<T>(asking: Asking, work: () => Promise<T>): Promise<T> {
    if (!this.#mayBegin(asking)) await this.#wait(asking)
    else this.#begin(asking)
    try {
      return await work()
    } finally {
      this.#end(asking)
    }
  }

  /** One slow hash, in a turn; only so many at once. */
  async hash<T>(work: (cost: Argon2Cost) => Promise<T>): Promise<T> {
    if (this.#hashes < this.#limits.hashes) this.#hashes += 1
    else await new Promise<void>((resolve) => this.#hashing.push(resolve))
    try {
      return await work(this.#cost)
    } finally {
      // The place goes straight to the next in line, so the count stays as it is.
      const next = this.#hashing.shift()
      if (next !== undefined) next()
      else this.#hashes -= 1
    }
  }

  #mayBegin({ account }: Asking): boolean {
    if (this.#turns >= this.#limits.turns) return false
    return account === undefined || (this.#accounts.get(account) ?? 0) < this.#limits.perAccount
  }

  #begin({ account }: Asking): void {
    this.#turns += 1
    if (account !== undefined) this.#accounts.set(account, (this.#accounts.get(account) ?? 0) + 1)
  }

  #end({ account }: Asking): void {
    this.#turns -= 1
    if (account !== undefined) {
      const left = this.#accounts.get(account)! - 1
      if (left === 0) this.#accounts.delete(account)
      else this.#accounts.set(account, left)
    }
    while (this.#turns < this.#limits.turns) {
      const next = this.#next()
      if (next === undefined) return
      this.#begin(next)
      next.begin()
    }
  }

  #wait(asking: Asking): Promise<void> {
    return new Promise((begin, refuse) => {
      if (this.#waiting >= this.#limits.waiting && !this.#makeRoom(asking)) throw busy()
      const addresses = this.#systems.get(asking.system) ?? new Map<string, Waiting[]>()
      const line = addresses.get(asking.address) ?? []
      line.push({ ...asking, begin, refuse })
      addresses.set(asking.address, line)
      this.#systems.set(asking.system, addresses)
      this.#waiting += 1
    })
  }

  /** The first whose account has a turn left; its address and its system then stand last. */
  #next(): Waiting | undefined {
    for (const [system, addresses] of this.#systems) {
      for (const [address, line] of addresses) {
        const at = line.findIndex((one) => this.#mayBegin(one))
        if (at === -1) continue
        const [one] = line.splice(at, 1)
        this.#waiting -= 1
        addresses.delete(address)
        if (line.length > 0) addresses.set(address, line)
        this.#systems.delete(system)
        if (addresses.size > 0) this.#systems.set(system, addresses)
        return one
      }
    }
    return undefined
  }

  /** Sends away the newest of who has most here, system first and then address; false where that is who asks. */
  #makeRoom({ system, address }: Asking): boolean {
    const [fullest, addresses] = most(this.#systems, (one) => sum(one))
    const own = this.#systems.get(system)
    if (fullest !== system && sum(addresses) <= (own === undefined ? 0 : sum(own)) + 1) return false
    const [longest, line] = most(addresses, (one) => one.length)
    if (fullest === system && (longest === address || line.length <= (own?.get(address)?.length ?? 0) + 1)) return false
    line.pop()!.refuse(busy())
    this.#waiting -= 1
    if (line.length === 0) addresses.delete(longest)
    if (addresses.size === 0) this.#systems.delete(fullest)
    return true
  }
}

const sum = (addresses: Map<string, Waiting[]>): number => {
  let all = 0
  for (const line of addresses.values()) all += line.length
  return all
}

function most<T>(all: Map<string, T>, size: (one: T) => number): [string, T] {
  return [...all].reduce((a, b) => (size(b[1]) > size(a[1]) ? b : a))
}

const busy = (): GatehouseError =>
  new GatehouseError('tooManyRequests', 'Too many passwords are being checked at once.', {
    hint: 'Try again in a few seconds.',
    retryAfter: 3,
  })

/** Who has one IPv6 address has its whole /64, so that is what counts as one. */
export const addressKey = (address: string): string => {
  const plain = plainAddress(address)
  return plain.includes(':') ? expandIpv6(plain).slice(0, 4).join(':') : plain
}

/** The network round it, which one household, office or provider's block has: a /24, of IPv6 a /48. */
export const addressPrefix = (address: string): string => {
  const plain = plainAddress(address)
  if (plain.includes(':')) return `${expandIpv6(plain).slice(0, 3).join(':')}::/48`
  const block = /^(\d+\.\d+\.\d+)\.\d+$/.exec(plain)?.[1]
  return block === undefined ? plain : `${block}.0/24`
}

/** IPv4 as it is, also where a socket of both kinds shows it as IPv6. */
const plainAddress = (address: string): string =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.slice(0, 200)

function expandIpv6(address: string): string[] {
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array.from({ length: gap }, () => '0'), ...right].map((part) =>
    part.replace(/^0+(?=.)/, '').toLowerCase(),
  )
}
