/** Rows out of a typed table: by query, by key, counted. Nothing here changes a row or opens a transaction. */
import type { Column, Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Query } from '@gatehouse/contract/query.ts'
import { type RawBuilder, sql } from 'kysely'
import type { AnyTables, Dialect } from '../dialect/database.ts'
import { explained } from './failures.ts'
import { orderClause, ordered, whereClause } from './filter.ts'
import { columnNamed, shownName, type TypedTable } from './table.ts'
import { convertedColumns, fromStored, toStored } from './values.ts'

/**
 * One page of rows; `more` says whether the next page holds any. Every selected column is in each row, null where unset.
 * With `groupBy` a row is one combination of those columns with `count`, the number of rows that have it.
 */
export async function selectRows(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  query: Query,
): Promise<{ rows: Row[]; more: boolean }> {
  const where = whereClause(dialect, table, query)
  const page = pageClause(query)
  if (query.groupBy.length > 0) return selectGroups(db, dialect, table, query, where, page)
  const columns = chosenColumns(table, query.columns)
  const order = orderClause(dialect, table, query)
  const rows = await explained(
    table,
    read(db, dialect, sql<Row>`select ${names(columns)} from ${sql.id(table.table)}${where}${order}${page}`),
  )
  return cut(convert(dialect, columns, rows), query)
}

/** The row of that key; undefined if there is none, also for a key that no row can have. */
export async function getRow(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  key: unknown,
): Promise<Row | undefined> {
  const column = columnNamed(table, table.key, 'badQuery')
  let stored: unknown
  try {
    stored = toStored(dialect, column, key, 'badQuery')
  } catch {
    return undefined
  }
  if (stored === null) return undefined
  const byKey = sql<Row>`select ${names(table.columns)} from ${sql.id(table.table)} where ${sql.id(table.key)} = ${stored}`
  return convert(dialect, table.columns, await read(db, dialect, byKey))[0]
}

/** By the short way where the database has one. */
async function read(db: AnyTables, dialect: Dialect, query: RawBuilder<Row>): Promise<Row[]> {
  if (dialect.read === undefined || db.isTransaction) return (await query.execute(db)).rows
  const { sql: text, parameters } = query.compile(db)
  return dialect.read(text, parameters) as Row[]
}

/** The rows of those keys that are there, in no order; keys that no row can have are passed over. */
export async function getRows(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  keys: readonly string[],
): Promise<Row[]> {
  const column = columnNamed(table, table.key, 'badQuery')
  const stored = keys.flatMap((key) => {
    try {
      return [toStored(dialect, column, key, 'badQuery')]
    } catch {
      return []
    }
  })
  const found: Row[] = []
  for (let start = 0; start < stored.length; start += keysAtOnce) {
    const some = stored.slice(start, start + keysAtOnce)
    const { rows } = await sql<Row>`select ${names(table.columns)} from ${sql.id(table.table)}
      where ${sql.id(table.key)} in (${sql.join(some)})`.execute(db)
    found.push(...convert(dialect, table.columns, rows))
  }
  return found
}

/** One statement for all full pieces, which the database then parses once. */
const keysAtOnce = 500

/** How many rows match, whatever page, order or groups the query names. */
export async function countRows(db: AnyTables, dialect: Dialect, table: TypedTable, query: Query): Promise<number> {
  const where = whereClause(dialect, table, query)
  const { rows } = await explained(
    table,
    sql<{ n: number }>`select count(*) as n from ${sql.id(table.table)}${where}`.execute(db),
  )
  return Number(rows[0]?.n ?? 0)
}

async function selectGroups(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  query: Query,
  where: RawBuilder<unknown>,
  page: RawBuilder<unknown>,
): Promise<{ rows: Row[]; more: boolean }> {
  const groups = [...new Set(query.groupBy)].map((name) => {
    const column = columnNamed(table, name, 'badQuery')
    if (column.type === 'jsonb') throw badGroup(`Rows cannot be grouped by column ${shownName(name)} of type jsonb.`)
    if (name.toLowerCase() === 'count') throw badGroup('Rows cannot be grouped by a column named "count".')
    return column
  })
  const within = (name: string): Column => {
    const column = groups.find((group) => group.name === name)
    if (column !== undefined) return column
    columnNamed(table, name, 'badQuery')
    throw badGroup(`Column ${shownName(name)} is not among the columns of GROUPBY.`)
  }
  const columns = query.columns === undefined ? groups : [...new Set(query.columns)].map(within)
  const sorts = new Map(query.sort.map((sort) => [within(sort.column).name, sort.direction]))
  for (const group of groups) if (!sorts.has(group.name)) sorts.set(group.name, 'asc')
  const order = [...sorts].map(([name, direction]) => ordered(dialect, name, direction, true))
  const { rows } = await explained(
    table,
    sql<Row>`select ${names(columns)}, count(*) as "count" from ${sql.id(table.table)}${where}
      group by ${names(groups)} order by ${sql.join(order)}${page}`.execute(db),
  )
  return cut(convert(dialect, columns, rows), query)
}

const badGroup = (detail: string): GatehouseError =>
  new GatehouseError('badQuery', detail, {
    hint: 'GROUPBY gives one row for each combination of its columns, with their number as "count".',
  })

function chosenColumns(table: TypedTable, chosen: string[] | undefined): readonly Column[] {
  return chosen === undefined ? table.columns : [...new Set(chosen)].map((name) => columnNamed(table, name, 'badQuery'))
}

const names = (columns: readonly Column[]): RawBuilder<unknown> =>
  sql.join(columns.map((column) => sql.id(column.name)))

/** One row more than the page holds: it tells whether another page follows. */
/** The numbers of a page's size stand in the text; see `../dialect/sqlite-compiler.ts`. */
function pageClause(query: Query): RawBuilder<unknown> {
  if (query.pageSize === 'all') return sql``
  const limit = sql` limit ${sql.lit(query.pageSize + 1)}`
  return query.pageNumber <= 1 ? limit : sql`${limit} offset ${query.pageSize * (query.pageNumber - 1)}`
}

function cut(rows: Row[], query: Query): { rows: Row[]; more: boolean } {
  if (query.pageSize === 'all' || rows.length <= query.pageSize) return { rows, more: false }
  return { rows: rows.slice(0, query.pageSize), more: true }
}

/** Turns what the database keeps into JSON, in place: the rows were made for this call alone. */
export function convert(dialect: Dialect, columns: readonly Column[], rows: Row[]): Row[] {
  const converted = convertedColumns(dialect, columns)
  if (converted.length === 0) return rows
  for (const row of rows) {
    for (const column of converted) row[column.name] = fromStored(dialect, column, row[column.name])
  }
  return rows
}
