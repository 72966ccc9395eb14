/** Failures of a statement on a typed table, in words about its columns. Those that are about no column stay as they are. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { mapDatabaseError } from '../dialect/failure.ts'
import { indexName } from './structure.ts'
import { shownName, type TypedTable } from './table.ts'

/** Waits for a statement. Throws GatehouseError conflict, badValue or badQuery where the values or the query are at fault. */
export async function explained<T>(table: TypedTable, statement: Promise<T>): Promise<T> {
  try {
    return await statement
  } catch (error) {
    throw explanation(table, error)
  }
}

function explanation(table: TypedTable, error: unknown): unknown {
  const failure = mapDatabaseError(error)
  if (failure?.kind === 'conflict') {
    const column = conflictColumn(table, failure)
    return new GatehouseError(
      'conflict',
      column === undefined
        ? 'Another row already holds a value that must be unique.'
        : `Column ${shownName(column)} must be unique, and another row already holds this value.`,
      { cause: error },
    )
  }
  if (failure?.kind === 'tooLong') {
    return new GatehouseError('badValue', 'A value is too long for the database, or for the index on its column.', {
      cause: error,
    })
  }
  if (failure?.kind === 'busy' && failure.timedOut) {
    return new GatehouseError('badQuery', 'The query took too long and was ended.', {
      hint: 'Narrow it with another condition, or add an index to the column it filters by.',
      cause: error,
    })
  }
  const code = (error as { code?: unknown } | undefined)?.code
  // The table was changed between reading its columns and this statement.
  if (code === '42703' || code === '42P01' || (code === 'SQLITE_ERROR' && schemaGone.test((error as Error).message))) {
    return new GatehouseError('conflict', 'The columns were changed at the same moment.', {
      hint: 'Read them again, then repeat the request.',
      cause: error,
    })
  }
  // 2201B: PostgreSQL would not have a pattern that RE2 takes. 54001: it would not have a query this deep.
  if (code === '2201B')
    return new GatehouseError('badQuery', 'The RE pattern is not valid on this database.', { cause: error })
  if (code === '54001')
    return new GatehouseError('badQuery', 'The query is too complex for the database.', { cause: error })
  return error
}

const schemaGone = /^(no such (column|table):|table .* has no column named) /

function conflictColumn(table: TypedTable, failure: { column?: string; constraint?: string }): string | undefined {
  if (failure.constraint !== undefined) {
    const indexed = table.columns.find((column) => indexName(table, column.name, true) === failure.constraint)
    if (indexed !== undefined) return indexed.name
  }
  return table.columns.find((column) => column.name === failure.column)?.name
}
