/** Wire shapes and readers that several routes share. */
import type { Column } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { isUnfiltered, parseQuery, parseQueryText, type Query } from '@gatehouse/contract/query.ts'
import type { BodySchema, RouteInput } from '../route.ts'

/** An object with any keys: what is in it is read by the domain, which names what is wrong. */
export const AnyObject: BodySchema<AnyBody> = { type: 'object' }

export type AnyBody = Record<string, unknown>

type Named = { query: RouteInput<unknown>['query'] }

/** The first of parameters that came twice: the Python SDK's next page sends `query` twice (rest-api.md §1.2). */
export function parameter({ query }: Named, name: string): string | undefined {
  const value = query[name]
  return Array.isArray(value) ? value[0] : value
}

export function demandParameter(input: Named, name: string): string {
  const value = parameter(input, name)
  if (value === undefined || value === '')
    throw new GatehouseError('badRequest', `The query parameter ${name} is missing.`)
  return value
}

export function queryParameter(input: Named): Query {
  const text = parameter(input, 'query')
  return text === undefined ? parseQuery(undefined) : parseQueryText(text)
}

/**
 * Of a call that changes or removes things: an absent query, or what becomes of one that was never set (`undefined`, `null`,
 * a blank), is a mistake and refused; an empty form (`[]`, `[[]]`, `{}`, `{"FILTERS":[]}`) is meant and stands for all.
 */
export function explicitQuery(given: unknown): Query {
  const value = typeof given === 'string' ? jsonOf(given) : given
  if (typeof value !== 'object' || value === null) {
    throw new GatehouseError('badQuery', 'This needs a query that says which ones are meant.', {
      hint: 'Send query with a condition; an empty list, [], stands for all.',
    })
  }
  const query = parseQuery(value)
  const filters = (value as { FILTERS?: unknown }).FILTERS ?? (value as { Queries?: unknown }).Queries
  // A page or an order alone does not say which: all rows would go, whatever the page.
  if (isUnfiltered(query) && filters == null && !Array.isArray(value) && Object.keys(value).length > 0) {
    throw new GatehouseError('badQuery', 'The query has no FILTERS, so it does not say which ones are meant.', {
      hint: 'Send FILTERS with a condition; "FILTERS": [] stands for all.',
    })
  }
  return query
}

function jsonOf(text: string): unknown {
  if (text.trim() === '' || text.trim() === 'undefined') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new GatehouseError('badQuery', 'The query is not valid JSON.')
  }
}

/** The developer API adds whether a column is the system's own; cb-cli panics without it. */
export const columnShape = (column: Column, key: string) => ({
  ColumnName: column.name,
  ColumnType: column.type,
  PK: column.name === key,
})

/** A browser that opens an address, as against a program that asks. */
export const wantsPage = (headers: RouteInput<unknown>['headers']): boolean =>
  String(headers.accept ?? '').includes('text/html')

export function demandText(body: AnyBody, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '')
    throw new GatehouseError('badRequest', `The body needs the text "${name}".`)
  return value
}
