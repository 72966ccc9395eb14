/** Values under the keys of a package's JSON file, with an error that names file and key where one has the wrong type. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Extra } from './model.ts'

/** Where an object stands: its file, and the way to it inside (`schema[3]`), '' for the whole. */
export type Place = { path: string; inside: string }

export type Fields = Record<string, unknown>

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const keyed = (place: Place, key: string | number): Place => {
  const step = typeof key === 'number' ? `[${key}]` : place.inside === '' ? key : `.${key}`
  return { path: place.path, inside: place.inside + step }
}

/** Says what is wrong without quoting the value, which may be a secret. */
export function wrongType(place: Place, wanted: string, value: unknown): GatehouseError {
  const what = place.inside === '' ? place.path : `${place.path}: ${cut(place.inside)}`
  return new GatehouseError('badPackage', `${what} must be ${wanted}, not ${typeOf(value)}.`)
}

const cut = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text)

function typeOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`
}

export function objectOf(place: Place, value: unknown): Fields {
  if (!isObject(value)) throw wrongType(place, 'an object', value)
  return value
}

/** A missing or null list is an empty one. */
export function listOf(place: Place, value: unknown): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw wrongType(place, 'a list', value)
  return value
}

/** A missing or null text is ''. */
export function textOf(place: Place, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw wrongType(place, 'a text', value)
  return value
}

export function textsOf(place: Place, value: unknown): string[] {
  return listOf(place, value).map((one, index) => {
    if (typeof one !== 'string') throw wrongType(keyed(place, index), 'a text', one)
    return one
  })
}

/** A missing or null object is an empty one. */
export const fieldsOf = (place: Place, value: unknown): Fields =>
  value === undefined || value === null ? {} : objectOf(place, value)

/** true, false, and the texts of both. */
export function truthOf(place: Place, value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 'false') return false
  if (value === true || value === 'true') return true
  throw wrongType(place, 'true or false', value)
}

/** The keys that are not among the known ones. */
export const extraOf = (fields: Fields, known: ReadonlySet<string>): Extra =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !known.has(key)))
