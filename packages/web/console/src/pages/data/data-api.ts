/** What the pages of data ask the node: collections, their columns and indexes, and their rows page by page. */
import type { ColumnType } from '@gatehouse/contract/columns.ts'
import { ask } from '../../api.ts'

export type Collection = { collectionID: string; name: string }

export type Column = { ColumnName: string; ColumnType: ColumnType; PK: boolean }

export type Index = { name: string; type: 'Primary Key' | 'Unique Index' | 'Nonunique Index' }

/** A row as it travels: unset columns are null. */
export type Row = Record<string, unknown> & { item_id: string }

export const operators = {
  '=': 'EQ',
  '≠': 'NEQ',
  '>': 'GT',
  '≥': 'GTE',
  '<': 'LT',
  '≤': 'LTE',
  contains: 'RE',
  'matches pattern': 'RE',
  'has no value': 'EQ',
  'has a value': 'NEQ',
} as const

export type Operator = keyof typeof operators

/** `value` as JSON of the column's type; null where the operator needs none. */
export type Condition = { column: string; operator: Operator; value: string | number | boolean | null }

export type Sort = { column: string; direction: 'ASC' | 'DESC' }

/** Which rows, in which order. */
export type View = { conditions: readonly Condition[]; sort: Sort | undefined }

const segment = encodeURIComponent
const data = (id: string): string => `/api/v/1/data/${segment(id)}`
const withQuery = (path: string, query: unknown): string => `${path}?query=${segment(JSON.stringify(query))}`

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function filters({ conditions }: View): unknown[] {
  if (conditions.length === 0) return []
  const wire = conditions.map(({ column, operator, value }) => ({
    [operators[operator]]: [{ [column]: operator === 'contains' ? escaped(String(value)) : value }],
  }))
  return [wire]
}

export const collectionsKey = (key: string) => ['data', key]

export const collectionsQuery = (key: string) => ({
  queryKey: collectionsKey(key),
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Collection[]> => {
    const list = await ask<Collection[]>(`/admin/allcollections?appid=${segment(key)}`, { signal })
    return list.sort((a, b) => a.name.localeCompare(b.name))
  },
})

export const columnsQuery = (id: string) => ({
  queryKey: ['collection', id, 'columns'],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Column[]>(`${data(id)}/columns`, { signal }),
})

export const indexesQuery = (id: string) => ({
  queryKey: ['collection', id, 'indexes'],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Index[]> =>
    (await ask<{ Data: Index[] }>(`/api/v/4/data/${segment(id)}/listindexes`, { signal })).Data,
})

/** Everything that is read of the rows of a collection. */
export const rowsKey = (id: string) => ['collection', id, 'rows']

export const countQuery = (id: string, view: View) => ({
  queryKey: [...rowsKey(id), 'count', view.conditions],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<number> =>
    (await ask<{ count: number }>(withQuery(`${data(id)}/count`, { FILTERS: filters(view) }), { signal })).count,
})

/** Rows of one page that the grid reads. */
export const pageSize = 100

/** `page` counts from 0. */
export const pageQuery = (id: string, view: View, page: number) => ({
  queryKey: [...rowsKey(id), 'page', view.conditions, view.sort, page],
  queryFn: ({ signal }: { signal: AbortSignal }) => fetchPage(id, view, pageSize, page, signal),
})

export async function fetchPage(
  id: string,
  view: View,
  size: number,
  page: number,
  signal?: AbortSignal,
): Promise<Row[]> {
  const query = {
    FILTERS: filters(view),
    SORT: view.sort === undefined ? [] : [{ [view.sort.direction]: view.sort.column }],
    PAGESIZE: size,
    PAGENUM: page + 1,
  }
  return (await ask<{ DATA: Row[] }>(withQuery(data(id), query), { signal })).DATA
}

export async function fetchRow(id: string, itemId: string): Promise<Row | undefined> {
  const query = { FILTERS: [[{ EQ: [{ item_id: itemId }] }]], PAGESIZE: 1 }
  return (await ask<{ DATA: Row[] }>(withQuery(data(id), query))).DATA[0]
}

export const insertRows = (id: string, rows: Record<string, unknown>[]): Promise<{ item_id: string }[]> =>
  ask(data(id), { method: 'POST', body: rows })

/** Addresses have an end, so that many go in several calls. */
const deletedAtOnce = 100

export async function deleteRows(id: string, itemIds: string[]): Promise<number> {
  let count = 0
  for (let start = 0; start < itemIds.length; start += deletedAtOnce) {
    const groups = itemIds.slice(start, start + deletedAtOnce).map((itemId) => [{ EQ: [{ item_id: itemId }] }])
    count += (await ask<{ count: number }>(withQuery(data(id), { FILTERS: groups }), { method: 'DELETE' })).count
  }
  return count
}

/** Every row, which an empty query says. */
export const deleteAllRows = (id: string): Promise<{ count: number }> =>
  ask(`${data(id)}?query=${segment('[]')}`, { method: 'DELETE' })

export const createCollection = (key: string, name: string): Promise<Collection> =>
  ask('/admin/collectionmanagement', { method: 'POST', body: { appID: key, name } })

/** One of addColumn, deleteColumn, renameColumn, renameCollection. */
export const changeCollection = (id: string, change: Record<string, unknown>): Promise<unknown> =>
  ask('/admin/collectionmanagement', { method: 'PUT', body: { id, ...change } })

export const deleteCollection = (id: string): Promise<unknown> =>
  ask(`/admin/collectionmanagement?id=${segment(id)}`, { method: 'DELETE' })

/** By name, as these calls go. */
export const setIndex = (
  key: string,
  collection: string,
  column: string,
  { unique, present }: { unique: boolean; present: boolean },
): Promise<unknown> =>
  ask(
    `/api/v/4/collection/${segment(key)}/${segment(collection)}/${unique ? 'uniqueindex' : 'index'}?columnName=${segment(column)}`,
    { method: present ? 'POST' : 'DELETE' },
  )

/** Lengths that a filter takes; what is longer is compared here, just before it is written. */
const longestCompared = 50_000

export type Written = { kind: 'written' } | { kind: 'gone' } | { kind: 'changed'; now: unknown }

/**
 * Writes one cell if it still holds `before`: the value is part of the update's own condition. JSON cannot be compared
 * there, so it is read again just before. `over`: whatever it holds.
 */
export async function writeCell(
  id: string,
  cell: { itemId: string; column: Column; before: unknown; value: unknown; over?: boolean },
): Promise<Written> {
  const { itemId, column, before, value, over = false } = cell
  const name = column.ColumnName
  const isComparable = column.ColumnType !== 'jsonb' && !(typeof before === 'string' && before.length > longestCompared)
  if (!over && !isComparable) {
    const row = await fetchRow(id, itemId)
    if (row === undefined) return { kind: 'gone' }
    if (JSON.stringify(row[name]) !== JSON.stringify(before)) return { kind: 'changed', now: row[name] }
  }
  const held = !over && isComparable ? [{ EQ: [{ [name]: before }] }] : []
  const query = { FILTERS: [[{ EQ: [{ item_id: itemId }] }, ...held]] }
  const { count } = await ask<{ count: number }>(data(id), { method: 'PUT', body: { query, $set: { [name]: value } } })
  if (count > 0) return { kind: 'written' }
  const row = await fetchRow(id, itemId)
  return row === undefined ? { kind: 'gone' } : { kind: 'changed', now: row[name] }
}
