/**
 * What a typed table is: a real database table whose columns a developer chose, behind every collection and behind the
 * users of a system. Its names are checked here; making and changing it is `structure.ts`, its rows are `read.ts` and
 * `write.ts`. Which system it belongs to and who may touch it is known above the store.
 */
import type { Column } from '@gatehouse/contract/columns.ts'
import { columnTypes } from '@gatehouse/contract/columns.ts'
import { type ErrorName, GatehouseError } from '@gatehouse/contract/errors.ts'

export type TypedTable = {
  /** The name in the database: made by us of a-z, 0-9 and _, never by a person. */
  table: string
  /** The column that names a row, e.g. `item_id`. */
  key: string
  /** All of them, the key included, in the order they are shown. */
  columns: readonly Column[]
}

/** PostgreSQL cuts longer names, silently. */
const longestName = 63
const mostColumns = 500

/** PostgreSQL keeps these names for itself in every table; an object in JavaScript keeps the last. */
const reserved: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid', '__proto__'])

/**
 * Returns the name if a column may have it: 1 to 63 bytes of letters and digits of any script, spaces inside, and
 * `_ - . : / ( ) % # &`. So it never holds a quote, a control character or the `->` of a path into jsonb.
 * Throws GatehouseError badCollection.
 */
export function checkColumnName(name: unknown): string {
  if (typeof name !== 'string' || name === '') throw badName('A column needs a name.')
  const shown = shownName(name)
  if (Buffer.byteLength(name) > longestName) {
    throw badName(`The column name ${shown} is longer than ${longestName} bytes.`)
  }
  if (!/^[\p{L}\p{M}\p{N} _\-.:/()%#&]+$/u.test(name) || !name.isWellFormed()) {
    throw badName(`The column name ${shown} holds a character that is not allowed.`)
  }
  if (name.startsWith(' ') || name.endsWith(' ')) throw badName(`The column name ${shown} starts or ends with a space.`)
  if (reserved.has(name.toLowerCase())) throw badName(`The column name ${shown} is reserved by the database.`)
  return name
}

/** Checks a column that a table is to get: its name, its type, and that no column of the same name in any case is there. */
export function checkNewColumn(table: TypedTable, column: Column): Column {
  checkColumnName(column.name)
  if (!columnTypes.includes(column.type)) {
    const given = typeof column.type === 'string' ? shownName(column.type) : 'of another kind'
    throw new GatehouseError('badCollection', `The column type ${given} does not exist.`, {
      hint: `Types are ${columnTypes.join(', ')}.`,
    })
  }
  if (table.columns.length >= mostColumns) {
    throw new GatehouseError('badCollection', `The table has ${mostColumns} columns, and that is the most.`)
  }
  refuseClash(table.columns, column.name)
  return column
}

/** SQLite takes `A` and `a` for one column, so both databases refuse the second. */
export function refuseClash(columns: readonly Column[], name: string): void {
  const clash = columns.find((column) => folded(column.name) === folded(name))
  if (clash === undefined) return
  throw new GatehouseError('badCollection', `A column named ${shownName(clash.name)} is already there.`, {
    hint: 'Names that differ in case only count as the same.',
  })
}

const folded = (name: string): string => name.normalize('NFC').toLowerCase()

/** The column of that exact name. Throws a GatehouseError of the given kind that lists the ones that exist. */
export function columnNamed(table: TypedTable, name: string, kind: ErrorName): Column {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  const names = table.columns.map((candidate) => candidate.name)
  const listed = names.length > 40 ? `${names.slice(0, 40).join(', ')} and ${names.length - 40} more` : names.join(', ')
  throw new GatehouseError(kind, `There is no column ${shownName(name)}.`, { hint: `Columns are ${listed}.` })
}

/** A name as a person's text quotes it, cut to a readable length. */
export const shownName = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)

const badName = (detail: string): GatehouseError =>
  new GatehouseError('badCollection', detail, {
    hint: 'Column names are 1 to 63 bytes of letters, digits, spaces and _ - . : / ( ) % # &.',
  })
