/**
 * How many strangers may knock: handshakes are counted before anybody has said who it is, by address and in all, so that one
 * address keeps nobody else out and all together keep the node from nothing. Who is refused is told when to come again.
 * Behind it, how often one edge may link. What is kept is a number by address or edge, for seconds, and of bounded size.
 */
import { addressKey } from '../domain/access/attempt-gate.ts'

type Rate = { perSecond: number; burst: number }

export const handshakeRules = {
  node: { perSecond: 50, burst: 100 },
  address: { perSecond: 10, burst: 40 },
  /** Of one edge: a link that is cut again and again costs the platform a first look each time. */
  edge: { perSecond: 1, burst: 60 },
  /** Begun and not ended: in all, and of one address. */
  unfinished: 64,
  unfinishedOfAddress: 16,
  /** Numbers that are kept. To push one out takes longer than it takes to be full again. */
  kept: 10_000,
} as const

type Level = { left: number; at: number }

/** Fills at a steady rate up to the burst; each that passes takes one. */
class Rates {
  readonly #rate: Rate
  readonly #levels = new Map<string, Level>()
  readonly #most: number

  constructor(rate: Rate, most: number) {
    this.#rate = rate
    this.#most = most
  }

  /** Seconds until one may pass; 0 for now. */
  wait(key: string, now: number): number {
    return Math.max(0, 1 - this.#left(key, now)) / this.#rate.perSecond
  }

  take(key: string, now: number): void {
    const left = this.#left(key, now) - 1
    this.#levels.delete(key)
    this.#levels.set(key, { left, at: now })
    const oldest = this.#levels.keys().next().value
    if (this.#levels.size > this.#most && oldest !== undefined) this.#levels.delete(oldest)
  }

  get size(): number {
    return this.#levels.size
  }

  #left(key: string, now: number): number {
    const { perSecond, burst } = this.#rate
    const level = this.#levels.get(key)
    return level === undefined ? burst : Math.min(burst, level.left + ((now - level.at) / 1000) * perSecond)
  }
}

export type Knock = { done: () => void } | { refused: 'address' | 'node'; retryAfter: number }

export class HandshakeGate {
  readonly #now: () => number
  readonly #node = new Rates(handshakeRules.node, 1)
  readonly #addresses = new Rates(handshakeRules.address, handshakeRules.kept)
  readonly #edges = new Rates(handshakeRules.edge, handshakeRules.kept)
  readonly #unfinished = new Map<string, number>()
  #all = 0

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** `done` is to be called once when the handshake has ended, however; `retryAfter` in seconds. */
  knock(address: string): Knock {
    const now = this.#now()
    const key = addressKey(address)
    const open = this.#unfinished.get(key) ?? 0
    const ofAddress = this.#addresses.wait(key, now)
    if (open >= handshakeRules.unfinishedOfAddress || ofAddress > 0) {
      return { refused: 'address', retryAfter: Math.max(1, Math.ceil(ofAddress)) }
    }
    const ofNode = this.#node.wait('', now)
    if (this.#all >= handshakeRules.unfinished || ofNode > 0) {
      return { refused: 'node', retryAfter: Math.max(1, Math.ceil(ofNode)) }
    }
    this.#addresses.take(key, now)
    this.#node.take('', now)
    this.#unfinished.set(key, open + 1)
    this.#all += 1
    let isOpen = true
    return {
      done: () => {
        if (!isOpen) return
        isOpen = false
        this.#all -= 1
        const left = (this.#unfinished.get(key) ?? 1) - 1
        if (left === 0) this.#unfinished.delete(key)
        else this.#unfinished.set(key, left)
      },
    }
  }

  /** Of an edge that has proved its key: whether it may link now. */
  mayLink(publicKey: string): boolean {
    const now = this.#now()
    if (this.#edges.wait(publicKey, now) > 0) return false
    this.#edges.take(publicKey, now)
    return true
  }

  /** For tests: how many numbers are kept. */
  get size(): number {
    return this.#addresses.size + this.#edges.size + this.#unfinished.size
  }
}
