/**
 * The query language of the wire (rest-api.md §4) and the newer state object of services (code-engine.md §2.3), parsed from
 * what a stranger sent into one plain value. Whether its columns exist and can hold its values is for whoever owns the table.
 */
import { GatehouseError } from './errors.ts'

export const operators = ['EQ', 'NEQ', 'GT', 'GTE', 'LT', 'LTE', 'RE'] as const

export type Operator = (typeof operators)[number]

/** `column` may end in a path into a jsonb column: `data->>key`. A null `value` comes with EQ and NEQ only. */
export type Condition = { column: string; operator: Operator; value: string | number | boolean | null }

export type Sort = { column: string; direction: 'asc' | 'desc' }

export type Query = {
  /** OR of ANDs. No group at all is every row; a group is never empty. */
  any: Condition[][]
  sort: Sort[]
  pageSize: number | 'all'
  /** Counted from 1. */
  pageNumber: number
  /** undefined is all of them. */
  columns: string[] | undefined
  groupBy: string[]
}

/**
 * The most of everything. They keep one query from becoming a statement that the database cannot parse, or takes seconds
 * to; none is near what real services send.
 */
export const queryLimits = {
  text: 1_000_000,
  groups: 1_000,
  conditions: 2_000,
  columns: 1_000,
  sorts: 50,
  name: 300,
  value: 100_000,
} as const

const defaultPageSize = 100

/** Every row, in pages of 100. */
export const everything: Query = {
  any: [],
  sort: [],
  pageSize: defaultPageSize,
  pageNumber: 1,
  columns: undefined,
  groupBy: [],
}

/** True when the query names no condition, so that a caller who deletes or changes rows can ask for one first. */
export const isUnfiltered = (query: Query): boolean => query.any.length === 0

/**
 * Parses a `query` parameter or an engine's query object: nothing (undefined, null, `{}`, `[]`, `[[]]`) is every row, an
 * array is FILTERS alone, an object is the wire form or the newer state form, a string is the JSON text of any of these.
 * Throws GatehouseError badQuery naming the place for everything else.
 */
export function parseQuery(input: unknown): Query {
  if (input === undefined || input === null) return { ...everything }
  if (typeof input === 'string') return parseQueryText(input)
  if (Array.isArray(input)) return { ...everything, any: parseFilters(input, 'FILTERS') }
  if (!isObject(input)) throw refusal('The query', `must be an object or an array, not ${describe(input)}.`)
  return stateKeys.some((key) => Object.hasOwn(input, key)) ? parseState(input) : parseWire(input)
}

/** As `parseQuery`, for the text of a query parameter, already percent-decoded. */
export function parseQueryText(text: string): Query {
  // The Node SDK sends the word "undefined" when it has no filter.
  if (text.length > queryLimits.text) {
    throw refusal('The query', `is ${text.length} characters long, and ${queryLimits.text} is the most.`)
  }
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === 'undefined') return { ...everything }
  let input: unknown
  try {
    input = JSON.parse(trimmed)
  } catch {
    throw refusal('The query', 'is not valid JSON.')
  }
  if (typeof input === 'string') throw refusal('The query', 'must be an object or an array, not a string.')
  return parseQuery(input)
}

const wireKeys = ['FILTERS', 'SORT', 'PAGESIZE', 'PAGENUM', 'SELECTCOLUMNS', 'GROUPBY', 'ALL'] as const

function parseWire(input: Record<string, unknown>): Query {
  refuseUnknownKeys(input, wireKeys)
  return {
    any: parseFilters(input.FILTERS, 'FILTERS'),
    sort: parseList(input.SORT, 'SORT', queryLimits.sorts, parseWireSort),
    ...parsePage(input, 'PAGESIZE', 'PAGENUM', 'ALL'),
    columns: parseColumns(input.SELECTCOLUMNS, 'SELECTCOLUMNS'),
    groupBy: parseList(input.GROUPBY, 'GROUPBY', queryLimits.columns, parseName),
  }
}

const stateKeys = [
  'PrimaryKey',
  'Order',
  'PageSize',
  'PageNumber',
  'Queries',
  'Columns',
  'Distinct',
  'GroupBy',
  'RawQuery',
] as const

function parseState(input: Record<string, unknown>): Query {
  refuseUnknownKeys(input, [...stateKeys, 'ALL'])
  for (const key of ['Distinct', 'RawQuery'] as const) {
    const value = input[key]
    if (value !== undefined && value !== null && value !== '') throw refusal(key, 'is not offered; leave it out.')
  }
  return {
    any: parseGroups(input.Queries, 'Queries', parseStateCondition),
    sort: parseList(input.Order, 'Order', queryLimits.sorts, parseStateSort),
    ...parsePage(input, 'PageSize', 'PageNumber', 'ALL'),
    columns: parseColumns(input.Columns, 'Columns'),
    groupBy: parseList(input.GroupBy, 'GroupBy', queryLimits.columns, parseName),
  }
}

