/**
 * The node key: 256 random bits in a file that only its owner can read, never in the database. Separate keys are derived
 * from it for each purpose, so that one use can never be replayed as another. The database holds a fingerprint, by which a
 * node with another key notices before it does harm.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { keepOnce } from './kept-once.ts'

export type KeyPurpose =
  | 'codes'
  | 'secrets'
  | 'seeds'
  | 'names'
  | 'numbers'
  | 'authenticators'
  | 'gateway'
  | 'portals'
  | 'audit'
  | 'links'
  | 'fingerprint'

/** Where a sealed value stands, as `['secret', system, name]`. It opens there and nowhere else. */
export type SealedPlace = readonly string[]

export type NodeKey = {
  /** Stands in the database; says which key it belongs to without telling anything about it. */
  readonly fingerprint: string
  /** HMAC-SHA-256 of `text` under the key of that purpose, base64url. */
  keyedHash(purpose: KeyPurpose, text: string): string
  /** The text encrypted for this place (AES-256-GCM under the key of that purpose), as text. Never the same twice. */
  seal(purpose: KeyPurpose, place: SealedPlace, text: string): string
  /** What was sealed. Throws where anything was changed, moved to another place, or sealed under another key. */
  unseal(purpose: KeyPurpose, place: SealedPlace, sealed: string): string
  /** The same for bytes. */
  sealBytes(purpose: KeyPurpose, place: SealedPlace, bytes: Buffer): Buffer
  unsealBytes(purpose: KeyPurpose, place: SealedPlace, sealed: Buffer): Buffer
}

/** Reads the key file, or makes one where there is none. Throws a plain sentence where that cannot be done. */
export function loadNodeKey(file: string): NodeKey {
  if (!existsSync(file)) keepOnce(file, newKeyText())
  return nodeKey(readKeyFile(file))
}

/** A new key as it stands in its file. */
export const newKeyText = (): string => `${randomBytes(32).toString('hex')}\n`

/** What the file holds, which must be there. Throws a plain sentence. */
export function readKeyFile(file: string): Buffer {
  const text = readFileSync(file, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new Error(`The key file ${file} does not hold a node key (64 hex digits). Restore it from your backup.`)
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new Error(`The key file ${file} can be read by others than its owner. Run: chmod 600 ${file}`)
  }
  return Buffer.from(text, 'hex')
}

export function nodeKey(master: Buffer): NodeKey {
  const derived = new Map<KeyPurpose, Buffer>()
  const keyFor = (purpose: KeyPurpose): Buffer => {
    let key = derived.get(purpose)
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `gatehouse ${purpose}`, 32))
      derived.set(purpose, key)
    }
    return key
  }
  const keyedHash = (purpose: KeyPurpose, text: string): string =>
    createHmac('sha256', keyFor(purpose)).update(text).digest('base64url')
  return {
    fingerprint: keyedHash('fingerprint', 'node key'),
    keyedHash,
    seal: (purpose, place, text) => seal(keyFor(purpose), place, text),
    unseal: (purpose, place, sealed) => unseal(keyFor(purpose), place, sealed),
    sealBytes: (purpose, place, bytes) => sealBytes(keyFor(purpose), place, bytes),
    unsealBytes: (purpose, place, sealed) => unsealBytes(keyFor(purpose), place, sealed),
  }
}

const sealVersion = 'v1'
/** The size that GCM is made for (NIST SP 800-38D §8.2); random, so one key is good for 2^32 values. */
const nonceBytes = 12
const tagBytes = 16
/** By how many bytes what is sealed is longer. */
export const sealOverhead = nonceBytes + tagBytes

/** Parts of a place cannot run into each other: `['a', 'bc']` is not `['ab', 'c']`. */
const boundTo = (place: SealedPlace): Buffer => Buffer.from(JSON.stringify([sealVersion, ...place]))

function sealBytes(key: Buffer, place: SealedPlace, bytes: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(boundTo(place))
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
}

function unsealBytes(key: Buffer, place: SealedPlace, bytes: Buffer): Buffer {
  if (bytes.length < sealOverhead) throw cannotOpen()
  const end = bytes.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(boundTo(place)).setAuthTag(bytes.subarray(end))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, end)), decipher.final()])
  } catch {
    throw cannotOpen()
  }
}

const seal = (key: Buffer, place: SealedPlace, text: string): string =>
  `${sealVersion}.${sealBytes(key, place, Buffer.from(text, 'utf8')).toString('base64url')}`

function unseal(key: Buffer, place: SealedPlace, sealed: string): string {
  const [version, text, ...rest] = sealed.split('.')
  if (version !== sealVersion || rest.length > 0) throw cannotOpen()
  return unsealBytes(key, place, Buffer.from(text ?? '', 'base64url')).toString('utf8')
}

const cannotOpen = (): Error =>
  new Error('A sealed value does not open: it was changed or moved, or belongs to another node key.')
