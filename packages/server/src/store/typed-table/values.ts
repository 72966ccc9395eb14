/**
 * Values on their way between JSON and a column: the checks that make both databases accept, keep and return the same.
 *
 * | column | takes | gives |
 * |---|---|---|
 * | string, blob | text (blob: base64, kept as given); a number or boolean as its text | the text |
 * | uuid | text of 36 characters | lower case |
 * | int, bigint | whole numbers of 32 bits; of up to 2^53 | the number |
 * | float, double | numbers | the number |
 * | bool | true, false, "true", "false" | boolean |
 * | timestamp | ISO 8601 text; without an offset it is UTC | `YYYY-MM-DDTHH:mm:ss.sssZ` |
 * | jsonb | any JSON; a text that is a JSON object or array counts as that | the JSON |
 *
 * null and undefined unset a column of any type.
 */
import type { Column } from '@gatehouse/contract/columns.ts'
import { type ErrorName, GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Dialect } from '../dialect/database.ts'
import { shownName } from './table.ts'

export type Stored = string | number | boolean | null

/** Deeper JSON would overflow the stack of whoever reads it. */
const deepestJson = 100

/**
 * The value as its column keeps it. Throws a GatehouseError of the given kind naming the column, its type and what came;
 * never the value itself, which may be a secret.
 */
export function toStored(dialect: Dialect, column: Column, value: unknown, kind: ErrorName = 'badValue'): Stored {
  if (value === null || value === undefined) return null
  switch (column.type) {
    case 'string':
    case 'blob':
      return storedText(column, value, kind)
    case 'uuid':
      return storedUuid(column, value, kind)
    case 'int':
      return storedInteger(column, value, kind, -(2 ** 31), 2 ** 31 - 1)
    case 'bigint':
      return storedInteger(column, value, kind, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    case 'float':
    case 'double':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw misfit(column, value, kind, 'a JSON number')
      // PostgreSQL keeps the sign of zero and SQLite does not.
      return value === 0 ? 0 : value
    case 'bool': {
      const truth = value === true || value === 'true'
      if (!truth && value !== false && value !== 'false') throw misfit(column, value, kind, 'true or false')
      return dialect.kind === 'sqlite' ? Number(truth) : truth
    }
    case 'timestamp':
      return storedTime(column, value, kind)
    case 'jsonb':
      return storedJson(column, value, kind)
  }
}

/** What a query gave for the column, as JSON. */
export function fromStored(dialect: Dialect, column: Column, stored: unknown): unknown {
  if (stored === null || stored === undefined) return null
  if (dialect.kind === 'postgres') return stored
  if (column.type === 'bool') return stored !== 0
  return column.type === 'jsonb' && typeof stored === 'string' ? JSON.parse(stored) : stored
}

/** The columns whose results need `fromStored`; all others come back as they are. */
export const convertedColumns = (dialect: Dialect, columns: readonly Column[]): Column[] =>
  dialect.kind === 'postgres' ? [] : columns.filter((column) => column.type === 'bool' || column.type === 'jsonb')

function storedText(column: Column, value: unknown, kind: ErrorName): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') throw misfit(column, value, kind, 'a string')
  checkText(column, value, kind)
  return value
}

/** PostgreSQL holds no NUL, and neither database can hold half of a surrogate pair. */
function checkText(column: Column, text: string, kind: ErrorName): void {
  if (text.includes('\0')) throw unfit(column, kind, 'cannot hold a NUL character (\\u0000)')
  if (!text.isWellFormed())
    throw unfit(column, kind, 'cannot hold half of a surrogate pair; the text is not valid Unicode')
}

function storedUuid(column: Column, value: unknown, kind: ErrorName): string {
  if (typeof value === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
    return value.toLowerCase()
  throw misfit(column, value, kind, 'a UUID like "123e4567-e89b-12d3-a456-426614174000"')
}

function storedInteger(column: Column, value: unknown, kind: ErrorName, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw misfit(column, value, kind, 'a whole JSON number')
  if (value < least || value > most)
    throw unfit(column, kind, `holds whole numbers from ${least} to ${most}, not ${value}`)
  return value === 0 ? 0 : value
}

const isoForm =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([Zz])|([+-])(\d\d):?(\d\d)?)?)?$/

/** Milliseconds are what JavaScript has; finer fractions are cut. */
function storedTime(column: Column, value: unknown, kind: ErrorName): string {
  const wanted = 'an ISO 8601 time like "2026-01-31T10:20:30.000Z"'
  const match = typeof value === 'string' ? isoForm.exec(value) : null
  if (match === null) throw misfit(column, value, kind, wanted)
  const part = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  const daysInMonth = month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
  const offset = part(10) * 60 + part(11)
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth && hour < 24 && minute < 60 && second < 60
  if (!exists || offset > 15 * 60 + 59 || part(11) > 59) {
    throw unfit(column, kind, `needs ${wanted}; the one that came does not exist`)
  }
  // A date object reads two-digit years as 19xx when given the parts, so the year goes in by itself.
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  time.setUTCHours(
    hour,
    minute - (match[9] === '-' ? -offset : offset),
    second,
    Number((match[7] ?? '').slice(0, 3).padEnd(3, '0')),
  )
  if (time.getUTCFullYear() < 1 || time.getUTCFullYear() > 9999) {
    throw unfit(column, kind, 'holds times of the years 1 to 9999')
  }
  return time.toISOString()
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

function storedJson(column: Column, value: unknown, kind: ErrorName): string {
  const json = typeof value === 'string' ? jsonInText(value) : value
  checkJson(column, json, kind, 0)
  return JSON.stringify(json)
}

/**
 * Services write jsonb columns as objects and as JSON text alike, since the database behind the contract takes both.
 * A text that is no object or array stays a JSON string.
 */
function jsonInText(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function checkJson(column: Column, value: unknown, kind: ErrorName, depth: number): void {
  if (depth > deepestJson) throw unfit(column, kind, `cannot hold JSON nested deeper than ${deepestJson}`)
  if (value === null || typeof value === 'boolean') return
  if (typeof value === 'string') {
    checkText(column, value, kind)
    return
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw misfit(column, value, kind, 'JSON, whose numbers are finite')
    return
  }
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) checkJson(column, item, kind, depth + 1)
    return
  }
  const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined
  if (prototype !== Object.prototype && prototype !== null) throw misfit(column, value, kind, 'plain JSON')
  for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
    checkText(column, key, kind)
    if (item !== undefined) checkJson(column, item, kind, depth + 1)
  }
}

const misfit = (column: Column, value: unknown, kind: ErrorName, wanted: string): GatehouseError =>
  unfit(column, kind, `needs ${wanted}, not ${described(value)}`)

const unfit = (column: Column, kind: ErrorName, rest: string): GatehouseError =>
  new GatehouseError(kind, `Column ${shownName(column.name)} of type ${column.type} ${rest}.`)

function described(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return 'a date object'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return `${value}`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
