/** The node key on its way in a backup: sealed under a passphrase that stands nowhere. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { argon2idOfNode } from './argon2.ts'

/** Guessed at leisure by whoever has the file, so it costs more than a password that a node checks (RFC 9106 §4, second). */
const cost = { memory: 65_536, passes: 3, parallelism: 4, tagLength: 32 } as const
const version = 'k1'
const tagBytes = 16

/** Bound to `fingerprint`, by which the database knows its key. */
export async function sealKey(master: Buffer, passphrase: string, fingerprint: string): Promise<string> {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)]
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, salt), nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(`${version} ${fingerprint}`))
  const sealed = Buffer.concat([nonce, cipher.update(master), cipher.final(), cipher.getAuthTag()])
  return [version, salt.toString('base64url'), sealed.toString('base64url')].join('.')
}

/** Undefined for another passphrase, or a text that was changed. */
export async function openKey(sealed: string, passphrase: string, fingerprint: string): Promise<Buffer | undefined> {
  const [given, salt, text, ...rest] = sealed.split('.')
  const bytes = Buffer.from(text ?? '', 'base64url')
  if (given !== version || rest.length > 0 || bytes.length !== 12 + 32 + tagBytes) return undefined
  const key = await keyOf(passphrase, Buffer.from(salt ?? '', 'base64url'))
  const end = bytes.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(`${version} ${fingerprint}`)).setAuthTag(bytes.subarray(end))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, end)), decipher.final()])
  } catch {
    return undefined
  }
}

/** By Node's own: it is done once for a backup, and what sealed the key must be there wherever it is opened. */
const keyOf = (passphrase: string, salt: Buffer): Promise<Buffer> =>
  argon2idOfNode(passphrase.normalize('NFC'), salt, cost)
