/**
 * Codes of authenticator apps: RFC 6238 over HMAC-SHA-1, six digits, a step of half a minute, as every app knows them.
 * Arithmetic alone; where secrets stand and how often a step counts is `authenticators.ts` and `auth/factor-check.ts`.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { second } from '../../base/clock.ts'
import { sameText } from '../../base/secrets.ts'

const require = createRequire(import.meta.url)
/** Loaded with the first QR code. */
const drawing = (): typeof import('qr') => require('qr')

export const totpRules = {
  digits: 6,
  stepMs: 30 * second,
  /** 160 bits, the length of the hash (RFC 4226 §4). */
  secretBytes: 20,
  /** Steps either way by which a clock may be wrong (RFC 6238 §5.2). */
  drift: 1,
} as const

/** As hex, which is how it is sealed. */
export const newTotpSecret = (): string => randomBytes(totpRules.secretBytes).toString('hex')

export function totpCode(secret: string, step: number, digits: number = totpRules.digits): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', Buffer.from(secret, 'hex')).update(counter).digest()
  // Dynamic truncation (RFC 4226 §5.3).
  const number = mac.readUInt32BE(mac[mac.length - 1]! & 15) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

export const stepAt = (now: number): number => Math.floor(now / totpRules.stepMs)

/** The step whose code this is, near `now` and later than `after`; undefined for any other code. */
export function matchingStep(secret: string, given: string, now: number, after: number): number | undefined {
  const code = given.replace(/[\s-]/g, '').slice(0, 20)
  const present = stepAt(now)
  let found: number | undefined
  // All are compared, so that the time tells nothing.
  for (let step = present - totpRules.drift; step <= present + totpRules.drift; step++) {
    if (sameText(totpCode(secret, step), code) && step > after) found = step
  }
  return found
}

/** What an app takes in, by hand, as an address, and as a picture of the address. */
export function totpInvitation(
  secret: string,
  issuer: string,
  email: string,
): { uri: string; secret: string; qr: string } {
  const shown = base32(Buffer.from(secret, 'hex'))
  // A colon parts issuer and account, so the issuer has none.
  const from = issuer.replaceAll(':', ' ')
  const parameters = `secret=${shown}&issuer=${encodeURIComponent(from)}&algorithm=SHA1&digits=${totpRules.digits}&period=${totpRules.stepMs / second}`
  const uri = `otpauth://totp/${encodeURIComponent(from)}:${encodeURIComponent(email)}?${parameters}`
  const { encodeQR } = drawing()
  return { uri, secret: shown, qr: encodeQR(uri, 'svg') }
}

const base32Letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 without padding; only for whole groups of five bytes. */
function base32(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 5) {
    const group = BigInt(`0x${bytes.subarray(at, at + 5).toString('hex')}`)
    for (let shift = 35n; shift >= 0n; shift -= 5n) text += base32Letters[Number((group >> shift) & 31n)]
  }
  return text
}
