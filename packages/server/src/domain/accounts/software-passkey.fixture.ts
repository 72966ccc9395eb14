/**
 * A passkey in software for tests: makes a key pair and answers as a browser with an authenticator does (Web Authentication
 * Level 3, §6.1 and §6.5; keys as COSE, RFC 9053). Every part of an answer can be made wrong.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

// biome-ignore lint/suspicious/noExplicitAny: what goes over the wire, also wrong
type Json = any

const flag = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 }

/** What an honest browser and authenticator would not do. */
export type Wrongly = {
  origin?: string
  rpId?: string
  challenge?: string
  type?: string
  crossOrigin?: boolean
  /** Without a PIN or a finger. */
  unverified?: boolean
  absent?: boolean
  signCount?: number
  backedUp?: boolean
  userHandle?: string
  id?: string
  key?: KeyObject
  /** Of a registration: what says of which make it is; `self` by its own key, `certificate` by one of a maker, both right. */
  attestation?: 'self' | 'certificate' | { fmt: string; attStmt: [string, Cbor][] }
}

type Cbor = number | string | Buffer | { list: Buffer[] } | [string | number, Cbor][]

/** Deterministic CBOR (RFC 8949 §4.2) of what an authenticator writes; a list of pairs is a map. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if ('list' in value) return Buffer.concat([head(4, value.list.length), ...value.list.map(cbor)])
  const parts = value.flatMap(([name, part]) => [cbor(name), cbor(part)])
  return Buffer.concat([head(5, value.length), ...parts])
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}

const sha256 = (bytes: string | Buffer): Buffer => createHash('sha256').update(bytes).digest()

export class SoftwarePasskey {
  readonly id = randomBytes(32).toString('base64url')
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  /** 0 for one that has no counter. */
  signCount: number
  #userHandle = ''

  constructor({ signCount = 0 }: { signCount?: number } = {}) {
    this.signCount = signCount
  }

  /** `navigator.credentials.create` on a page of `origin`, and `toJSON()`. */
  create(options: Json, origin: string, wrongly: Wrongly = {}): Json {
    this.#userHandle = options.user.id
    const id = Buffer.from(wrongly.id ?? this.id, 'base64url')
    const size = Buffer.alloc(2)
    size.writeUInt16BE(id.length)
    const attested = Buffer.concat([Buffer.alloc(16), size, id, this.#cosePublicKey()])
    const authData = this.#authenticatorData(wrongly.rpId ?? options.rp.id, attested, wrongly)
    const data = clientData('webauthn.create', options, origin, wrongly)
    const { fmt, attStmt } = this.#statement(wrongly.attestation, authData, data, id)
    const attestation = cbor([
      ['fmt', fmt],
      ['attStmt', attStmt],
      ['authData', authData],
    ])
    return this.#answer(wrongly, {
      clientDataJSON: data.toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal', 'hybrid'],
    })
  }

  /** `navigator.credentials.get` on a page of `origin`, and `toJSON()`. */
  get(options: Json, origin: string, wrongly: Wrongly = {}): Json {
    if (this.signCount > 0 && wrongly.signCount === undefined) this.signCount += 1
    const data = clientData('webauthn.get', options, origin, wrongly)
    const authData = this.#authenticatorData(wrongly.rpId ?? options.rpId, Buffer.alloc(0), wrongly)
    const signed = Buffer.concat([authData, sha256(data)])
    return this.#answer(wrongly, {
      clientDataJSON: data.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, wrongly.key ?? this.#keys.privateKey).toString('base64url'),
      userHandle: wrongly.userHandle ?? this.#userHandle,
    })
  }

  #statement(
    wanted: Wrongly['attestation'],
    authData: Buffer,
    data: Buffer,
    id: Buffer,
  ): { fmt: string; attStmt: [string, Cbor][] } {
    if (wanted === 'self') {
      const sig = sign('sha256', Buffer.concat([authData, sha256(data)]), this.#keys.privateKey)
      return {
        fmt: 'packed',
        attStmt: [
          ['alg', -7],
          ['sig', sig],
        ],
      }
    }
    if (wanted === 'certificate') {
      const maker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const { x, y } = this.#keys.publicKey.export({ format: 'jwk' })
      const point = [Buffer.from([4]), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]
      const signed = Buffer.concat([Buffer.alloc(1), authData.subarray(0, 32), sha256(data), id, ...point])
      const sig = sign('sha256', signed, maker.privateKey)
      return {
        fmt: 'fido-u2f',
        attStmt: [
          ['sig', sig],
          ['x5c', { list: [certificateOf(maker)] }],
        ],
      }
    }
    return wanted ?? { fmt: 'none', attStmt: [] }
  }

  #answer({ id = this.id }: Wrongly, response: Json): Json {
    return {
      id,
      rawId: id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response,
    }
  }

  #authenticatorData(rpId: string, attested: Buffer, wrongly: Wrongly): Buffer {
    const flags =
      (wrongly.absent ? 0 : flag.present) |
      (wrongly.unverified ? 0 : flag.verified) |
      (wrongly.backedUp ? flag.eligible | flag.backedUp : 0) |
      (attested.length > 0 ? flag.attested : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(wrongly.signCount ?? this.signCount)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter, attested])
  }

  /** An EC2 key for ES256 on P-256. */
  #cosePublicKey(): Buffer {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' })
    return cbor([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x!, 'base64url')],
      [-3, Buffer.from(y!, 'base64url')],
    ])
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** Self-signed, by ECDSA with SHA-256 (RFC 5280 §4.1). */
function certificateOf({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Buffer {
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('A maker')))))
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')))
  const version = der(0xa0, Buffer.from([2, 1, 2]))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(0x30, version, Buffer.from([2, 1, 1]), algorithm, name, validity, name, key)
  return der(0x30, body, algorithm, der(0x03, Buffer.alloc(1), sign('sha256', body, privateKey)))
}

const clientData = (type: string, options: Json, origin: string, wrongly: Wrongly): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: wrongly.type ?? type,
      challenge: wrongly.challenge ?? options.challenge,
      origin: wrongly.origin ?? origin,
      crossOrigin: wrongly.crossOrigin ?? false,
    }),
  )