const parseFilters = (input: unknown, place: string): Condition[][] => parseGroups(input, place, parseWireCondition)

type ParseCondition = (input: unknown, place: string) => Condition[]

/**
 * Nothing, `[]` and `[[]]` are every row. An empty group beside others is refused: read as AND of nothing it would match
 * every row and undo the conditions next to it.
 */
function parseGroups(input: unknown, place: string, parse: ParseCondition): Condition[][] {
  const groups = parseList(input, place, queryLimits.groups, (group, at) => {
    if (!Array.isArray(group)) throw refusal(at, `must be an array of conditions, not ${describe(group)}.`)
    return group as unknown[]
  })
  if (groups.length === 1 && groups[0]?.length === 0) return []
  let total = 0
  return groups.map((group, index) => {
    const at = `${place}[${index}]`
    total += group.length
    if (group.length === 0) throw refusal(at, 'is empty; a group beside others needs a condition.')
    if (total > queryLimits.conditions) throw tooMany(place, 'conditions', queryLimits.conditions)
    const conditions = group.flatMap((condition, position) => parse(condition, `${at}[${position}]`))
    total += conditions.length - group.length
    if (total > queryLimits.conditions) throw tooMany(place, 'conditions', queryLimits.conditions)
    return conditions
  })
}

/** `{OP: [{column: value}, …], …}`; all pairs under all operators hold together. */
function parseWireCondition(input: unknown, place: string): Condition[] {
  if (!isObject(input))
    throw refusal(place, `must be an object like {"EQ": [{"column": "value"}]}, not ${describe(input)}.`)
  const keys = Object.keys(input)
  if (keys.length === 0) throw refusal(place, 'is empty; it needs an operator and a column.')
  if (keys.length > operators.length) throw tooMany(place, 'operators', operators.length)
  return keys.flatMap((key) => {
    const operator = parseOperator(key, place)
    const at = `${place}.${operator}`
    const given = input[key]
    const pairs = isObject(given) ? [given] : parseList(given, at, queryLimits.conditions, (pair) => pair)
    if (pairs.length === 0) throw refusal(at, 'is empty; it needs a column and a value.')
    return pairs.flatMap((pair, index) => parsePair(pair, operator, isObject(given) ? at : `${at}[${index}]`))
  })
}

function parsePair(input: unknown, operator: Operator, place: string): Condition[] {
  if (!isObject(input)) throw refusal(place, `must be an object like {"column": "value"}, not ${describe(input)}.`)
  const columns = Object.keys(input)
  if (columns.length === 0) {
    throw refusal(place, 'has no column and value; a value that is undefined disappears from JSON.')
  }
  if (columns.length > queryLimits.conditions) throw tooMany(place, 'columns', queryLimits.conditions)
  return columns.map((column) => parseComparison(parseName(column, place), operator, input[column], place))
}

/** `{Operator, Field, Value}` of the newer state object. */
function parseStateCondition(input: unknown, place: string): Condition[] {
  if (!isObject(input)) {
    throw refusal(
      place,
      `must be an object like {"Operator": "EQ", "Field": "column", "Value": 1}, not ${describe(input)}.`,
    )
  }
  refuseUnknownKeys(input, ['Operator', 'Field', 'Value'], place)
  const operator = parseOperator(input.Operator, place)
  return [parseComparison(parseName(input.Field, `${place}.Field`), operator, input.Value, place)]
}

/** The Go SDK spells every operator that it does not know as this key. */
const unknownToGo = 'WHAT_THE_HELL_ARE_YOU_DOING'

function parseOperator(input: unknown, place: string): Operator {
  const operator = operators.find((name) => name === input)
  if (operator !== undefined) return operator
  if (input === unknownToGo) {
    throw refusal(place, `has an operator that the Go SDK does not know (it sent ${unknownToGo}).`, operatorHint)
  }
  const shown = typeof input === 'string' ? JSON.stringify(shorten(input)) : describe(input)
  throw refusal(place, `has the unknown operator ${shown}.`, operatorHint)
}

const operatorHint = `Operators are ${operators.join(', ')}; for a list of values use one OR group for each.`

function parseComparison(column: string, operator: Operator, value: unknown, place: string): Condition {
  const at = `${place} (${operator} on ${JSON.stringify(shorten(column))})`
  if (value === undefined) throw refusal(at, 'has no value.')
  if (value === null) {
    if (operator === 'EQ' || operator === 'NEQ') return { column, operator, value }
    throw refusal(at, 'compares with null, which only EQ and NEQ can.')
  }
  if (operator === 'RE' && typeof value !== 'string')
    throw refusal(at, `needs a pattern as a string, not ${describe(value)}.`)
  if (typeof value === 'string') {
    if (value.length > queryLimits.value) {
      throw refusal(at, `has a value of ${value.length} characters, and ${queryLimits.value} is the most.`)
    }
    return { column, operator, value }
  }
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return { column, operator, value }
  throw refusal(at, `needs a string, a number, a boolean or null as its value, not ${describe(value)}.`)
}

