/**
 * Rows into a typed table: inserted, changed, deleted. Nothing here opens a transaction, asks for rights or notes the change;
 * whoever calls does all three. An unfiltered query changes or deletes every row: callers that take one from a stranger
 * ask `isUnfiltered` first.
 */
import type { Column, Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Query } from '@gatehouse/contract/query.ts'
import { type RawBuilder, sql } from 'kysely'
import type { AnyTables, Dialect } from '../dialect/database.ts'
import { explained } from './failures.ts'
import { whereClause } from './filter.ts'
import { convert } from './read.ts'
import { readIndexes } from './structure.ts'
import { columnNamed, shownName, type TypedTable } from './table.ts'
import { type Stored, toStored } from './values.ts'

/** Rows of one statement at the most; more would only make statements that the database parses anew each time. */
const rowsPerStatement = 200

/**
 * Inserts the rows and returns their keys in the same order. A row without a key gets a new one: a UUID that begins with the
 * time, so that rows come back in the order they were made unless a query sorts them. `{}` is a row with nothing set.
 * Several statements if there are many rows, so it wants a transaction.
 */
export async function insertRows(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  rows: readonly Row[],
): Promise<string[]> {
  const keyed = rows.map((row) => storedRow(dialect, table, row, true))
  let start = 0
  while (start < keyed.length) {
    const chunk = keyed.slice(start, start + rowsPerStatement)
    const columns = table.columns.filter((column) => chunk.some((row) => row.has(column.name)))
    const fitting = chunk.slice(0, Math.max(1, Math.floor(dialect.maxParameters / columns.length)))
    await explained(table, insertStatement(table, columns, fitting).execute(db))
    start += fitting.length
  }
  return keyed.map((row) => String(row.get(table.key)))
}

const isUnset = (row: Row, name: string): boolean =>
  !Object.hasOwn(row, name) || row[name] === null || row[name] === undefined

type StoredRow = ReadonlyMap<string, Stored>

/** Checks a row against the columns. What it does not name stays unset; a row to be inserted gets a key if it has none. */
function storedRow(dialect: Dialect, table: TypedTable, row: Row, inserted: boolean): StoredRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new GatehouseError('badValue', 'A row must be an object of column names and values.')
  }
  const stored = new Map<string, Stored>()
  for (const name of Object.keys(row)) {
    const column = columnNamed(table, name, 'badValue')
    if (inserted && name === table.key && isUnset(row, name)) continue
    const value = toStored(dialect, column, row[name])
    if (name === table.key && (value === null || value === '')) {
      throw new GatehouseError('badValue', `Column ${shownName(name)} names the row and cannot be empty.`)
    }
    stored.set(name, value)
  }
  if (inserted && !stored.has(table.key)) stored.set(table.key, dialect.newKey())
  return stored
}

function insertStatement(table: TypedTable, columns: readonly Column[], rows: readonly StoredRow[]): RawBuilder<Row> {
  const names = sql.join(columns.map((column) => sql.id(column.name)))
  const tuples = rows.map((row) => sql`(${sql.join(columns.map((column) => row.get(column.name) ?? null))})`)
  return sql<Row>`insert into ${sql.id(table.table)} (${names}) values ${sql.join(tuples)}`
}

/**
 * Sets the changes in every row that matches, whatever page or order the query names, and returns the keys of those rows.
 * cb-cli sends the key among the changes: it is taken if it is the key of the one row that matches, and refused otherwise.
 */
export async function updateRows(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  query: Query,
  changes: Row,
): Promise<string[]> {
  const stored = new Map(storedRow(dialect, table, changes, false))
  if (stored.size === 0) throw new GatehouseError('noChanges', 'The changes name no column.')
  const where = whereClause(dialect, table, query)
  const key = sql.id(table.key)
  const physical = sql.id(table.table)
  const given = stored.get(table.key)
  if (given !== undefined) {
    const { rows } = await explained(table, sql<Row>`select ${key} as k from ${physical}${where} limit 2`.execute(db))
    if (rows.some((row) => row.k !== given)) {
      throw new GatehouseError('badValue', `Column ${shownName(table.key)} names the row and cannot be changed.`)
    }
    stored.delete(table.key)
    if (stored.size === 0) return rows.map((row) => String(row.k))
  }
  const sets = Array.from(stored, ([name, value]) => sql`${sql.id(name)} = ${value}`)
  const { rows } = await explained(
    table,
    sql<Row>`update ${physical} set ${sql.join(sets)}${where} returning ${key} as k`.execute(db),
  )
  return rows.map((row) => String(row.k))
}

/** Deletes every row that matches, whatever page or order the query names, and returns their keys. */
export async function deleteRows(db: AnyTables, dialect: Dialect, table: TypedTable, query: Query): Promise<string[]> {
  const where = whereClause(dialect, table, query)
  const { rows } = await explained(
    table,
    sql<Row>`delete from ${sql.id(table.table)}${where} returning ${sql.id(table.key)} as k`.execute(db),
  )
  return rows.map((row) => String(row.k))
}

/**
 * Inserts the row, or, if another holds the same value in the conflict column, sets the given columns there (never its key).
 * Returns the row as it is now and whether it is new. The conflict column must be in the row and carry a unique index.
 */
export async function upsertRow(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  row: Row,
  conflictColumn: string,
): Promise<{ row: Row; created: boolean }> {
  columnNamed(table, conflictColumn, 'badQuery')
  if (typeof row !== 'object' || row === null) throw new GatehouseError('badValue', 'A row must be an object.')
  const indexes = await readIndexes(db, dialect, table)
  if (!indexes.some((index) => index.column === conflictColumn && index.unique)) {
    throw new GatehouseError('badQuery', `The conflict column ${shownName(conflictColumn)} has no unique index.`, {
      hint: 'Give the column a unique index first.',
    })
  }
  if (isUnset(row, conflictColumn)) {
    throw new GatehouseError('badValue', `The row has no value for the conflict column ${shownName(conflictColumn)}.`)
  }
  const named = !isUnset(row, table.key)
  const stored = storedRow(dialect, table, row, true)
  const columns = table.columns.filter((column) => stored.has(column.name))
  const changed = columns.filter((column) => column.name !== table.key && column.name !== conflictColumn)
  // Setting the conflict column to what it already is makes the statement return the row.
  const sets = (changed.length > 0 ? changed : columns.filter((column) => column.name === conflictColumn)).map(
    (column) => sql`${sql.id(column.name)} = excluded.${sql.id(column.name)}`,
  )
  const all = sql.join(table.columns.map((column) => sql.id(column.name)))
  const existed = named
    ? sql<Row>`select 1 as found from ${sql.id(table.table)}
        where ${sql.id(conflictColumn)} = ${stored.get(conflictColumn)}`.execute(db)
    : undefined
  const found = ((await existed)?.rows.length ?? 0) > 0
  const { rows } = await explained(
    table,
    sql<Row>`${insertStatement(table, columns, [stored])} on conflict (${sql.id(conflictColumn)})
      do update set ${sql.join(sets)} returning ${all}`.execute(db),
  )
  const result = convert(dialect, table.columns, rows)[0]
  if (result === undefined) throw new Error('an upsert returned no row')
  return { row: result, created: !found && result[table.key] === stored.get(table.key) }
}
