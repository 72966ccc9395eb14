/** An authenticator app for tests: takes in the secret as people and pictures carry it, and shows codes (RFC 6238). */
import { stepAt, totpCode } from './totp.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** What the app shows at `time`, or `steps` later; of the secret in base 32, or of the whole `otpauth:` address. */
export function shownByApp(secretOrUri: string, time: number, steps = 0): string {
  const base32 = secretOrUri.startsWith('otpauth:') ? new URL(secretOrUri).searchParams.get('secret')! : secretOrUri
  const bits = [...base32].map((one) => letters.indexOf(one).toString(2).padStart(5, '0')).join('')
  const bytes = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))
  return totpCode(Buffer.from(bytes).toString('hex'), stepAt(time) + steps)
}
