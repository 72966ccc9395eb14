/**
 * One open link, on the platform: sends what the feed has, identity before configuration before data, and hands on what the
 * edge tells (`taking.ts`). How an edge gets as far as this is `platform-links.ts`.
 */
import { second } from '../base/clock.ts'
import type { Means } from '../domain/access/scope.ts'
import type { SendMessage } from '../domain/sending/send.ts'
import { laneOfAside } from '../store/down/aside.ts'
import { type Cursor, type Cursors, type Lane, lanes } from '../store/down/groups.ts'
import { noteSentUsers, notSentYet } from '../store/tables/edge-users.ts'
import { type EdgeRecord, findEdge, findEdgeByKey, type HeldLanes, noteEdge } from '../store/tables/edges.ts'
import type { CatchUps } from './catch-ups.ts'
import { type Channel, LinkBroken } from './channel.ts'
import { Checking } from './checking.ts'
import { CodeRequests } from './code-requests.ts'
import type { AskedCode, EnteredCode } from './code-words.ts'
import type { EdgeScopes } from './edge-scopes.ts'
import { Feed } from './feed.ts'
import { TooLarge } from './frame-sizes.ts'
import { Hearing } from './hearing.ts'
import { LaneStops } from './lane-stops.ts'
import {
  type AsideItem,
  type AsideTold,
  type Frame,
  readFromEdge,
  sameCursor,
  type Told,
  type Trouble,
} from './messages.ts'
import type { Absence } from './review.ts'
import { Taking } from './taking.ts'

/** What is on its way and not acknowledged, of each lane. */
const mostFrames = 4
const mostBytes = 256 * 1024
/** Within which the edge acknowledges, or at least answers a ping. */
const patience = 60 * second
const beat = 20 * second
const noteEvery = second

/** As the change log has it. */
const thingOf = ({ kind, id }: AsideItem): { kind: string; id: string } =>
  kind === 'row'
    ? { kind: 'item', id }
    : { kind: kind === 'index' ? 'collection' : kind, id: kind === 'index' ? id.slice(0, id.indexOf('/')) : id }

const removed = 'This edge was removed from its platform.'

