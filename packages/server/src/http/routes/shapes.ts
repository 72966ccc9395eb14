/** Wire shapes and readers that several routes share. */
import type { Column } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { parseQuery, parseQueryText, type Query } from '@gatehouse/contract/query.ts'
import { Type } from 'typebox'
import type { RouteInput } from '../route.ts'

/** An object with any keys: what is in it is read by the domain, which names what is wrong. */
export const AnyObject = Type.Record(Type.String(), Type.Unknown())

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

/** The developer API adds whether a column is the system's own; cb-cli panics without it. */
export const columnShape = (column: Column, key: string) => ({
  ColumnName: column.name,
  ColumnType: column.type,
  PK: column.name === key,
})

export function demandText(body: AnyBody, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '')
    throw new GatehouseError('badRequest', `The body needs the text "${name}".`)
  return value
}
