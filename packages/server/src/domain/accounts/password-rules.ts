/** What a password must be like when a person chooses it (NIST SP 800-63B-4 §3.1.1.2: length and a blocklist, no composition). */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

export const developerMinLength = 15
const longest = 1024

/** Among the most used of published leaks, eight characters or more; shorter ones fall to the length rule. */
const blocklist = new Set(
  `password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 123123123 12341234
  87654321 987654321 11111111 111111111 1111111111 00000000 000000000 0000000000 88888888 99999999 22222222 66666666
  55555555 77777777 33333333 44444444 12121212 11223344 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qwertyui qwertyuiop qwerty12
  qwerty123 qwerty1234 asdfghjk asdfghjkl zxcvbnm1 zxcvbnm123 iloveyou iloveyou1 sunshine princess football baseball
  superman starwars trustno1 whatever computer internet michelle jennifer victoria samantha charlotte abcd1234 abc12345
  abcdefgh abcdefghi a1b2c3d4 letmein1 letmein123 welcome1 welcome123 changeme changeme1 changeme123 administrator
  admin123 admin1234 default1 testtest test1234 test12345 testing123 secret123 monkey123 dragon123 master123 hello123
  hello1234 access123 pokemon1 liverpool chocolate butterfly basketball jordan23 michael1 q1w2e3r4 q1w2e3r4t5 zaq12wsx
  1qazxsw2 qazwsxedc passpass passwort password! password1! letmein! summer2024 summer2025 summer2026 winter2024
  winter2025 winter2026 spring2025 spring2026 autumn2025 autumn2026 123456789a a123456789 1234567a 12345678a 123qweasd
  passwordpassword 123456789012345 qwertyuiopasdfg 111111111111111 000000000000000 clearblade gatehouse`.split(/\s+/),
)

/** Why this password is weak, as the rest of a sentence; undefined for one that is good enough. */
export function weakness(password: string, rules: { minLength: number; context: string[] }): string | undefined {
  if ([...password].length < rules.minLength) return `it has fewer than ${rules.minLength} characters`
  const plain = password.toLowerCase()
  if (blocklist.has(plain)) return 'it is among the most used passwords'
  if (new Set(plain).size < 3) return 'it repeats one or two characters'
  const own = rules.context.map((text) => text.trim().toLowerCase()).filter((text) => text.length >= 4)
  if (own.some((text) => plain.trim() === text)) return 'it is your own e-mail or name'
  return undefined
}

/** Of an account, what nobody may choose as its password: its e-mail, and what stands before the `@`. */
export function ownNames(email: string): string[] {
  const name = email.trim()
  return [name, name.split('@')[0]!]
}

/** For passwords that people choose themselves. Throws badPassword. */
export function demandStrong(password: string, rules: { minLength: number; context: string[] }): void {
  demandUsable(password)
  const reason = weakness(password, rules)
  if (reason !== undefined) {
    throw new GatehouseError('badPassword', `This password cannot be used: ${reason}.`, {
      hint: 'A few unrelated words make a good one.',
    })
  }
}

/** For passwords that a developer sets: taken as they come, within what can be stored. Throws badPassword. */
export function demandUsable(password: unknown): asserts password is string {
  if (typeof password !== 'string' || password === '') {
    throw new GatehouseError('badPassword', 'A password must be a text that is not empty.')
  }
  if (password.length > longest) {
    throw new GatehouseError('badPassword', `A password has at most ${longest} characters.`)
  }
}
