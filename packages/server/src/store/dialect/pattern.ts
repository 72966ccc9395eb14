/**
 * The regular expressions of the RE operator: one language on both databases. It is RE2's (linear time, no look-around,
 * no back-references) without the parts that PostgreSQL's engine cannot say alike; those are refused on both, so that a
 * query never finds one thing on SQLite and another on PostgreSQL. Two remain that a flag must ask for: `(?i)` folds
 * letters beyond ASCII on SQLite only.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { RE2JS } from 're2js'

export type Pattern = {
  /** Whether it matches anywhere in the text, in time linear in the text's length. */
  test(text: string): boolean
  /** The same expression in PostgreSQL's dialect, for `~`. */
  postgres: string
}

/** Longer ones, and ones that unfold to more, would make each row of a filter slow. */
const longestPattern = 1_000
const largestProgram = 3_000
/** PostgreSQL's own bound on `{n,m}`. */
const mostRepeats = 255

/** Parses a pattern of a query. Throws GatehouseError badQuery for one that is invalid, too large or not offered. */
export function comparePattern(source: string): Pattern {
  if (source.length > longestPattern) {
    throw refusal(source, `is ${source.length} characters long, and ${longestPattern} is the most.`)
  }
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unknown'
    throw refusal(source, `is not valid: ${reason.slice(0, 120)}.`)
  }
  if (compiled.programSize() > largestProgram) throw refusal(source, 'unfolds to something too large; repeat less.')
  return { test: (text) => compiled.test(text), postgres: new Translation(source).run() }
}

function refusal(source: string, rest: string): GatehouseError {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source
  return new GatehouseError('badQuery', `The RE pattern ${JSON.stringify(shown)} ${rest}`, {
    hint: 'Patterns are regular expressions as RE2 has them: no look-around and no back-references.',
  })
}

/** Character classes as RE2 has them: ASCII, as pairs of first and last character. */
const named: Readonly<Record<string, string>> = {
  d: '09',
  w: '09AZ__az',
  s: '\t\n\f\r  ',
  alnum: '09AZaz',
  alpha: 'AZaz',
  ascii: '\u0001\u007f',
  blank: '\t\t  ',
  cntrl: '\u0001\u001f\u007f\u007f',
  digit: '09',
  graph: '!~',
  lower: 'az',
  print: ' ~',
  punct: '!/:@[`{~',
  space: '\t\r  ',
  upper: 'AZ',
  word: '09AZ__az',
  xdigit: '09AFaf',
}

const controls: Readonly<Record<string, string>> = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** One walk over a pattern that RE2 has found valid. */
class Translation {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  run(): string {
    const flags = this.#take(/\(\?([ims]+)\)/y)?.[1] ?? ''
    // In PostgreSQL "w" lets ^ and $ match at lines, and a plain dot matches a line feed too.
    let out = `${flags.includes('i') ? 'i' : ''}${flags.includes('m') ? 'w' : ''}`
    if (out !== '') out = `(?${out})`
    const dot = flags.includes('s') ? '.' : '[^\\n]'
    while (this.#at < this.#source.length) out += this.#item(dot)
    return out
  }

  #item(dot: string): string {
    if (this.#take(/\[/y)) return this.#bracket()
    if (this.#take(/\./y)) return dot
    if (this.#take(/\(\?P?<[^>]*>/y)) return '('
    if (this.#take(/\(\?:/y)) return '(?:'
    if (this.#take(/\(\?/y)) throw this.#refuse('uses a flag group; flags i, m and s may stand at the very start only.')
    const repeat = this.#take(/\{(\d+)(?:,(\d*))?\}/y)
    if (repeat) {
      if (Math.max(Number(repeat[1]), Number(repeat[2] ?? 0)) > mostRepeats) {
        throw this.#refuse(`repeats more than ${mostRepeats} times.`)
      }
      return repeat[0]
    }
    if (this.#take(/\^/y)) return this.#constraint('^')
    if (this.#take(/\$/y)) return this.#constraint('$')
    if (this.#take(/\\/y)) return this.#escape()
    const character = this.#character()
    return '()|*+?'.includes(character) ? character : literal(character)
  }

  /** PostgreSQL lets no repetition follow a constraint itself. */
  #constraint(text: string): string {
    const next = this.#source[this.#at]
    return next !== undefined && '*+?{'.includes(next) ? `(?:${text})` : text
  }

  #escape(): string {
    const letter = this.#source[this.#at] ?? ''
    if ('bBAz'.includes(letter)) {
      this.#at++
      return this.#constraint({ b: '\\y', B: '\\Y', A: '\\A', z: '\\Z' }[letter] ?? '')
    }
    const ranges = named[letter.toLowerCase()]
    if (letter.length === 1 && 'dDwWsS'.includes(letter) && ranges !== undefined) {
      this.#at++
      return `[${letter === letter.toLowerCase() ? '' : '^'}${brackets(ranges)}]`
    }
    return literal(this.#escaped())
  }

  /** The character that an escape stands for; the backslash is already taken. */
  #escaped(): string {
    const hex = this.#take(/x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2}))/y)
    if (hex) return String.fromCodePoint(Number.parseInt(hex[1] ?? hex[2] ?? '', 16))
    const letter = this.#character()
    const control = controls[letter]
    if (control !== undefined) return control
    if (/[0-9A-Za-z]/.test(letter)) throw this.#refuse(`uses \\${letter}, which is not offered.`)
    return letter
  }

  #bracket(): string {
    let out = this.#take(/\^/y) ? '[^' : '['
    let first = true
    while (first || !this.#take(/\]/y)) {
      first = false
      const set = this.#take(/\[:(\^?)(\w+):\]/y) ?? this.#take(/\\()([dws])/y)
      if (set) {
        if (set[1] === '^') throw this.#refuse('turns a named class round inside [ ], which is not offered.')
        out += brackets(named[set[2] ?? ''] ?? '')
        continue
      }
      if (this.#take(/\\[DWSpP]/y)) throw this.#refuse('uses a class inside [ ] that is not offered.')
      const from = this.#take(/\\/y) ? this.#escaped() : this.#character()
      const ranged = this.#take(/-(?!\])/y)
      const to = ranged ? (this.#take(/\\/y) ? this.#escaped() : this.#character()) : from
      out += brackets(`${from}${to}`)
    }
    return `${out}]`
  }

  #character(): string {
    const point = this.#source.codePointAt(this.#at)
    if (point === undefined) throw this.#refuse('ends too early.')
    const character = String.fromCodePoint(point)
    this.#at += character.length
    return character
  }

  #take(expected: RegExp): RegExpExecArray | undefined {
    expected.lastIndex = this.#at
    const match = expected.exec(this.#source)
    if (match !== null) this.#at += match[0].length
    return match ?? undefined
  }

  #refuse(rest: string): GatehouseError {
    return refusal(this.#source, rest)
  }
}

/** Pairs of first and last character as the inside of a bracket expression. */
function brackets(pairs: string): string {
  const characters = [...pairs]
  let out = ''
  for (let index = 0; index < characters.length; index += 2) {
    const from = characters[index] ?? ''
    const to = characters[index + 1] ?? ''
    out += from === to ? literal(from) : `${literal(from)}-${literal(to)}`
  }
  return out
}

/** Letters and digits as they are; everything else by number, which no dialect reads as syntax. NUL is in no text. */
function literal(character: string): string {
  if (/^[0-9A-Za-z_ ]$/.test(character)) return character
  const point = Math.max(character.codePointAt(0) ?? 1, 1)
  return `\\U${point.toString(16).padStart(8, '0')}`
}
