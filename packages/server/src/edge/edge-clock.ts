/**
 * The clock of an edge is checked, not believed. It never counts below the highest time that was counted here nor below what
 * the platform said last; both are kept on disk. Between two looks it goes on by the steady clock at least, so a clock that
 * is set back stops nothing. One that went back, or jumped, is in doubt until the platform is heard again, whatever is done
 * to it meanwhile; a restart does not end the doubt. What follows from a doubt is `domain/auth/edge-limits.ts`.
 */
import { type Clock, minute, second } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { EdgeStanding } from '../domain/access/scope.ts'
import type { Store } from '../store/store.ts'
import { readEdgeTimes, writeEdgeTimes } from '../store/tables/edge-times.ts'

export const edgeClockRules = {
  /** How far a clock may be set back, as one that is kept right is. */
  backMs: minute,
  /** Further ahead of the steady clock than this it has jumped. */
  jumpMs: 5 * minute,
  /** Further ahead of the platform than this it is put right by the platform's word, the one thing that takes time back. */
  aheadMs: 30 * second,
  /** What a loss of power can take of the highest time. */
  keepEveryMs: 30 * second,
} as const

const doubts = {
  back: 'The clock of this edge went back',
  jump: 'The clock of this edge jumped',
  platform: 'The clock of the platform went back',
} as const

export class EdgeClock implements Clock, EdgeStanding {
  readonly name: string
  readonly #system: string
  readonly #wall: Clock
  readonly #steady: () => number
  /** What the platform's word added to the wall clock. */
  #offset = 0
  #floor: { at: number; steady: number }
  #platformAt = 0
  #identityAt: number | null = null
  #doubt = ''
  /** False where it was in doubt when it started. */
  #counted = true
  #place: { store: Store; log: Log } | undefined
  #keeping: ReturnType<typeof setInterval> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor({ system, name }: { system: string; name: string }, wall: Clock) {
    this.name = name
    this.#system = system
    this.#wall = wall
    this.#steady = () => wall.steady?.() ?? performance.now()
    this.#floor = { at: wall.now(), steady: this.#steady() }
  }

  /** Before anything is decided by it. */
  async open(store: Store, log: Log): Promise<void> {
    this.#place = { store, log }
    const kept = await readEdgeTimes(store, this.#system)
    if (kept !== undefined) {
      this.#platformAt = kept.platformAt
      this.#identityAt = kept.identityAt
      this.#doubt = kept.doubt
      this.#floor = { at: Math.max(kept.seenAt, kept.platformAt), steady: this.#steady() }
      // No clock stands still for the time that a node is off, but one that is ahead now may have been right or wrong before.
      if (this.#wall.now() < this.#floor.at - edgeClockRules.backMs) this.#raise('back')
      this.#floor.at = Math.max(this.#floor.at, this.#wall.now())
      this.#counted = this.#doubt === ''
    }
    await this.#keep()
    this.#keeping = setInterval(() => void this.#keep().catch(() => {}), edgeClockRules.keepEveryMs)
    this.#keeping.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#keeping)
    if (this.#place !== undefined) await this.#keep().catch(() => {})
  }

  now(): number {
    const steady = this.#steady()
    const least = this.#floor.at + Math.max(0, steady - this.#floor.steady)
    const wall = this.#wall.now() + this.#offset
    if (wall < least - edgeClockRules.backMs) this.#raise('back')
    else if (wall > least + edgeClockRules.jumpMs) this.#raise('jump')
    this.#floor = { at: Math.max(least, wall), steady }
    return Math.floor(this.#floor.at)
  }

  /** What the clock of the machine says by itself, believed or not. */
  wall(): number {
    return this.#wall.now()
  }

  /** Up to when all is here that the platform knew of users; null where it never was. */
  get identityAt(): number | null {
    return this.#identityAt
  }

  steady(): number {
    return this.#steady()
  }

  doubt(): string {
    this.now()
    return this.#doubt
  }

  identityAge(): number {
    return this.#identityAt === null ? Number.POSITIVE_INFINITY : Math.max(0, this.now() - this.#identityAt)
  }

  /** A doubt that came up while it ran has the steady clock beside it. */
  isCounted(): boolean {
    return this.#counted
  }

  /** The platform's word over the link: its time, and whether with it all is here that it knew of users by then. */
  async hear({ now: said, identity }: { now: number; identity: boolean }): Promise<void> {
    const counted = this.now()
    // Nodes of one platform may differ a little.
    if (said < this.#platformAt - edgeClockRules.jumpMs) {
      this.#raise('platform')
    } else {
      const time = Math.max(this.#platformAt, said)
      this.#platformAt = time
      const isAhead = counted > time + edgeClockRules.aheadMs
      if (isAhead || time > counted || this.#doubt !== '') {
        this.#offset = time - this.#wall.now()
        this.#floor = { at: isAhead ? time : Math.max(counted, time), steady: this.#steady() }
      }
      if (this.#doubt !== '') this.#place?.log.info('The clock of this edge is set by its platform, and believed again')
      this.#doubt = ''
      this.#counted = true
      if (identity) this.#identityAt = Math.max(this.#identityAt ?? 0, said)
    }
    await this.#keep()
  }

  #raise(why: keyof typeof doubts): void {
    if (this.#doubt !== '') return
    this.#doubt = doubts[why]
    this.#place?.log.warn(`${this.#doubt}: it is not believed until the platform is heard`)
    void this.#keep().catch(() => {})
  }

  /** The platform knows this edge no more: what is here of its users is nobody's to decide by. */
  async forget(): Promise<void> {
    this.#identityAt = null
    await this.#keep()
  }

  /** One after the other, so that the newest is what stays. */
  #keep(): Promise<void> {
    const { store } = this.#place ?? {}
    if (store === undefined) return this.#writing
    this.#writing = this.#writing
      .catch(() => {})
      .then(() =>
        writeEdgeTimes(store, this.#system, {
          ...{ seenAt: Math.floor(this.#floor.at), platformAt: this.#platformAt },
          ...{ identityAt: this.#identityAt, doubt: this.#doubt },
        }),
      )
    return this.#writing
  }
}
