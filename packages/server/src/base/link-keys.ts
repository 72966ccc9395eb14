/**
 * Keys of the two ends of a link, as texts: Ed25519 to sign with, X25519 to agree on a secret with and to seal to. Public
 * halves are the SPKI form, private ones PKCS 8, both in base64url. What is signed and when is `edge/handshake.ts`.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'

export type KeyPairText = { publicKey: string; privateKey: string }
type Kind = 'ed25519' | 'x25519'

export function newKeyPair(kind: Kind): KeyPairText {
  const pair = kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')
  const text = (bytes: Buffer): string => bytes.toString('base64url')
  return {
    publicKey: text(pair.publicKey.export({ format: 'der', type: 'spki' })),
    privateKey: text(pair.privateKey.export({ format: 'der', type: 'pkcs8' })),
  }
}

/** Whether the text is a public key of this kind. */
export function isPublicKey(kind: Kind, text: unknown): text is string {
  try {
    return typeof text === 'string' && text.length <= 100 && publicKeyOf(kind, text) !== undefined
  } catch {
    return false
  }
}

function publicKeyOf(kind: Kind, text: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'spki' })
  // One text for one key, so that it can be looked up by it.
  const same = key.export({ format: 'der', type: 'spki' }).toString('base64url') === text
  if (key.asymmetricKeyType !== kind || !same) throw new Error(`This is no ${kind} key.`)
  return key
}

const privateKeyOf = (text: string): KeyObject =>
  createPrivateKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'pkcs8' })

/** What is signed names what it is for, so that no signature can be used as another. */
const signedBytes = (purpose: string, parts: readonly unknown[]): Buffer =>
  Buffer.from(JSON.stringify([`gatehouse link 1: ${purpose}`, ...parts]))

export const signParts = (privateKey: string, purpose: string, parts: readonly unknown[]): string =>
  signBytes(null, signedBytes(purpose, parts), privateKeyOf(privateKey)).toString('base64url')

/** False also for what is no key or no signature. */
export function partsSigned(publicKey: string, purpose: string, parts: readonly unknown[], signature: string): boolean {
  try {
    const key = publicKeyOf('ed25519', publicKey)
    return verifyBytes(null, signedBytes(purpose, parts), key, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}

/** Short enough to stand in a token; long enough that nobody makes another key with it. */
export const fingerprintOf = (publicKey: string): string =>
  createHash('sha256').update(publicKey).digest('base64url').slice(0, 32)

/** A secret of 32 bytes that both ends come to, bound to `context`. Throws for what is no key. */
export function agreedSecret(privateKey: string, publicKey: string, context: string): Buffer {
  // Node refuses points of low order by itself: the result would be all zeros.
  const shared = diffieHellman({ privateKey: privateKeyOf(privateKey), publicKey: publicKeyOf('x25519', publicKey) })
  return Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), context, 32))
}

const boxContext = (from: string, to: string): string => `gatehouse sealed box 1 ${from} ${to}`

/** The text for the holder of that key alone, and for this place alone: opened anywhere else it does not open. */
export function sealTo(publicKey: string, place: readonly string[], text: string): string {
  const once = newKeyPair('x25519')
  const secret = agreedSecret(once.privateKey, publicKey, boxContext(once.publicKey, publicKey))
  // The key is good for this one text, so the nonce may be the same each time.
  const cipher = createCipheriv('aes-256-gcm', secret, Buffer.alloc(12), { authTagLength: 16 })
  cipher.setAAD(Buffer.from(JSON.stringify(place)))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${once.publicKey}.${sealed.toString('base64url')}`
}

/** Throws where anything was changed or moved, or is for another key. */
export function openSealed(keys: KeyPairText, place: readonly string[], sealed: string): string {
  const [once = '', text = ''] = sealed.split('.')
  const bytes = Buffer.from(text, 'base64url')
  const secret = agreedSecret(keys.privateKey, once, boxContext(once, keys.publicKey))
  const decipher = createDecipheriv('aes-256-gcm', secret, Buffer.alloc(12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(JSON.stringify(place))).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8')
}
