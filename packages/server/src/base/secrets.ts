/** Hashing of what must not be stored: passwords slowly, tokens quickly (they are random), and comparing without a clock. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Argon2Cost, argon2id } from './argon2.ts'

/** OWASP's figure for argon2id: 19 MiB, 2 passes, one lane. */
export const passwordCost: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }

/** PHC string format, so that another tool (or another cost, later) can read it. */
export async function hashPassword(password: string, cost: Argon2Cost = passwordCost): Promise<string> {
  const salt = randomBytes(16)
  const tag = await argon2id(password, salt, cost)
  const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${b64(salt)}$${b64(tag)}`
}

/** False for a wrong password and for a text that is no hash; takes the same time for every hash of our cost. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored)
  if (match === null) return false
  const [, memory, passes, parallelism, salt, tag] = match
  const expected = Buffer.from(tag!, 'base64')
  const actual = await argon2id(password, Buffer.from(salt!, 'base64'), {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: expected.length,
  })
  return timingSafeEqual(actual, expected)
}

/** Tokens hold 256 random bits, so a plain SHA-256 cannot be guessed back. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('base64url')

/** Compares two texts in a time that tells nothing about where they differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
