/**
 * The edge's half of the way up: tells the platform what it has not taken yet, facts before rows, from where the platform
 * says that it stands. Nothing of it is kept but in the database: another link begins anew.
 */
import { type Clock, hour } from '../base/clock.ts'
import type { SystemStore } from '../store/store.ts'
import type { UpLane } from '../store/tables/edge-words.ts'
import type { UpCursor } from '../store/up/facts.ts'
import { localRows, setBackLogClock } from '../store/up/local.ts'
import { aheadMs } from '../store/up/merge.ts'
import { factsAfter, forgetFacts, outboxHead } from '../store/up/outbox.ts'
import { type Channel, LinkBroken } from './channel.ts'
import { sameUp, type Taken, type Told, upLanes, type Welcome } from './messages.ts'

/** What is on its way and not taken, of each lane. */
const mostFrames = 4
const mostBytes = 256 * 1024
const factsAtOnce = 64

export class Teller {
  readonly #store: SystemStore
  readonly #clock: Clock
  readonly #channel: Channel
  readonly #told: Record<UpLane, UpCursor | null>
  /** How far the own log was looked through, where nothing of it was to be sent. */
  #scanned: UpCursor | undefined
  /** Of own changes, those that are looked at for one message. */
  #atOnce: number | undefined
  readonly #onWay: Record<UpLane, { to: UpCursor; bytes: number }[]> = { facts: [], rows: [] }
  #stopped = false
  #woken = true
  #wake: () => void = () => {}

  constructor(store: SystemStore, clock: Clock, channel: Channel, taken: Welcome['taken']) {
    this.#store = store
    this.#clock = clock
    this.#channel = channel
    this.#told = { ...taken }
  }

  /** There may be something to tell. */
  ring(): void {
    this.#woken = true
    this.#wake()
  }

  stop(): void {
    this.#stopped = true
    this.ring()
  }

  /** Throws LinkBroken where platform and edge do not fit together. */
  async run(): Promise<void> {
    while (!this.#stopped && this.#channel.open) {
      this.#woken = false
      if (await this.#tellOne()) continue
      if (this.#woken || this.#stopped) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        if (this.#woken) resolve()
      })
    }
  }

  /** What the platform has taken is forgotten after a while; one that was restored may stand further back. */
  async taken({ lane, cursor, stamp }: Taken): Promise<void> {
    const onWay = this.#onWay[lane]
    const at = onWay.findIndex(({ to }) => sameUp(to, cursor))
    if (at === -1) throw new LinkBroken('The platform took what it was not told.')
    onWay.splice(0, at + 1)
    if (stamp !== undefined) await setBackLogClock(this.#store, stamp, aheadMs)
    if (lane === 'facts') await forgetFacts(this.#store, cursor.position, this.#clock.now() - hour)
    this.ring()
  }

  async #tellOne(): Promise<boolean> {
    for (const lane of upLanes) {
      const onWay = this.#onWay[lane]
      if (onWay.length >= mostFrames || onWay.reduce((sum, { bytes }) => sum + bytes, 0) >= mostBytes) {
        // Rows wait for what a sign-in rests on.
        return false
      }
      const told = lane === 'facts' ? await this.#facts() : await this.#rows()
      if (told === undefined) continue
      if (this.#stopped || !this.#channel.open) return false
      onWay.push({ to: told.to, bytes: this.#channel.send(told, { secret: lane === 'facts' }) })
      this.#told[lane] = told.to
      return true
    }
    return false
  }

  async #facts(): Promise<Told | undefined> {
    const head = await outboxHead(this.#store)
    if (head === undefined) return undefined
    const from = this.#told.facts
    const after = from?.incarnation === head.incarnation ? from.position : 0
    if (after > head.position) {
      throw new LinkBroken('The platform has heard more of this edge than it knows: its data folder is older.')
    }
    const facts = await factsAfter(this.#store, after, factsAtOnce)
    const last = facts.at(-1)
    if (last === undefined) return undefined
    const to = { incarnation: head.incarnation, position: last.position }
    const items = facts.map(({ at, fact }) => ({ at, ...fact }))
    return { type: 'told', lane: 'facts', from, to, lost: last.position - after - facts.length, items }
  }
  async #rows(): Promise<Told | undefined> {
    for (;;) {
      const found = await localRows(this.#store, this.#scanned ?? this.#told.rows, this.#atOnce)
      if (found === undefined) return undefined
      this.#atOnce = found.atOnce
      const { to, of, items } = found
      this.#scanned = to
      if (items.length > 0) return { type: 'told', lane: 'rows', from: this.#told.rows, to, lost: 0, items, of }
    }
  }
}
