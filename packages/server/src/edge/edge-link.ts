/**
 * The link as the edge has it: opens it, proves who it is, writes what comes down, and opens it again when it is cut. Nothing
 * comes in but over the link that the edge itself dialled.
 */
import type { WebSocket } from 'ws'
import { second } from '../base/clock.ts'
import type { Means } from '../domain/access/scope.ts'
import { isPassing, LaneStopped, listAsides, noteStopped, reasonOf, stoppedLanes } from '../store/down/aside.ts'
import type { Cursors, Lane } from '../store/down/groups.ts'
import { forgetNumbers } from '../store/down/phones.ts'
import {
  dropCursor,
  findPlatformLink,
  nextLinkNumber,
  type PlatformLink,
  pinPlatform,
} from '../store/tables/platform-links.ts'
import { Pending } from '../store/up/local.ts'
import { type Channel, LinkBroken } from './channel.ts'
import { checkHere } from './checked-here.ts'
import type { CodeAsking } from './code-asking.ts'
import { dial } from './dialling.ts'
import type { EdgeClock } from './edge-clock.ts'
import { type EdgeKeys, type EdgePlace, fingerprintIn, openPlace } from './edge-place.ts'
import { greetPlatform, LinkRefused, signProof } from './handshake.ts'
import { type Check, type Frame, type Refused, readFromPlatform, sameCursor, type Welcome } from './messages.ts'
import { Teller } from './teller.ts'
import { type Written, writeFrame } from './writing.ts'

/** What the edge knows of its link. `at` in milliseconds. */
export type LinkState = { state: 'away' | 'connected' | 'refused'; since: number; problem: string }

/** Full jitter (a random time below the bound), so that a platform that comes back is not met by all at once. */
const waits = {
  first: 500,
  longest: 30 * second,
  refused: 60 * second,
  crowd: 10 * second,
  steadyFor: 60 * second,
  /** For what came and cannot be written at this moment. */
  again: { first: 250, longest: 30 * second },
} as const
const silence = 60 * second

export class EdgeLink {
  readonly #means: Means
  readonly #place: EdgePlace
  readonly #version: string
  readonly #clock: EdgeClock
  #keys: EdgeKeys | undefined
  #channel: Channel | undefined
  /** Not open yet. */
  #dialled: WebSocket | undefined
  readonly #pending = new Pending()
  #closed = false
  #askedForTime = Number.NEGATIVE_INFINITY
  #state: LinkState = { state: 'away', since: 0, problem: '' }
  #running: Promise<void> = Promise.resolve()
  #wakeUp: () => void = () => {}
  /** The platform's time less what this clock itself said when it linked last, and when something of a lane was written last. */
  #measured: { platformAhead: number; at: number } | undefined
  readonly #written: Partial<Record<Lane, number>> = {}
  /** How often each lane stopped on this link: what was sent before the platform heard of it is not taken. */
  #stops: Partial<Record<Lane, number>> = {}
  /** Lanes that stopped with something sent once more, so that nothing new is missing: the next thing that is written ends it. */
  readonly #stoppedAgain = new Set<Lane>()
  /** Why the last thing of a lane could not be written: also after a restart, until it is. */
  #held: Partial<Record<Lane, string>> = {}
  /** Where the platform stands in what this edge tells; not known before the first link. */
  #taken: Welcome['taken'] | undefined
  readonly #enrolled = Promise.withResolvers<void>()
  /** Undefined where the edge sends its codes by itself. */
  readonly #codes: CodeAsking | undefined

  constructor(means: Means, place: EdgePlace, version: string, clock: EdgeClock, codes: CodeAsking | undefined) {
    this.#codes = codes
    this.#means = means
    this.#clock = clock
    this.#place = place
    this.#version = version
    // Whoever starts an edge that is enrolled waits for nothing.
    this.#enrolled.promise.catch(() => {})
  }

  get place(): Omit<EdgePlace, 'token'> {
    const { token: _, ...place } = this.#place
    return place
  }

  get standing(): Pick<EdgeClock, 'doubt' | 'identityAt'> {
    return this.#clock
  }

  get measured(): { platformAhead: number; at: number } | undefined {
    return this.#measured
  }