export class PlatformLink {
  readonly edge: EdgeRecord & { publicKey: string; sealKey: string }
  readonly #means: Means
  readonly #channel: Channel
  readonly #number: number
  readonly #feed: Feed
  readonly #taking: Taking
  readonly #hearing: Hearing
  readonly #codes: CodeRequests
  readonly #onWay: Record<Lane, { to: Cursor; moves: boolean; bytes: number }[]> = {
    identity: [],
    configuration: [],
    data: [],
  }
  readonly #acked: Cursors
  readonly #held: HeldLanes
  /** Lanes of which there was nothing to send and nothing on its way when they were last looked at. */
  readonly #quiet = new Set<Lane>()
  readonly #catchUps: CatchUps
  readonly #stops = new LaneStops(() => this.#wakeUp())
  /** What it could not write, by its own word. */
  #aside: AsideItem[] = []
  #asideDirty = true
  #triedAgain = false
  readonly #checking: Checking
  #checkedDirty = false
  /** How often it was asked for, as far as this link knows, and how often it was done. */
  #retried: number
  #retriedDone: number
  #isCaughtUp = false
  #busy: ReturnType<typeof setTimeout> | undefined
  #problem: string | undefined
  #notedAt = 0
  #dirty = true
  /** The edge is owed the time, or word that all of users is sent. */
  #wordDue = true
  /** The row of the edge is to be read again. */
  #itselfDue = false
  #woken = true
  #wake: () => void = () => {}
  #beaten: Promise<unknown> = Promise.resolve()
  ended: Promise<void> = Promise.resolve()

  constructor(
    means: Means,
    channel: Channel,
    catchUps: CatchUps,
    send: SendMessage,
    about: {
      edge: PlatformLink['edge']
      number: number
      cursors: Cursors
      absence: Absence | undefined
      gateway: boolean
    },
    scopes: EdgeScopes,
  ) {
    const { edge, number, cursors, absence, gateway } = about
    this.#means = means
    this.#channel = channel
    this.#catchUps = catchUps
    this.edge = edge
    this.#number = number
    this.#aside = edge.aside.items ?? []
    this.#retried = edge.aside.retried ?? 0
    this.#retriedDone = this.#retried
    this.#acked = { ...cursors }
    this.#held = structuredClone(edge.lanes)
    for (const held of Object.values(this.#held)) held.idle = false
    const store = means.store.forSystem(edge.systemKey)
    this.#taking = new Taking(means, { ...edge, number }, absence)
    this.#codes = new CodeRequests(means, { ...edge, number }, send)
    this.#hearing = new Hearing(
      (told) => this.#take(told),
      () => channel.open,
      () => this.#say('The edge tells more than it may in a minute; what is beyond that is taken later.'),
    )
    const { key, clock } = means
    const fed = { name: edge.name, sealKey: edge.sealKey, gateway }
    this.#feed = new Feed(store, fed, { key, clock, scopes }, cursors)
    this.#checking = new Checking(store, this.#feed, edge.checked)
  }

  start(): void {
    const beating = setInterval(() => this.#beat(), beat)
    beating.unref()
    const ending = async (half: Promise<void>): Promise<void> => {
      try {
        await half
      } catch (error) {
        this.#failed(error)
      }
      this.#wakeUp()
    }
    // All have ended before it is noted, so that nothing says afterwards that the link stands.
    this.ended = Promise.all([ending(this.#send()), ending(this.#receive())]).then(async () => {
      clearInterval(beating)
      clearTimeout(this.#busy)
      this.#stops.close()
      this.#catchUps.done(this)
      await this.#hearing.ended()
      await this.#beaten
      await this.#note(false).catch(() => {})
    })
  }

  /** Something may have changed; `itself`: the row of this edge did. */
  ring({ itself }: { itself: boolean }): void {
    this.#itselfDue ||= itself
    this.#wakeUp()
  }

  close(code: number, why: string): void {
    this.#channel.close(code, why)
    this.#wakeUp()
  }

  /** Whether the other end answers. */
  async answers(withinMs: number): Promise<boolean> {
    if (!this.#channel.open) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const { socket } = this.#channel
    const timer = setTimeout(() => resolve(false), withinMs)
    socket.once('pong', () => resolve(true))
    socket.once('close', () => resolve(false))
    socket.ping()
    const answered = await promise
    clearTimeout(timer)
    return answered
  }

  terminate(): void {
    this.#channel.socket.terminate()
  }

  async #send(): Promise<void> {
    while (this.#channel.open) {
      this.#woken = false
      const at = this.#means.clock.now()
      const looked = await this.#feed.look()
      if (looked === undefined) return this.#dismiss('The system of this edge is gone.')
      if (looked.changed || this.#itselfDue) {
        this.#itselfDue = false
        if (!(await this.#note(true))) return await this.#endOther()
        await this.#hearRetry()
      }
      if (await this.#sendOne(at)) continue
      this.#settle()
      if (await this.#check()) continue
      if (this.#dirty && Date.now() - this.#notedAt >= noteEvery) {
        if (!(await this.#note(true))) return await this.#endOther()
      } else if (this.#dirty) setTimeout(() => this.#wakeUp(), noteEvery).unref()
      if (!this.#woken && this.#channel.open) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
          if (this.#woken) resolve()
        })
      }
    }
  }

  /** One frame of the first lane that has one and may send it. `at` is before what there is was looked at. */
  async #sendOne(at: number): Promise<boolean> {
    this.#quiet.clear()
    for (const lane of lanes) {
      if (this.#stops.has(lane)) {
        // Users of whom not all is there let nobody believe that it is.
        if (lane === 'identity') this.#sayTime(at, false)
        if (lane === 'identity' && !this.#feed.isWhole(lane)) return false
        continue
      }
      // Whoever comes back waits for a turn, but never with what concerns users.
      const mayCatchUp = this.#isCaughtUp || lane === 'identity' || this.#catchUps.may(this, () => this.#wakeUp())
      if (!mayCatchUp) return false
      const onWay = this.#onWay[lane]
      const waiting = onWay.reduce((sum, one) => sum + one.bytes, 0)
      if (onWay.length >= mostFrames || waiting >= mostBytes) {
        if (lane === 'identity') this.#sayTime(at, false)
        // What comes after a first sync rests on it.
        if (!this.#feed.isWhole(lane)) return false
        continue
      }
      const stops = this.#stops.count(lane)
      const frame = await this.#feed.next(lane)
      if (this.#hasStopped(lane, stops)) return true
      if (frame === undefined) {
        if (lane === 'identity') this.#sayTime(at, true)
        if (onWay.length === 0) this.#quiet.add(lane)
        continue
      }
      if (!this.#channel.open) return false
      if (lane === 'identity') {
        this.#wordDue = true
        if (!(await this.#noteUsers(frame, at))) return false
        if (this.#hasStopped(lane, stops)) return true
      }
      const bytes = this.#channel.send({ ...frame, ...(stops > 0 && { stops }) }, { secret: lane === 'identity' })
      this.#onWay[lane].push({ to: frame.to, moves: !sameCursor(frame.from, frame.to), bytes })
      return true
    }
    return false
  }

  /** Meanwhile: then what was built does not go there, and is built again from where the edge stands. */
  #hasStopped(lane: Lane, before: number): boolean {
    if (this.#stops.count(lane) === before) return false
    this.#feed.rewind(lane, this.#acked[lane])
    return true
  }

  /** Before it is sent it is noted who will have been there, while the edge is surely there itself. */
  async #noteUsers({ groups }: Frame, now: number): Promise<boolean> {
    const { store } = this.#means
    const { systemKey, name, publicKey } = this.edge
    const users = groups.flatMap((group) => (group.what === 'users' ? group.put : []))
    const ids = users.filter((user) => user.passwordHash !== null || user.apps.length > 0).map(({ id }) => id)
    const fresh = await notSentYet(store.forSystem(systemKey), name, ids)
    if (fresh.length === 0) return true
    return store.forSystem(systemKey).transaction(async (tx) => {
      if ((await findEdge(tx, name, { hold: true }))?.publicKey !== publicKey) return false
      await noteSentUsers(tx, name, fresh, now)
      return true
    })
  }

  /** What was sent before it is written there before it is read. */
  #sayTime(now: number, identity: boolean): void {
    if (!this.#wordDue || !this.#channel.open) return
    this.#channel.send({ type: 'word', now, identity })
    this.#wordDue = false
  }

  /** One question, where all is sent; when it was answered comes the next. */
  async #check(): Promise<boolean> {
    if (!lanes.every((lane) => this.#quiet.has(lane) && this.#feed.isWhole(lane))) return false
    const check = await this.#checking.next(this.#means.clock.now())
    if (this.#checking.hasNews()) {
      this.#checkedDirty = true
      this.#dirty = true
    }
    if (check === undefined || !this.#channel.open) return false
    this.#channel.send(check, { secret: check.lane === 'identity' })
    return true
  }

  #isDone(lane: Lane): boolean {
    return this.#stops.has(lane) || (this.#quiet.has(lane) && this.#feed.isWhole(lane))
  }

  /** Nothing more of it goes there; it is tried again a while later, and whenever a developer says so. */
  #stop({ lane, words }: Trouble): void {
    // Nothing new is missing there where it stopped with something sent once more.
    this.#stops.stop(lane, words, { withAgain: this.#onWay[lane][0]?.moves === false })
    this.#onWay[lane] = []
    this.#feed.rewind(lane, this.#acked[lane])
    this.#asideDirty = true
    this.#say(`The edge could not write what it was sent (${lane}), and nothing more of it goes there: ${words}`)
  }

  /** What the edge set aside is sent once more, and what stopped goes on. */
  #retry(): void {
    this.#checking.want()
    for (const lane of ['configuration', 'data'] as const) {
      this.#feed.again(lane, this.#aside.filter(({ kind }) => laneOfAside(kind) === lane).map(thingOf))
    }
    for (const lane of lanes) this.#stops.resume(lane)
  }

  async #hearRetry(): Promise<void> {
    const retries = (await findEdgeByKey(this.#means.store, this.edge.publicKey))?.retries ?? this.#retried
    if (retries <= this.#retried) return
    this.#retried = retries
    this.#retry()
  }

  #takeAside({ items, again }: AsideTold): void {
    this.#aside = items
    this.#asideDirty = true
    this.#dirty = true
    // Once for each link: what it asks for costs the platform something.
    if (again && !this.#triedAgain) this.#retry()
    this.#triedAgain = true
    this.#wakeUp()
  }

  /** What the edge is known to hold by now. One that takes its time is noted as behind a moment later. */
  #settle(): void {
    const now = this.#means.clock.now()
    if (!this.#isCaughtUp && lanes.every((lane) => this.#isDone(lane))) {
      this.#isCaughtUp = true
      this.#catchUps.done(this)
    }
    const isAllThere = lanes.every((lane) => this.#quiet.has(lane) && this.#feed.isWhole(lane))
    if (isAllThere && !this.#feed.owesAgain() && this.#retriedDone !== this.#retried) {
      this.#retriedDone = this.#retried
      this.#asideDirty = true
      this.#dirty = true
    }
    for (const lane of lanes) {
      const held = this.#held[lane]
      if (this.#quiet.has(lane) && this.#feed.isWhole(lane)) {
        if (held?.idle !== true) this.#dirty = true
        this.#held[lane] = { position: this.#feed.position, at: now, idle: true }
      } else if (held?.idle === true) {
        held.idle = false
        this.#busy ??= setTimeout(() => {
          this.#busy = undefined
          this.#dirty ||= lanes.some((one) => this.#held[one]?.idle === false)
          this.#wakeUp()
        }, noteEvery).unref()
      }
    }
  }

  async #receive(): Promise<void> {
    for (;;) {
      const { message, bytes } = await this.#channel.next()
      const said = readFromEdge(message)
      if (said?.type === 'told') {
        if (this.#hearing.hear(said, bytes)) continue
        this.#problem = 'The edge tells more at once than any edge may, and was cut off.'
        this.#channel.close(1008, this.#problem)
        return
      }
      if (said?.type === 'code' || said?.type === 'entered') {
        if (this.#codes.mayAsk()) void this.#code(said)
        else {
          this.#problem = 'The edge asks for more codes than any edge may, and was cut off.'
          this.#channel.close(1008, this.#problem)
          return
        }
        continue
      }
      if (said?.type === 'aside') {
        this.#takeAside(said)
        continue
      }
      if (said?.type === 'checked') {
        const isAnswer = this.#checking.answered(said, this.#means.clock.now())
        // The edge ends the link with an answer that brings a lane anew, and nothing asks for news after that.
        if (isAnswer) this.#checkedDirty = true
        if (isAnswer && said.result === 'anew')
          this.#say(`Not all of ${said.lane} was there as it is here: it comes anew.`)
        this.#wakeUp()
        continue
      }
      if (said?.type === 'trouble') {
        if (said.stopped) this.#stop(said)
        else
          this.#say(
            `The edge cannot write what it was sent at this moment (${said.lane}), and tries again: ${said.words}`,
          )
        continue
      }
      const onWay = said === undefined ? [] : this.#onWay[said.lane]
      const at = onWay.findIndex(({ to }) => sameCursor(to, said?.cursor ?? null))
      if (said === undefined || at === -1) {
        this.#problem = 'The edge sent something that no edge may send, and was cut off.'
        this.#channel.close(1008, this.#problem)
        return
      }
      const written = onWay.splice(0, at + 1)
      this.#acked[said.lane] = said.cursor
      const moves = written.some((one) => one.moves)
      if (this.#stops.written(said.lane, { moves })) this.#asideDirty = true
      this.#dirty = true
      this.#wakeUp()
    }
  }

  async #take(told: Told): Promise<void> {
    try {
      const { taken, problem, stamp } = await this.#taking.take(told)
      // Why it was closed stands already.
      if (problem !== undefined && this.#channel.open) this.#say(problem)
      if (!taken) return await this.#endOther(1008, problem ?? 'What the edge told cannot be taken.')
      if (!this.#channel.open) return
      const { lane, to: cursor } = told
      this.#channel.send({ type: 'taken', lane, cursor, ...(stamp !== undefined && { stamp }) })
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Beside everything else: a provider that takes its time keeps nothing waiting. */
  async #code(said: AskedCode | EnteredCode): Promise<void> {
    try {
      if (said.type === 'entered') return await this.#codes.entered(said.id)
      const { answer, problem } = await this.#codes.take(said)
      if (!this.#channel.open) return
      if (problem !== undefined) this.#say(problem)
      this.#channel.send(answer, { secret: true })
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof LinkBroken)) {
      const ended = 'The link ended by a failure of the platform; its log says more.'
      // Why it was closed stands already.
      if (this.#channel.open) this.#say(error instanceof TooLarge ? error.message : ended)
      this.#means.log.warn({ err: error, edge: this.edge.name }, 'A link to an edge ended by a failure')
    }
    this.close(1011, 'The platform failed.')
  }

  /** In the status of the edge, where developers see it. */
  #say(problem: string): void {
    this.#problem = problem
    this.#dirty = true
    this.#wakeUp()
  }

  #beat(): void {
    if (performance.now() - this.#channel.heardAt > patience) {
      this.terminate()
      return
    }
    this.#channel.socket.ping()
    this.#wordDue = true
    this.#wakeUp()
    // Another link of this edge, at whatever node, has another number.
    this.#beaten = this.#note(true).then(
      (isOurs) => (isOurs ? undefined : this.#endOther().catch(() => this.close(4403, removed))),
      () => {},
    )
  }

  /** An edge that was removed is told so; any other link ends for the reason that is given. */
  async #endOther(code = 4403, why = 'This edge was linked anew.'): Promise<void> {
    if ((await findEdgeByKey(this.#means.store, this.edge.publicKey)) === undefined) this.#dismiss(removed)
    else this.close(code, why)
  }

  /** So that it lets nobody in from this moment on, and not from its next try. */
  #dismiss(words: string): void {
    if (this.#channel.open) this.#channel.send({ type: 'refused', why: 'key', words })
    this.close(4403, words)
  }

  async #note(connected: boolean): Promise<boolean> {
    this.#dirty = false
    this.#notedAt = Date.now()
    const which = { publicKey: this.edge.publicKey, number: this.#number }
    const told = { items: this.#aside, stopped: this.#stops.words(), retried: this.#retriedDone }
    const aside = this.#asideDirty ? told : undefined
    this.#asideDirty = false
    const checked = this.#checkedDirty ? this.#checking.state : undefined
    this.#checkedDirty = false
    const seenAt = this.#means.clock.now()
    // While nothing is to be sent, an edge that answers holds everything.
    if (connected) for (const held of Object.values(this.#held)) if (held.idle) held.at = seenAt
    try {
      return await noteEdge(this.#means.store, which, {
        ...{ connected, seenAt, cursors: this.#acked, lanes: this.#held },
        ...(this.#problem !== undefined && { problem: this.#problem }),
        ...(aside !== undefined && { aside }),
        ...(checked !== undefined && { checked }),
      })
    } catch (error) {
      // Not written: with the next note it is.
      this.#asideDirty ||= aside !== undefined
      this.#checkedDirty ||= checked !== undefined
      this.#dirty = true
      throw error
    }
  }

  #wakeUp(): void {
    this.#woken = true
    this.#wake()
  }
}
