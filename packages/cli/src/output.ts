/**
 * Writing to the person or the program that called: results on stdout, messages on stderr, colour only on a terminal. Names,
 * logs and results come from strangers' systems, so nothing of them can steer a terminal.
 */
import type { CommandError } from './failure.ts'

/** What people see of a result: a text, rows under heads, or names and values. */
export type View =
  | { text: string }
  | { heads: string[]; rows: string[][] }
  | { facts: Record<string, string | number | boolean> }
  | { parts: Part[] }

/** A view under a line of its own; the line alone where there is no more to show. */
export type Part = { head?: string; view?: View }

export type Output = {
  /** One JSON value on stdout and nothing else there. */
  json: boolean
  /** A line on stderr. */
  say(message: string): void
  warn(message: string): void
  /** A view on stderr: what a person looks at before answering a question. */
  tell(view: View): void
  /** One line at a terminal that the next one replaces; nothing elsewhere. An empty one takes it away. */
  progress(message: string): void
  /** The result, once for each command: the value for `--json`, the view for people. */
  result(value: unknown, view?: View): void
}

type Stream = { isTTY?: boolean; columns?: number; write(text: string): unknown }

export function createOutput(
  json: boolean,
  stdout: Stream = process.stdout,
  stderr: Stream = process.stderr,
  environment: Record<string, string | undefined> = process.env,
): Output {
  const paint = (stream: Stream, colour: number, text: string): string =>
    stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb'
      ? `\x1b[${colour}m${text}\x1b[0m`
      : text
  const show = (stream: Stream, view: View): string => {
    if ('text' in view) return printable(view.text)
    if ('facts' in view) return factLines(view.facts)
    if ('parts' in view) {
      const shown = view.parts.map(({ head, view: inner }) =>
        [
          ...(head === undefined ? [] : [paint(stream, 1, printable(head))]),
          ...(inner === undefined ? [] : [show(stream, inner)]),
        ].join('\n'),
      )
      return shown.join('\n\n')
    }
    const [head, ...lines] = tableLines(view.heads, view.rows)
    return [paint(stream, 1, head!), ...lines].join('\n')
  }
  let running = false
  const wipe = (): void => {
    if (running) stderr.write('\r\x1b[2K')
    running = false
  }
  const write = (stream: Stream, text: string): void => {
    wipe()
    stream.write(`${text}\n`)
  }
  return {
    json,
    say: (message) => write(stderr, printable(message)),
    warn: (message) => write(stderr, `${paint(stderr, 33, 'Warning:')} ${printable(message)}`),
    tell: (view) => write(stderr, show(stderr, view)),
    progress(message) {
      if (json || stderr.isTTY !== true || environment.TERM === 'dumb') return
      wipe()
      if (message === '') return
      // A line that the terminal would break could not be taken away as one.
      stderr.write(printable(message).slice(0, (stderr.columns || 80) - 1))
      running = true
    },
    result(value, view) {
      if (json) write(stdout, jsonText(value))
      else if (view !== undefined) write(stdout, show(stdout, view))
    },
  }
}

/** The failure of a command: a sentence on stderr, and where one JSON value is expected, that too. */
export function reportFailure(error: CommandError, output: Output): void {
  output.say(error.message)
  if (output.json) output.result({ error: { message: error.message, ...error.fields } })
}

/** Control characters, and those that turn the direction of writing. */
const steering = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** The text with what could steer a terminal spelled out, as `\x1b`; line ends and tabs stay. */
export const printable = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(steering, (sign) => {
    if (sign === '\n' || sign === '\t') return sign
    const code = sign.codePointAt(0)!.toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code}`
  })

/** JSON for people and programs; what `JSON.stringify` leaves of steering characters is escaped, so the value stays. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value ?? null, null, 2).replace(steering, (sign) =>
    sign === '\n' ? sign : `\\u${sign.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  )

const cellOf = (value: string | number | boolean): string =>
  value === '' ? '-' : printable(String(value).replace(/\s+/g, ' '))

function tableLines(heads: string[], rows: string[][]): string[] {
  const cells = [heads, ...rows.map((row) => row.map(cellOf))]
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => columnsOf(row[column] ?? ''))))
  const line = (row: string[]) => row.map((cell, column) => cell + ' '.repeat(widths[column]! - columnsOf(cell)))
  return cells.map((row) => line(row).join('  ').trimEnd())
}

function factLines(facts: Record<string, string | number | boolean>): string {
  const longest = Math.max(...Object.keys(facts).map((name) => name.length))
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(longest)}  ${cellOf(value)}`)
    .join('\n')
}

const segments = new Intl.Segmenter()
const wide = /\p{Emoji_Presentation}|\p{sc=Han}|\p{sc=Hangul}|\p{sc=Hiragana}|\p{sc=Katakana}|[\uff01-\uff60]/u

/** Columns that a text takes on a terminal. */
function columnsOf(text: string): number {
  let columns = 0
  for (const { segment } of segments.segment(text)) columns += wide.test(segment) ? 2 : 1
  return columns
}
