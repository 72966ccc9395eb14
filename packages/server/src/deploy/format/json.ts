/**
 * JSON of package files: reading with the place of a mistake and a bounded depth, finding single values, and writing the
 * way cb-cli does. What the values mean is known by whoever asks.
 */
import { isUtf8 } from 'node:buffer'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { byCodePoint } from './names.ts'

/** Deeper values would overflow the stack of whoever walks them. A row may hold JSON of depth 100. */
export const deepestJson = 120

export type JsonFile = {
  value: unknown
  text: string
  /** Line of a whole number that JavaScript cannot hold exactly, if there is one. */
  inexactLine: number | undefined
}

/** A value in the text: the keys that lead to it (`*` for any place in a list), and where it begins and ends. */
export type Visit = (path: readonly string[], start: number, end: number) => void

/** Throws badPackage with file, line and column; never with a piece of the file, which may hold a password. */
export function readJson(path: string, bytes: Buffer, visit?: Visit): JsonFile {
  if (!isUtf8(bytes)) {
    throw new GatehouseError('badPackage', `${path} is not UTF-8 text.`, { hint: 'Save it as UTF-8.' })
  }
  // Editors on Windows put a byte order mark in front, which is no JSON.
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  const inexact = scan(path, text, visit)
  return { value: JSON.parse(text), text, inexactLine: inexact === undefined ? undefined : placeOf(text, inexact).line }
}

function placeOf(text: string, position: number): { line: number; column: number } {
  const before = text.slice(0, position)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: position - lineStart + 1 }
}

/** Walks the text by the grammar of RFC 8259; answers the position of the first inexact whole number. */
function scan(path: string, text: string, visit: Visit | undefined): number | undefined {
  let at = 0
  let inexact: number | undefined
  const keys: string[] = []

  const fail = (position: number, wanted: string): GatehouseError => {
    const { line, column } = placeOf(text, position)
    const where = `${path}, line ${line}, column ${column}`
    const what = position >= text.length ? 'the file ends too early' : wanted
    return new GatehouseError('badPackage', `${where}: this is not valid JSON; ${what}.`)
  }

  const space = (): void => {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      at += 1
    }
  }

  const string = (): void => {
    const start = at
    at += 1
    for (;;) {
      if (at >= text.length) throw fail(text.length, '')
      const code = text.charCodeAt(at)
      if (code === 34) break
      if (code < 32) throw fail(at, 'a text holds a line break or another control character')
      if (code === 92) {
        const escaped = text[at + 1] ?? ''
        if (escaped === 'u' ? !/^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6)) : !'"\\/bfnrt'.includes(escaped)) {
          throw fail(at, 'a text holds a \\ before a character that needs none')
        }
        if (escaped === '') throw fail(start, 'a text does not end')
        at += escaped === 'u' ? 5 : 1
      }
      at += 1
    }
    at += 1
  }

  const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  const word = /true|false|null/y

  const value = (depth: number): void => {
    const code = text.charCodeAt(at)
    if (code === 123 || code === 91) {
      if (depth >= deepestJson) throw fail(at, `lists and objects are nested deeper than ${deepestJson}`)
      code === 123 ? object(depth + 1) : list(depth + 1)
    } else if (code === 34) string()
    else {
      const pattern = code === 45 || (code >= 48 && code <= 57) ? number : word
      pattern.lastIndex = at
      const found = pattern.exec(text)?.[0]
      if (found === undefined) throw fail(at, 'a value is expected here')
      if (pattern === number) {
        if (!Number.isFinite(Number(found))) throw fail(at, 'a number is too large')
        if (found.length > 15 && !isExact(found)) inexact ??= at
      }
      at += found.length
    }
  }

  const valueAt = (key: string, depth: number): void => {
    space()
    const start = at
    keys.push(key)
    value(depth)
    visit?.(keys, start, at)
    keys.pop()
    space()
  }

  const object = (depth: number): void => {
    at += 1
    space()
    if (text[at] === '}') {
      at += 1
      return
    }
    for (;;) {
      space()
      if (text[at] !== '"') throw fail(at, 'a key in double quotes is expected here')
      const start = at
      string()
      const key = visit === undefined ? '' : (JSON.parse(text.slice(start, at)) as string)
      space()
      if (text[at] !== ':') throw fail(at, 'a ":" is expected here')
      at += 1
      valueAt(key, depth)
      if (text[at] === '}') break
      if (text[at] !== ',') throw fail(at, 'a "," or "}" is expected here')
      at += 1
    }
    at += 1
  }

  const list = (depth: number): void => {
    at += 1
    space()
    if (text[at] === ']') {
      at += 1
      return
    }
    for (;;) {
      valueAt('*', depth)
      if (text[at] === ']') break
      if (text[at] !== ',') throw fail(at, 'a "," or "]" is expected here')
      at += 1
    }
    at += 1
  }

  space()
  value(0)
  space()
  if (at < text.length) throw fail(at, 'the value has ended, and more follows')
  return inexact
}

/** False for a whole number that would be written again with other digits. Fractions are rounded by every reader. */
const isExact = (number: string): boolean => !/^-?\d+$/.test(number) || String(Number(number)) === number

/**
 * Four spaces, keys sorted by code point, no newline at the end, and `<`, `>`, `&` escaped in texts: the bytes of Go's
 * `json.MarshalIndent`, with which cb-cli writes, so that both give the same file for the same content.
 */
export const writeJson = (value: unknown): Buffer => Buffer.concat([...jsonPieces(value)])

/** The same one piece after the other: a large file would stand in memory several times while it is made. */
export function* jsonPieces(value: unknown): Generator<Buffer> {
  let text = ''
  for (const piece of pieces(value, '\n', rowsDeep)) {
    text += piece
    if (text.length < pieceLength) continue
    yield Buffer.from(escaped(text), 'utf8')
    text = ''
  }
  yield Buffer.from(escaped(text), 'utf8')
}

const pieceLength = 32 * 1024

const escaped = (text: string): string => text.replace(/[<>&\u2028\u2029]/g, escapeOf)

/** How far down the rows of a collection are. */
const rowsDeep = 2

function* pieces(value: unknown, newline: string, deep: number): Generator<string> {
  const inner = `${newline}    `
  if (deep === 0 || typeof value !== 'object' || value === null) yield jsonText(value, newline)
  else if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) {
      yield index === 0 ? `[${inner}` : `,${inner}`
      yield* pieces(one, inner, deep - 1)
    }
    yield value.length === 0 ? '[]' : `${newline}]`
  } else {
    const entries = sortedEntries(value)
    for (const [index, [key, one]] of entries.entries()) {
      yield `${index === 0 ? '{' : ','}${inner}${JSON.stringify(key)}: `
      yield* pieces(one, inner, deep - 1)
    }
    yield entries.length === 0 ? '{}' : `${newline}}`
  }
}

function sortedEntries(value: object): [string, unknown][] {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return entries.sort(([one], [other]) => byCodePoint(one, other))
}

const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

function jsonText(value: unknown, newline: string): string {
  if (typeof value !== 'object' || value === null) {
    return Object.is(value, -0) ? '-0' : (JSON.stringify(value) ?? 'null')
  }
  const inner = `${newline}    `
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[${inner}${value.map((one) => jsonText(one, inner)).join(`,${inner}`)}${newline}]`
  }
  const entries = sortedEntries(value)
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, one]) => `${JSON.stringify(key)}: ${jsonText(one, inner)}`)
  return `{${inner}${lines.join(`,${inner}`)}${newline}}`
}
