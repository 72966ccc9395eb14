/**
 * Making and changing typed tables: the table itself, its columns and its indexes. None of these opens a transaction;
 * the caller does, together with whatever else must change. Both databases undo all of it when the transaction fails.
 */
import { createHash } from 'node:crypto'
import type { Column, ColumnType } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type RawBuilder, sql } from 'kysely'
import type { AnyTables, Dialect } from '../dialect/database.ts'
import { mapDatabaseError } from '../dialect/failure.ts'
import { checkColumnName, checkNewColumn, columnNamed, refuseClash, shownName, type TypedTable } from './table.ts'

/** As the wire has it (rest-api.md §2.6). `name` is the column: cb-cli makes the index again from it alone. */
export type Index = { name: string; type: 'Primary Key' | 'Unique Index' | 'Nonunique Index' }

const sqliteTypes: Readonly<Record<ColumnType, RawBuilder<unknown>>> = {
  string: sql`text`,
  uuid: sql`text`,
  int: sql`integer`,
  bigint: sql`integer`,
  float: sql`real`,
  double: sql`real`,
  bool: sql`integer`,
  timestamp: sql`text`,
  blob: sql`text`,
  jsonb: sql`text`,
}

/** Texts sort by code point, as in SQLite, whatever language the server speaks. */
const postgresTypes: Readonly<Record<ColumnType, RawBuilder<unknown>>> = {
  string: sql`text collate "C"`,
  uuid: sql`uuid`,
  int: sql`integer`,
  bigint: sql`bigint`,
  float: sql`double precision`,
  double: sql`double precision`,
  bool: sql`boolean`,
  timestamp: sql`timestamptz`,
  blob: sql`text collate "C"`,
  jsonb: sql`jsonb`,
}

const typeOf = (dialect: Dialect, type: ColumnType): RawBuilder<unknown> =>
  (dialect.kind === 'sqlite' ? sqliteTypes : postgresTypes)[type]

export async function createTable(db: AnyTables, dialect: Dialect, table: TypedTable): Promise<TypedTable> {
  let made: TypedTable = { ...table, columns: [] }
  for (const column of table.columns) made = { ...made, columns: [...made.columns, checkNewColumn(made, column)] }
  const key = columnNamed(made, table.key, 'badCollection')
  if (key.type !== 'uuid' && key.type !== 'string') {
    throw new GatehouseError('badCollection', `The key column ${shownName(key.name)} must be of type uuid or string.`)
  }
  const columns = made.columns.map((column) => {
    const type = typeOf(dialect, column.type)
    return column.name === table.key
      ? sql`${sql.id(column.name)} ${type} not null primary key`
      : sql`${sql.id(column.name)} ${type}`
  })
  // STRICT: SQLite itself refuses a value of another type, should a check above ever miss one.
  const strict = dialect.kind === 'sqlite' ? sql` strict` : sql``
  await sql`create table ${sql.id(table.table)} (${sql.join(columns)})${strict}`.execute(db)
  return made
}

/** Drops the table with its indexes and rows. */
export async function dropTable(db: AnyTables, _dialect: Dialect, table: TypedTable): Promise<void> {
  await sql`drop table ${sql.id(table.table)}`.execute(db)
}

/** Adds the column, unset in every row. Returns the table as it is now. */
export async function addColumn(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  column: Column,
): Promise<TypedTable> {
  checkNewColumn(table, column)
  await sql`alter table ${sql.id(table.table)} add column ${sql.id(column.name)} ${typeOf(dialect, column.type)}`.execute(
    db,
  )
  return { ...table, columns: [...table.columns, column] }
}

/** Renames the column, its values and indexes kept. Returns the table as it is now. */
export async function renameColumn(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  from: string,
  to: string,
): Promise<TypedTable> {
  const column = changeable(table, from, 'renamed')
  checkColumnName(to)
  if (from === to) return table
  const others = table.columns.filter((other) => other !== column)
  refuseClash(others, to)
  const indexes = (await readIndexes(db, dialect, table)).filter((index) => index.column === from && !index.primary)
  await sql`alter table ${sql.id(table.table)} rename column ${sql.id(from)} to ${sql.id(to)}`.execute(db)
  const renamed = {
    ...table,
    columns: table.columns.map((other) => (other === column ? { ...other, name: to } : other)),
  }
  // The name of an index follows from its column, so that a later column of the old name can have one too.
  for (const index of indexes) {
    if (dialect.kind === 'postgres') {
      const next = indexName(table, to, index.unique)
      await sql`alter index ${sql.id(index.physical)} rename to ${sql.id(next)}`.execute(db)
    } else {
      await sql`drop index ${sql.id(index.physical)}`.execute(db)
      await makeIndex(db, dialect, renamed, to, index.unique)
    }
  }
  return renamed
}

/** Drops the column with its values and indexes. Returns the table as it is now. */
export async function dropColumn(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  name: string,
): Promise<TypedTable> {
  const column = changeable(table, name, 'dropped')
  for (const index of await readIndexes(db, dialect, table)) {
    if (index.column === name) await sql`drop index ${sql.id(index.physical)}`.execute(db)
  }
  await sql`alter table ${sql.id(table.table)} drop column ${sql.id(name)}`.execute(db)
  return { ...table, columns: table.columns.filter((other) => other !== column) }
}