  get taken(): Welcome['taken'] | undefined {
    return this.#taken
  }

  /** Milliseconds by lane, since this node started. */
  get written(): Partial<Record<Lane, number>> {
    return { ...this.#written }
  }

  get stopped(): Partial<Record<Lane, string>> {
    return { ...this.#held }
  }

  get state(): LinkState {
    return this.#state
  }

  /** Throws a plain sentence where this folder is that of another edge, or there is no token for a new one. */
  async prepare(): Promise<{ enrolled: boolean }> {
    const { store } = this.#means
    const { system } = this.#place
    const { keys, enrolled } = await openPlace(this.#means, this.#place)
    // Numbers are of no use to an edge that sends nothing by itself. Once it has a gateway again they are to come anew.
    if (this.#codes !== undefined) {
      await store.forSystem(system).transaction(async (tx) => {
        if (await forgetNumbers(tx)) await dropCursor(tx, 'identity')
      })
    }
    this.#held = await stoppedLanes(store.forSystem(system))
    this.#keys = keys
    return { enrolled }
  }

  /** Links, and goes on doing so. Ends with the first link of an edge that is new, or with what refused it. */
  start(): void {
    this.#running = this.#run()
  }

  enrolled(): Promise<void> {
    return this.#enrolled.promise
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#channel?.close(1000, 'The edge ends.')
    this.#channel?.socket.terminate()
    this.#dialled?.terminate()
    this.#wakeUp()
    await this.#running
  }

  /** Cuts the link as a failing network would; it is opened again. */
  cut(): void {
    this.#channel?.socket.terminate()
  }

  /** Tries now, where it waits for its next try. */
  hurry(): void {
    this.#wakeUp()
  }

  async #run(): Promise<void> {
    for (let tries = 0; !this.#closed; ) {
      const began = Date.now()
      let refused: LinkRefused | undefined
      try {
        await this.#once()
      } catch (error) {
        if (error instanceof LinkRefused) refused = error
        if (this.#state.state === 'connected')
          this.#means.log.info('The link to the platform is cut; it is opened again')
        this.#note(refused === undefined ? 'away' : 'refused', (error as Error).message)
        this.#enrolled.reject(error)
        if (!(error instanceof LinkBroken)) {
          this.#means.log.warn(
            { err: refused === undefined ? error : undefined },
            `No link: ${(error as Error).message}`,
          )
        }
      }
      // One that comes with a key that is used elsewhere as well must not go on trying.
      if (refused?.why === 'two places' || this.#closed) return
      tries = Date.now() - began > waits.steadyFor ? 0 : tries + 1
      const bound = Math.min(
        refused === undefined ? waits.longest : waits.refused,
        waits.first * 2 ** Math.min(tries, 10),
      )
      const jitter = refused === undefined ? Math.random() * bound : bound / 2 + (Math.random() * bound) / 2
      await this.#sleep(
        refused?.after === undefined ? jitter : refused.after + Math.random() * Math.min(bound, waits.crowd),
      )
    }
  }

  async #once(): Promise<void> {
    const { store } = this.#means
    const link = (await findPlatformLink(store))!
    if (this.#closed) throw new LinkBroken('The edge ends.')
    const channel = await this.#dial()
    this.#channel = channel
    const watching = setInterval(() => {
      if (performance.now() - channel.heardAt > silence || this.#needsTime()) channel.socket.terminate()
    }, 5 * second)
    watching.unref()
    try {
      if (this.#closed) throw new LinkBroken('The edge ends.')
      const { cursors, taken } = await this.#shake(channel, link)
      this.#stops = {}
      await this.#tellAside(channel, true)
      await this.#both(channel, cursors, taken)
    } finally {
      clearInterval(watching)
      channel.socket.terminate()
    }
  }

  /** With the next link comes the time of the platform. Not again and again, where the clock is set again and again. */
  #needsTime(): boolean {
    if (this.#clock.doubt() === '' || performance.now() - this.#askedForTime < silence) return false
    this.#askedForTime = performance.now()
    return true
  }

  /** Takes what comes down and tells what goes up, until one of the two ends. */
  async #both(channel: Channel, cursors: Cursors, taken: Welcome['taken']): Promise<void> {
    const store = this.#means.store.forSystem(this.#place.system)
    const teller = new Teller(store, this.#means.clock, channel, taken)
    const silent = this.#means.store.onChange(() => teller.ring())
    const unlinked = this.#codes?.linked((message) => channel.send(message, { secret: true }))
    let failure: unknown
    const telling = teller.run().catch((error) => {
      failure = error
      channel.close(1011, 'The edge failed.')
    })
    try {
      // What is under way is written; what has arrived behind it comes again.
      while (!this.#closed) await this.#take(channel, cursors, teller)
      throw new LinkBroken('The edge ends.')
    } catch (error) {
      throw failure ?? error
    } finally {
      unlinked?.()
      silent()
      teller.stop()
      await telling
    }
  }

  async #dial(): Promise<Channel> {
    const { channel, opened } = dial(this.#place.platform)
    this.#dialled = channel.socket
    try {
      await opened
    } finally {
      this.#dialled = undefined
    }
    return channel
  }

  async #shake(channel: Channel, link: PlatformLink): Promise<{ cursors: Cursors; taken: Welcome['taken'] }> {
    const keys = this.#keys!
    const { system, name, token } = this.#place
    const known = link.enrolled ? { key: link.platformKey } : { fingerprint: fingerprintIn(token)! }
    const agreed = await greetPlatform(channel, known, this.#version)
    const number = await nextLinkNumber(this.#means.store)
    const said = {
      key: keys.sign.publicKey,
      sealKey: keys.seal.publicKey,
      number,
      token: link.enrolled ? null : token!,
    }
    const signature = signProof(agreed, keys.sign.privateKey, said)
    const more = { cursors: link.cursors, clock: this.#clock.wall(), gateway: this.#codes === undefined }
    channel.send({ type: 'proof', ...said, signature, ...more }, { secret: true })
    const answer = readFromPlatform((await channel.next()).message)
    if (answer?.type === 'refused') return this.#refused(answer, link.enrolled)
    if (answer?.type !== 'welcome') throw new LinkBroken('The platform did not answer as one.')
    if (answer.system !== system || answer.edge !== name) {
      throw new LinkRefused(
        'key',
        `The token is that of edge ${answer.edge} of system ${answer.system}, and not of ${name} of ${system}.`,
      )
    }
    if (!link.enrolled) await pinPlatform(this.#means.store, agreed.platformKey)
    this.#measured = { platformAhead: answer.now - this.#clock.wall(), at: this.#means.clock.now() }
    await this.#clock.hear({ now: answer.now, identity: false })
    this.#taken = { ...answer.taken }
    this.#note('connected', '')
    this.#means.log.info({ platform: this.#place.platform }, 'Linked to the platform')
    this.#enrolled.resolve()
    return { cursors: { ...more.cursors }, taken: answer.taken }
  }

  /** Said by the platform itself, which has proved its key by then. */
  async #refused({ why, words }: Refused, enrolled: boolean): Promise<never> {
    if (enrolled && why === 'key') await this.#clock.forget()
    throw new LinkRefused(why, words)
  }

  async #take(channel: Channel, cursors: Cursors, teller: Teller): Promise<void> {
    const frame = readFromPlatform((await channel.next()).message)
    if (frame?.type === 'refused') return this.#refused(frame, true)
    // Of what stopped nobody knows how old it is: what keeps users, and the code that lets them in.
    if (frame?.type === 'word') {
      const isWhole = this.#held.identity === undefined && this.#held.configuration === undefined
      return this.#clock.hear({ now: frame.now, identity: frame.identity && isWhole })
    }
    if (frame?.type === 'taken') {
      this.#taken = { ...this.#taken!, [frame.lane]: frame.cursor }
      return teller.taken(frame)
    }
    if (frame?.type === 'code') return this.#codes?.answered(frame)
    if (frame?.type === 'check') return this.#check(channel, frame, cursors)
    if (frame?.type !== 'frame') throw new LinkBroken('The platform sent something that is no frame.')
    const { lane } = frame
    // What was on its way when the lane stopped.
    if ((frame.stops ?? 0) < (this.#stops[lane] ?? 0)) return
    if (!sameCursor(frame.from, cursors[lane] ?? null)) throw new LinkBroken('A frame is missing between two.')
    // What is sent once more, and goes no further, says nothing of what could not be written behind it.
    const isOver = !sameCursor(frame.from, frame.to) || this.#stoppedAgain.has(lane)
    const written = await this.#write(channel, frame, isOver)
    if (written === undefined) return
    if (isOver) {
      delete this.#held[lane]
      this.#stoppedAgain.delete(lane)
    }
    cursors[lane] = frame.to
    this.#written[lane] = this.#means.clock.now()
    channel.send({ type: 'ack', lane, cursor: frame.to })
    if (written.aside) await this.#tellAside(channel)
    if (written.rowsAnew) this.#beginAnew(channel, cursors, 'data')
  }

  /** Undefined where the lane stops with it. What may pass by itself is tried again as long as the link stands. */
  async #write(channel: Channel, frame: Frame, isOver: boolean): Promise<Written | undefined> {
    const place = { ...this.#place, seal: this.#keys!.seal, version: this.#version }
    for (let wait: number = waits.again.first; ; wait = Math.min(wait * 2, waits.again.longest)) {
      try {
        const written = await writeFrame(this.#means, place, this.#pending, frame, isOver)
        if (wait > waits.again.first) this.#note('connected', '')
        return written
      } catch (error) {
        if (this.#closed || !channel.open) throw error
        const passes = isPassing(error)
        const words = (error instanceof LaneStopped ? error.message : reasonOf(error)).slice(0, 400)
        if (passes) this.#note('connected', `What comes cannot be written at this moment, and is tried again: ${words}`)
        else await this.#stop(frame, words)
        this.#means.log.warn(
          { lane: frame.lane, err: error },
          passes ? 'What came cannot be written yet' : 'A lane stopped: what came cannot be written',
        )
        channel.send({ type: 'trouble', lane: frame.lane, words, stopped: !passes })
        if (!passes) return undefined
        await this.#sleep(wait / 2 + (Math.random() * wait) / 2)
      }
    }
  }

  /** What is not as the platform has it comes anew with the next link. A lane that stopped is known not to be. */
  async #check(channel: Channel, check: Check, cursors: Cursors): Promise<void> {
    const { lane, part, after } = check
    if (cursors[lane]?.at !== null || this.#held[lane] !== undefined) {
      channel.send({ type: 'checked', lane, part, after, result: 'same', except: [] })
      return
    }
    const { checked, anew } = await checkHere(this.#means, this.#place.system, check, this.#taken?.rows ?? null)
    channel.send(checked)
    if (anew.length === 0) return
    this.#means.log.warn({ lane, part }, 'What is held here was not as the platform has it, and comes anew')
    this.#beginAnew(channel, cursors, ...anew)
  }

  /** With the next link. What has arrived already is refused, since it would write a cursor for what is missing. */
  #beginAnew(channel: Channel, cursors: Cursors, ...anew: Lane[]): void {
    for (const lane of anew) delete cursors[lane]
    channel.close(1000, 'A lane is to come anew.')
  }

  async #stop({ lane, from, to }: Frame, words: string): Promise<void> {
    this.#stops[lane] = (this.#stops[lane] ?? 0) + 1
    if (!sameCursor(from, to)) this.#stoppedAgain.delete(lane)
    else if (this.#held[lane] === undefined) this.#stoppedAgain.add(lane)
    this.#held[lane] = words
    await noteStopped(this.#means.store.forSystem(this.#place.system), lane, words, this.#means.clock.now())
  }

  async #tellAside(channel: Channel, again = false): Promise<void> {
    const asides = await listAsides(this.#means.store.forSystem(this.#place.system))
    const items = asides.map(({ kind, id, reason, at }) => ({ kind, id, reason, at }))
    channel.send({ type: 'aside', items, again: again && asides.some(({ version }) => version !== this.#version) })
  }

  #note(state: LinkState['state'], problem: string): void {
    this.#state = { state, since: this.#means.clock.now(), problem }
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wakeUp = resolve
    await promise
    clearTimeout(timer)
  }
}
