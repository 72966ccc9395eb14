/**
 * The door for edges, on the platform: one path of the node's server takes WebSockets, and who comes in proves a key that
 * stands with an edge, or a token that makes it stand there. System and edge follow from that key; no message names them.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { second } from '../base/clock.ts'
import { hashToken } from '../base/secrets.ts'
import type { Means } from '../domain/access/scope.ts'
import { platformKey } from '../domain/edges/platform-key.ts'
import type { SendMessage } from '../domain/sending/send.ts'
import type { Change } from '../store/changes.ts'
import { edgesChangedSince, logHead } from '../store/down/read.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import {
  type EdgeRecord,
  enrolEdge,
  findEdgeByKey,
  findEdgeByToken,
  noteEdgeProblem,
  takeLinkNumber,
} from '../store/tables/edges.ts'
import { endSessions } from '../store/tables/sessions.ts'
import { CatchUps } from './catch-ups.ts'
import { Channel, LinkBroken, linkLimits } from './channel.ts'
import type { EdgeScopes } from './edge-scopes.ts'
import { answerHello, isProved } from './handshake.ts'
import { HandshakeGate } from './handshake-gate.ts'
import { linkPath, linkProtocol, type Proof, type Refusal, readHello, readProof } from './messages.ts'
import { PlatformLink } from './platform-link.ts'
import { absenceOf } from './review.ts'

/** Until the other end has said who it is. */
const handshakeMs = 10 * second
const answerMs = 3 * second
/** How often another node's changes are looked for; those of this node ring. */
const pollMs = second / 2

/** Whose row is new or another: of those the links alone. `others`: anything else changed, which may concern every link. */
type Concern = { edges: ReadonlySet<string> | 'any'; others: boolean }

function concernOf(changes: readonly Change[]): Concern {
  const own = changes.filter(({ kind, operation }) => kind === 'edge' && operation === 'put')
  return { edges: new Set(own.map(({ id }) => id)), others: own.length < changes.length || changes.length === 0 }
}

type Refuse = { why: Refusal; words: string; edge?: EdgeRecord }

