/**
 * One open link as both ends see it: whole messages over a WebSocket, sealed once the two have agreed on keys. A message is
 * JSON, packed by zstd where that pays and nothing in it is secret, sealed, and cut into pieces. Everything that comes in has a
 * limit: a piece, a message, and what it unpacks to. What the messages say is `messages.ts`.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { RawData, WebSocket } from 'ws'

export const linkLimits = {
  /** Of one piece, as the WebSocket takes it. */
  piece: 1024 * 1024,
  sentPiece: 512 * 1024,
  /** What a platform takes from an edge, which has little to say; what an edge takes, where a service may be a large bundle. */
  fromEdge: 16 * 1024,
  /** Once it is known, and has something to tell. */
  fromKnownEdge: 4 * 1024 * 1024,
  fromPlatform: 32 * 1024 * 1024,
  unpacked: 64 * 1024 * 1024,
  packFrom: 1024,
} as const

export type LinkEnd = { limit: number; sendKey: Buffer; receiveKey: Buffer }

/** The link ended, or something came that cannot be a message. */
export class LinkBroken extends Error {
  override readonly name = 'LinkBroken'
}

/** Sealed with a counter: nothing can be left out, sent twice, or moved. */
class Seal {
  #count = 0n
  readonly #key: Buffer

  constructor(key: Buffer) {
    this.#key = key
  }

  close(bytes: Buffer): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#nonce(), { authTagLength: 16 })
    return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  }

  open(bytes: Buffer): Buffer {
    if (bytes.length < 16) throw new LinkBroken('A message is too short to be one.')
    const decipher = createDecipheriv('aes-256-gcm', this.#key, this.#nonce(), { authTagLength: 16 })
    decipher.setAuthTag(bytes.subarray(-16))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
    } catch {
      throw new LinkBroken('A message does not open: something between the two changed it.')
    }
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(this.#count++, 4)
    return nonce
  }
}

const flags = { plain: 0, packed: 1 } as const
const marks = { last: 0, more: 1 } as const

export class Channel {
  readonly socket: WebSocket
  #limit: number
  #send: Seal | undefined
  #receive: Seal | undefined
  #pieces: Buffer[] = []
  #size = 0
  readonly #arrived: { message: unknown; bytes: number }[] = []
  #broken: LinkBroken | undefined
  #wake: () => void = () => {}
  /** By the clock that nobody sets, so that a dead link is noticed whatever is done to the other. */
  heardAt = performance.now()

  constructor(socket: WebSocket, limit: number) {
    this.socket = socket
    this.#limit = limit
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data: RawData, isBinary: boolean) => this.#take(data as Buffer, isBinary))
    socket.on('ping', () => this.#heard())
    socket.on('pong', () => this.#heard())
    socket.on('error', () => this.#break('The connection failed.'))
    socket.on('close', () => this.#break('The connection ended.'))
  }

  /** What may come from now on. */
  allow(limit: number): void {
    this.#limit = limit
  }

  sealWith({ sendKey, receiveKey }: { sendKey: Buffer; receiveKey: Buffer }): void {
    this.#send = new Seal(sendKey)
    this.#receive = new Seal(receiveKey)
  }

  /** `secret`: not packed, since the size of what is packed tells of what is in it. Answers how many bytes went out. */
  send(message: object, { secret = false }: { secret?: boolean } = {}): number {
    const text = Buffer.from(JSON.stringify(message))
    const pack = !secret && text.length > linkLimits.packFrom
    const body = Buffer.concat([Buffer.of(pack ? flags.packed : flags.plain), pack ? zstdCompressSync(text) : text])
    const sealed = this.#send === undefined ? body : this.#send.close(body)
    for (let start = 0; start < sealed.length; start += linkLimits.sentPiece) {
      const piece = sealed.subarray(start, start + linkLimits.sentPiece)
      const mark = start + piece.length < sealed.length ? marks.more : marks.last
      this.socket.send(Buffer.concat([Buffer.of(mark), piece]))
    }
    return sealed.length
  }

  /** The next message and its size. Throws LinkBroken when the link has ended. */
  async next(): Promise<{ message: unknown; bytes: number }> {
    for (;;) {
      const first = this.#arrived.shift()
      if (first !== undefined) {
        if (this.#arrived.length < mostWaiting) this.socket.resume()
        return first
      }
      if (this.#broken !== undefined) throw this.#broken
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  get open(): boolean {
    return this.#broken === undefined
  }

  /** `code` and reason as WebSocket has them (RFC 6455 §7.4). */
  close(code: number, reason: string): void {
    this.socket.close(code, reason.slice(0, 100))
    // Whoever does not read hears of no end.
    setTimeout(() => this.socket.terminate(), endMs).unref()
    this.#break(reason)
  }

  #heard(): void {
    this.heardAt = performance.now()
  }

  #take(data: Buffer, isBinary: boolean): void {
    this.#heard()
    if (this.#broken !== undefined) return
    try {
      if (!isBinary || data.length < 1 || data[0]! > marks.more)
        throw new LinkBroken('A piece is not one of a message.')
      this.#size += data.length
      if (this.#size > this.#limit) throw new LinkBroken('A message is larger than this end takes.')
      this.#pieces.push(data.subarray(1))
      if (data[0] === marks.more) return
      const bytes = this.#size
      const whole = Buffer.concat(this.#pieces)
      this.#pieces = []
      this.#size = 0
      this.#arrived.push({ message: this.#read(whole), bytes })
      // What is not looked at yet waits at the other end.
      if (this.#arrived.length >= mostWaiting) this.socket.pause()
      this.#wake()
    } catch (error) {
      this.close(1008, error instanceof LinkBroken ? error.message : 'A message cannot be read.')
    }
  }

  #read(bytes: Buffer): unknown {
    const body = this.#receive === undefined ? bytes : this.#receive.open(bytes)
    if (body[0] !== flags.plain && body[0] !== flags.packed) throw new LinkBroken('A message is of an unknown form.')
    const limit = Math.min(linkLimits.unpacked, this.#limit * 8)
    const text =
      body[0] === flags.packed ? zstdDecompressSync(body.subarray(1), { maxOutputLength: limit }) : body.subarray(1)
    return JSON.parse(text.toString('utf8'))
  }

  #break(why: string): void {
    this.#broken ??= new LinkBroken(why)
    this.#wake()
  }
}

const mostWaiting = 16
const endMs = 1_000