function parseWireSort(input: unknown, place: string): Sort {
  const keys = isObject(input) ? Object.keys(input) : []
  const key = keys[0]
  if (!isObject(input) || keys.length !== 1 || (key !== 'ASC' && key !== 'DESC')) {
    throw refusal(place, 'must be {"ASC": "column"} or {"DESC": "column"}.')
  }
  return { column: parseName(input[key], `${place}.${key}`), direction: key === 'ASC' ? 'asc' : 'desc' }
}

/** `SortOrder` is true for ascending (code-service-types `OrderInfo`) or, as older objects have it, a word. */
function parseStateSort(input: unknown, place: string): Sort {
  if (!isObject(input)) throw refusal(place, 'must be like {"SortOrder": true, "OrderKey": "column"}.')
  refuseUnknownKeys(input, ['SortOrder', 'OrderKey'], place)
  const order = input.SortOrder
  if (order !== true && order !== false && order !== 'ASC' && order !== 'DESC') {
    throw refusal(`${place}.SortOrder`, 'must be true or "ASC" for ascending, false or "DESC" for descending.')
  }
  const direction = order === true || order === 'ASC' ? 'asc' : 'desc'
  return { column: parseName(input.OrderKey, `${place}.OrderKey`), direction }
}

const largestPage = 2 ** 31 - 1

/** Missing, null and 0 are the defaults: the Go SDK sends 0 for what was never set. */
function parsePage(
  input: Record<string, unknown>,
  sizeKey: string,
  numberKey: string,
  allKey: string,
): Pick<Query, 'pageSize' | 'pageNumber'> {
  const all = input[allKey]
  if (all !== undefined && all !== null && typeof all !== 'boolean') throw refusal(allKey, 'must be true or false.')
  const size = parseCount(input[sizeKey], sizeKey) || defaultPageSize
  const pageNumber = parseCount(input[numberKey], numberKey) || 1
  if (all === true) return { pageSize: 'all', pageNumber: 1 }
  if (!Number.isSafeInteger(size * pageNumber)) throw refusal(numberKey, 'is too large.')
  return { pageSize: size, pageNumber }
}

function parseCount(input: unknown, place: string): number {
  if (input === undefined || input === null || input === '') return 0
  // Portals keep what a person typed, so a text of digits is a number here.
  const count = typeof input === 'string' && /^\d{1,10}$/.test(input) ? Number(input) : input
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= largestPage) return count
  throw refusal(place, `must be a whole number from 0 to ${largestPage}, not ${describe(input)}.`)
}

function parseColumns(input: unknown, place: string): string[] | undefined {
  const columns = parseList(input, place, queryLimits.columns, parseName)
  return columns.length === 0 ? undefined : columns
}

function parseName(input: unknown, place: string): string {
  if (typeof input !== 'string' || input === '') throw refusal(place, 'needs the name of a column.')
  if (input.length > queryLimits.name) {
    throw refusal(place, `has a column name of ${input.length} characters, and ${queryLimits.name} is the most.`)
  }
  return input
}

/** A missing or null list is an empty one. */
function parseList<T>(input: unknown, place: string, most: number, parse: (item: unknown, place: string) => T): T[] {
  if (input === undefined || input === null) return []
  if (!Array.isArray(input)) throw refusal(place, `must be an array, not ${describe(input)}.`)
  if (input.length > most) throw tooMany(place, 'entries', most)
  return Array.from(input as unknown[], (item, index) => parse(item, `${place}[${index}]`))
}

/** A misspelt FILTERS must not become "every row". */
function refuseUnknownKeys(input: Record<string, unknown>, known: readonly string[], place = 'The query'): void {
  const unknown = Object.keys(input).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw refusal(place, `has the unknown key ${JSON.stringify(shorten(unknown))}.`, `Keys are ${known.join(', ')}.`)
}

const isObject = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input)

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function describe(input: unknown): string {
  if (input === undefined) return 'nothing'
  if (input === null) return 'null'
  if (Array.isArray(input)) return 'an array'
  return typeof input === 'object' ? 'an object' : `a ${typeof input}`
}

const tooMany = (place: string, what: string, most: number): GatehouseError =>
  refusal(place, `has too many ${what}; ${most} is the most.`)

function refusal(place: string, rest: string, hint?: string): GatehouseError {
  return new GatehouseError('badQuery', `${place} ${rest}`, hint === undefined ? {} : { hint })
}