function changeable(table: TypedTable, name: string, what: string): Column {
  const column = columnNamed(table, name, 'badCollection')
  if (name !== table.key) return column
  throw new GatehouseError('badCollection', `Column ${shownName(name)} names the rows and cannot be ${what}.`)
}

/**
 * Gives the column an index. Throws GatehouseError conflict if it has one of that kind, or if it is to be unique and two
 * rows hold the same value (rows without a value do not count).
 */
export async function createIndex(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  name: string,
  unique: boolean,
): Promise<void> {
  const column = columnNamed(table, name, 'badCollection')
  if (column.type === 'jsonb' || column.type === 'blob') {
    throw new GatehouseError('badCollection', `Column ${shownName(name)} of type ${column.type} cannot have an index.`)
  }
  if (
    (await readIndexes(db, dialect, table)).some(
      (index) => index.column === name && index.unique === unique && !index.primary,
    )
  ) {
    throw new GatehouseError('conflict', `Column ${shownName(name)} already has ${unique ? 'a unique' : 'an'} index.`)
  }
  try {
    await makeIndex(db, dialect, table, name, unique)
  } catch (error) {
    const failure = mapDatabaseError(error)
    if (failure?.kind === 'conflict') {
      throw new GatehouseError('conflict', `Column ${shownName(name)} holds the same value in several rows.`, {
        hint: 'Make its values different before it gets a unique index.',
        cause: error,
      })
    }
    if (failure?.kind === 'tooLong') {
      throw new GatehouseError('badValue', `Column ${shownName(name)} holds a value that is too long for an index.`, {
        cause: error,
      })
    }
    throw error
  }
}

async function makeIndex(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  column: string,
  unique: boolean,
): Promise<void> {
  const kind = unique ? sql`unique index` : sql`index`
  // Queries sort unset values first, so that the index can serve the order as well.
  const order = dialect.kind === 'postgres' ? sql` nulls first` : sql``
  const name = sql.id(indexName(table, column, unique))
  await sql`create ${kind} ${name} on ${sql.id(table.table)} (${sql.id(column)}${order})`.execute(db)
}

export async function dropIndex(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  name: string,
  unique: boolean,
): Promise<void> {
  columnNamed(table, name, 'badCollection')
  const found = (await readIndexes(db, dialect, table)).filter(
    (index) => index.column === name && index.unique === unique && !index.primary,
  )
  if (found.length === 0) {
    throw new GatehouseError('badCollection', `Column ${shownName(name)} has no ${unique ? 'unique' : 'plain'} index.`)
  }
  for (const index of found) await sql`drop index ${sql.id(index.physical)}`.execute(db)
}

/** The primary key first, then by column. */
export async function listIndexes(db: AnyTables, dialect: Dialect, table: TypedTable): Promise<Index[]> {
  const rank = (index: PhysicalIndex): string => `${index.primary ? 0 : 1}${index.column}${index.unique ? 0 : 1}`
  return (await readIndexes(db, dialect, table))
    .sort((left, right) => (rank(left) < rank(right) ? -1 : 1))
    .map((index) => ({
      name: index.column,
      type: index.primary ? 'Primary Key' : index.unique ? 'Unique Index' : 'Nonunique Index',
    }))
}

export type PhysicalIndex = { physical: string; column: string; unique: boolean; primary: boolean }

/** The indexes as the database itself knows them. */
export async function readIndexes(db: AnyTables, dialect: Dialect, table: TypedTable): Promise<PhysicalIndex[]> {
  const statement =
    dialect.kind === 'sqlite'
      ? sql<Record<string, unknown>>`select list.name as physical, info.name as "column", list."unique" as "unique",
          list.origin = 'pk' as "primary" from pragma_index_list(${table.table}) as list, pragma_index_info(list.name) as info`
      : sql<Record<string, unknown>>`select class.relname as physical, attribute.attname as "column",
          entry.indisunique as "unique", entry.indisprimary as "primary" from pg_index as entry
          join pg_class as class on class.oid = entry.indexrelid
          join pg_attribute as attribute on attribute.attrelid = entry.indrelid and attribute.attnum = entry.indkey[0]
          where entry.indrelid = to_regclass(quote_ident(${table.table}))`
  const { rows } = await statement.execute(db)
  return rows.map((row) => ({
    physical: String(row.physical),
    column: String(row.column),
    unique: Boolean(row.unique),
    primary: Boolean(row.primary),
  }))
}

/** Names of the columns as the database itself knows them, in no order; none where there is no such table. */
export async function listColumns(db: AnyTables, dialect: Dialect, { table }: TypedTable): Promise<string[]> {
  const statement =
    dialect.kind === 'sqlite'
      ? sql<{ name: string }>`select name from pragma_table_info(${table})`
      : sql<{ name: string }>`select attname as name from pg_attribute
          where attrelid = to_regclass(quote_ident(${table})) and attnum > 0 and not attisdropped`
  return (await statement.execute(db)).rows.map(({ name }) => name)
}

/** Always the same for the same column, and short enough for PostgreSQL whatever the names. */
export function indexName(table: TypedTable, column: string, unique: boolean): string {
  const kind = unique ? 'unique' : 'plain'
  const digest = createHash('sha256')
    .update(JSON.stringify([table.table, column, kind]))
    .digest('hex')
  return `ix_${digest.slice(0, 32)}`
}