export class PlatformLinks {
  readonly #means: Means
  readonly #version: string
  readonly #send: SendMessage
  readonly #scopes: EdgeScopes
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: linkLimits.piece })
  readonly #links = new Map<string, PlatformLink>()
  readonly #seen = new Map<string, number>()
  readonly #stop: () => void
  readonly #gate = new HandshakeGate()
  /** Handshakes that are under way. */
  readonly #welcomes = new Set<Promise<void>>()
  readonly #catchUps = new CatchUps()
  #closed = false

  /** `send` is for the codes that edges ask for. */
  constructor(means: Means, version: string, send: SendMessage, scopes: EdgeScopes) {
    this.#means = means
    this.#send = send
    this.#scopes = scopes
    this.#version = version
    const silent = means.store.onChange((systemKey, _, changes) => this.#ring(systemKey, concernOf(changes)))
    const polling = setInterval(() => void this.#poll(), pollMs)
    polling.unref()
    this.#stop = () => {
      silent()
      clearInterval(polling)
    }
  }

  /** Whether this request is for here: anything else is none of an edge's. */
  static takes(request: IncomingMessage): boolean {
    const isSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    return isSocket && request.url?.split('?')[0] === linkPath
  }

  /** `address` is where it comes from, past the proxies that are trusted. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, address: string): void {
    // A page in a browser is no edge, wherever it comes from.
    const isPage = request.headers.origin !== undefined
    if (this.#closed || isPage || !PlatformLinks.takes(request)) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
      return
    }
    const knock = this.#gate.knock(address)
    if ('refused' in knock) {
      const status = knock.refused === 'address' ? '429 Too Many Requests' : '503 Service Unavailable'
      socket.end(`HTTP/1.1 ${status}\r\nRetry-After: ${knock.retryAfter}\r\nConnection: close\r\n\r\n`)
      return
    }
    // Also of one that is gone before it was a WebSocket.
    socket.once('close', knock.done)
    this.#server.handleUpgrade(request, socket, head, (open) => {
      const welcome = this.#welcome(open).finally(() => {
        knock.done()
        this.#welcomes.delete(welcome)
      })
      this.#welcomes.add(welcome)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stop()
    const end = (): Promise<unknown> => {
      const links = [...this.#links.values()]
      for (const link of links) link.close(1012, 'The platform restarts.')
      for (const client of this.#server.clients) client.terminate()
      return Promise.all(links.map((link) => link.ended))
    }
    await end()
    // A handshake that had its number by then has become a link, of which it is noted that it ended.
    await Promise.all(this.#welcomes)
    await end()
  }

  async #welcome(socket: WebSocket): Promise<void> {
    const channel = new Channel(socket, linkLimits.fromEdge)
    const timer = setTimeout(() => socket.terminate(), handshakeMs)
    try {
      await this.#handshake(channel)
    } catch (error) {
      if (!(error instanceof LinkBroken)) this.#means.log.warn({ err: error }, 'An edge could not be linked')
      socket.close(1011)
    } finally {
      clearTimeout(timer)
    }
  }

  async #handshake(channel: Channel): Promise<void> {
    const hello = readHello((await channel.next()).message)
    if (hello === undefined) return this.#refuse(channel, { why: 'message', words: 'This is no link of an edge.' })
    if (hello.protocol !== linkProtocol) {
      const words = `The edge speaks version ${hello.protocol} of the link (Gatehouse ${hello.version}), the platform version ${linkProtocol} (Gatehouse ${this.#version}).`
      return this.#refuse(channel, { why: 'protocol', words })
    }
    const agreed = answerHello(channel, hello, await platformKey(this.#means), this.#version)
    const proof = readProof((await channel.next()).message)
    if (proof === undefined || !isProved(agreed, proof)) {
      return this.#refuse(channel, { why: 'proof', words: 'The edge did not prove that it holds its key.' })
    }
    const known = await this.#known(proof)
    if ('why' in known) return this.#refuse(channel, known)
    const { edge } = known
    if (!this.#gate.mayLink(proof.key)) {
      return this.#refuse(channel, { why: 'busy', words: 'The edge links too often. It tries again later.', edge })
    }
    const { store, clock } = this.#means
    const which = { publicKey: proof.key, number: proof.number }
    const clockOff = proof.clock === undefined ? null : proof.clock - clock.now()
    const facts = { version: hello.version, clockOff }
    const absence = await absenceOf(store, proof, clock.now())
    if (this.#closed || !(await takeLinkNumber(store, which, clock.now(), facts))) {
      const words = 'This link was opened before: the key of the edge is in two places, or the edge was restored.'
      // A node that ends refuses too, and says nothing of the edge by it.
      if (!this.#closed) await this.#endSessions(edge)
      return this.#refuse(channel, { why: 'two places', words, edge })
    }
    const data = store.forSystem(edge.systemKey)
    const taken = {
      facts: (await upCursor(data, edge.name, 'facts')) ?? null,
      rows: (await upCursor(data, edge.name, 'rows')) ?? null,
    }
    channel.allow(linkLimits.fromKnownEdge)
    channel.send({ type: 'welcome', system: edge.systemKey, edge: edge.name, now: clock.now(), taken })
    const full = { ...edge, publicKey: proof.key, sealKey: proof.sealKey }
    const gateway = proof.gateway === true
    const about = { edge: full, number: proof.number, cursors: proof.cursors, absence, gateway }
    const link = new PlatformLink(this.#means, channel, this.#catchUps, this.#send, about, this.#scopes)
    this.#links.set(proof.key, link)
    link.start()
    void link.ended.then(() => {
      if (this.#links.get(proof.key) === link) this.#links.delete(proof.key)
    })
  }

  /** Whose key it is; a token that was not used yet makes it somebody's. */
  async #known(proof: Proof): Promise<{ edge: EdgeRecord } | Refuse> {
    const { store, clock } = this.#means
    let edge = await findEdgeByKey(store, proof.key)
    if (edge === undefined && proof.token !== null) {
      const keys = { publicKey: proof.key, sealKey: proof.sealKey }
      edge = await enrolEdge(store, hashToken(proof.token), keys, clock.now())
      if (edge === undefined) {
        const spent = await findEdgeByToken(store, hashToken(proof.token))
        const words = 'The token is not known, or was used already: a token enrols one edge once.'
        return { why: 'token', words, ...(spent !== undefined && { edge: spent }) }
      }
    }
    if (edge === undefined) {
      return { why: 'key', words: 'This platform knows no edge with this key: it was removed, or never enrolled here.' }
    }
    if (edge.sealKey !== proof.sealKey)
      return { why: 'key', words: 'The edge came with another key than it enrolled with.' }
    const other = this.#links.get(proof.key)
    if (other !== undefined) {
      if (await other.answers(answerMs)) {
        await this.#endSessions(edge)
        return { why: 'two places', words: 'This edge is linked already: its key is in two places at once.', edge }
      }
      other.terminate()
      await other.ended
    }
    return { edge }
  }

  /** Nobody knows which of the two made them. */
  async #endSessions({ systemKey, name }: EdgeRecord): Promise<void> {
    const which = { systemKey, kind: 'user' as const, place: name }
    const why = 'the key of the edge is in two places'
    await this.#means.store.transaction((tx) => endSessions(tx, which, this.#means.clock.now(), why))
  }

  /** Said on both sides. */
  async #refuse(channel: Channel, { why, words, edge }: Refuse): Promise<void> {
    this.#means.log.warn({ why, edge: edge?.name }, 'A link of an edge was refused')
    // Noted before it is said: whoever hears of it at the edge finds it on the platform.
    if (edge?.publicKey) await noteEdgeProblem(this.#means.store, edge.publicKey, words, this.#means.clock.now())
    channel.send({ type: 'refused', why, words })
    channel.close(4403, why)
  }

  #ring(systemKey: string, { edges, others }: Concern): void {
    for (const link of this.#links.values()) {
      if (link.edge.systemKey !== systemKey) continue
      const itself = edges === 'any' || edges.has(link.edge.name)
      if (itself || others) link.ring({ itself })
    }
  }

  async #poll(): Promise<void> {
    const systems = new Set([...this.#links.values()].map(({ edge }) => edge.systemKey))
    for (const key of systems) {
      try {
        const data = this.#means.store.forSystem(key)
        const head = await logHead(data)
        const seen = this.#seen.get(key)
        if (head?.position === seen) continue
        const isKnown = head !== undefined && seen !== undefined && seen < head.position && seen >= head.floor
        const { edges, others } = isKnown ? await edgesChangedSince(data, seen) : { edges: undefined, others: true }
        if (head !== undefined) this.#seen.set(key, head.position)
        this.#ring(key, { edges: edges === undefined ? 'any' : new Set(edges), others })
      } catch {
        // The next round asks again; the links themselves find out whether the database is there.
      }
    }
  }
}
