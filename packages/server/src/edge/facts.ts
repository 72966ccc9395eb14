/** Reading what an edge tells as facts: it may be anybody's word, so each is taken apart and only what is known is kept. */
import { readProfileChanges } from '../domain/accounts/profile-requests.ts'
import { toldFields } from '../store/tables/records.ts'
import type { Mark, SentRow } from '../store/up/decide.ts'
import type { Fact } from '../store/up/facts.ts'

/** `at` in milliseconds, by the clock of the edge. */
export type ReadFact = Fact & { at: number }

type Reader = (value: unknown) => boolean

const text =
  (most: number): Reader =>
  (value) =>
    typeof value === 'string' && value.length <= most && !value.includes('\0') && value.isWellFormed()
const count: Reader = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const oneOf =
  (...all: string[]): Reader =>
  (value) =>
    all.some((one) => one === value)

const id = text(100)
/** Of SHA-256, as tokens are hashed everywhere. */
const tokenHash: Reader = (value) => typeof value === 'string' && /^[\w-]{43}$/.test(value)
/** 32 bits (Web Authentication §6.1); 0 says that there is none. */
const signCount: Reader = (value) => count(value) && (value as number) > 0 && (value as number) < 2 ** 32

/** All fields of each kind; one more or one less, and it is none. */
const shapes: Record<Fact['kind'], Record<string, Reader>> = {
  'sign-in': { user: id, decision: oneOf('granted', 'more', 'refused', 'failed'), record: isRecord },
  failure: { user: id, what: oneOf('password', 'factor') },
  step: { user: id, authenticator: id, step: count },
  disabled: { user: id, authenticator: id },
  session: {
    ...{ user: id, id, token_hash: tokenHash, granted_by: text(400), factors: text(100), password_stamp: id },
    ...{ created_at: count, expires_at: count, data_age: (value) => value === null || count(value) },
  },
  counter: { user: id, authenticator: id, count: signCount },
  spent: { user: id, authenticator: id, count },
  ended: { user: id, id, reason: text(200) },
  request: { user: id, changes: (value) => readProfileChanges(value) !== undefined },
  displaced: { collection: id, key: id, row: text(16 * 1024) },
}

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(
    ([name, field]) =>
      Object.hasOwn(toldFields, name) && (count(field) || text(toldFields[name as keyof typeof toldFields])(field)),
  )
}

export function readFact(value: unknown): ReadFact | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { kind, at, ...said } = value as Record<string, unknown>
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind) || !count(at)) return undefined
  const shape = shapes[kind as Fact['kind']]
  const names = Object.keys(said)
  const fits = names.length === Object.keys(shape).length && names.every((name) => shape[name]?.(said[name]) === true)
  return fits ? (value as ReadFact) : undefined
}

const stamp = /^[0-9a-f]{12}-[0-9a-f]{4}-[\w-]{1,64}$/
const isMark = (value: unknown): value is Mark => {
  if (typeof value !== 'object' || value === null) return false
  const { stamp: said, seen, ...more } = value as Record<string, unknown>
  return typeof said === 'string' && stamp.test(said) && count(seen) && Object.keys(more).length === 0
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What stands in the columns is looked at where it is written. */
export function readSentRow(value: unknown): ({ collection: string } & SentRow) | undefined {
  if (!isObject(value)) return undefined
  const { collection, key, row, columns, deleted, large, ...more } = value
  if (!id(collection) || typeof key !== 'string' || !uuid.test(key) || Object.keys(more).length > 0) return undefined
  const place = { collection: collection as string, key }
  const said = [row, columns, deleted, large].filter((one) => one !== undefined).length
  if (large === true && said === 1) return { ...place, large }
  if (isMark(deleted) && said === 1) return { ...place, deleted }
  if (!isObject(row) || !isObject(columns) || said !== 2 || !Object.values(columns).every(isMark)) return undefined
  return { ...place, row, columns: columns as Record<string, Mark> }
}
