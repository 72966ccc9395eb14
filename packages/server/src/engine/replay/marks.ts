/**
 * Marks in the place of secrets. A mark looks like what it stands for (an e-mail, digits of that number, else a text), so that
 * code which looks at it goes its usual way, and tells nothing of it. One secret has one mark throughout a record.
 */
import { randomBytes, randomInt } from 'node:crypto'

/** What is shorter would mark half of every text. */
const shortest = 3

/** Values under such names are secrets, whoever wrote them. */
const secretName =
  /(pass(word|wd|phrase|code)?|pwd|secret|token|code|otp|pin|factor_id|challenge_id|handle|phone|key)$/i

/** In every client, and part of every address. */
const publicName = /^system_?key$/i

const bearer = 'gh(?:_[a-z]+|[a-z])_[A-Za-z0-9_-]{20,}'

export class Marks {
  readonly #open: (text: string) => boolean
  readonly #marks = new Map<string, string>()
  #pattern: RegExp | undefined

  /** `open` texts are no secrets, wherever they stand. */
  constructor(open: (text: string) => boolean) {
    this.#open = open
  }

  add(secret: unknown): void {
    const text = typeof secret === 'number' ? String(secret) : secret
    if (typeof text !== 'string' || text.length < shortest || this.#marks.has(text) || this.#open(text)) return
    const mark = this.#marks.get(text.toLowerCase()) ?? this.#fresh(text)
    this.#marks.set(text, mark)
    // Accounts and rows hold e-mails in lower case.
    if (isEmail(text)) this.#marks.set(text.toLowerCase(), mark)
    this.#pattern = undefined
  }

  /** All that stands under the name of a secret. */
  addNamed(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    for (const [name, part] of Object.entries(value)) {
      if (secretName.test(name) && !publicName.test(name)) this.#addTexts(part)
      else this.addNamed(part)
    }
  }

  #addTexts(value: unknown): void {
    if (typeof value === 'string' || typeof value === 'number') this.add(value)
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) this.#addTexts(part)
  }

  /** The same value with marks. */
  on(value: unknown): unknown {
    if (typeof value === 'string') return this.#onText(value)
    if (typeof value === 'number') {
      const mark = Number.isInteger(value) ? this.#marks.get(String(value)) : undefined
      return mark === undefined ? value : Number(mark)
    }
    if (Array.isArray(value)) return value.map((part) => this.on(part))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [this.#onText(name), this.on(part)]))
  }

  /** Of those that are no word by chance, however they may be spelled: what must not be found in what is kept. */
  spellings(): string[] {
    return [...this.#marks.keys()]
      .filter((text) => text.length >= (/^\d+$/.test(text) ? 6 : 8))
      .flatMap((text) => {
        const bytes = Buffer.from(text)
        const plain = JSON.stringify(text).slice(1, -1)
        return [plain, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')]
      })
  }

  #onText(text: string): string {
    this.#pattern ??= new RegExp(
      [...[...this.#marks.keys()].sort((a, b) => b.length - a.length).map(escaped), bearer].join('|'),
      'g',
    )
    return text.replace(this.#pattern, (found) => {
      const known = this.#marks.get(found)
      if (known !== undefined) return known
      // A token that nobody named; the pattern knows its kind.
      const mark = this.#fresh(found)
      this.#marks.set(found, mark)
      return mark
    })
  }

  #fresh(text: string): string {
    const name = `marked-${this.#marks.size + 1}-${randomBytes(4).toString('hex')}`
    if (isEmail(text)) return `${name}@example.invalid`
    if (!/^\+?[\d ().-]{3,24}$/.test(text) || !/\d{3}/.test(text)) return name
    const taken = new Set([...this.#marks.keys(), ...this.#marks.values(), text])
    for (let tries = 0; tries < 100; tries++) {
      // No zero becomes the first, so that a number stays as long as it is.
      const digits = text.replace(/\d/g, (digit, at) =>
        (at === 0 && digit !== '0' ? randomInt(1, 10) : randomInt(10)).toString(),
      )
      if (!taken.has(digits)) return digits
    }
    return name
  }
}

const isEmail = (text: string): boolean => /^[^@\s]+@[^@\s]+$/.test(text)

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
