/** Column types of collections and of the user table, as exported systems name them. */
export const columnTypes = [
  'string',
  'uuid',
  'int',
  'bigint',
  'float',
  'double',
  'bool',
  'timestamp',
  'blob',
  'jsonb',
] as const

export type ColumnType = (typeof columnTypes)[number]

export type Column = { name: string; type: ColumnType }

/** One row as it travels: column name to JSON value; unset columns are null. */
export type Row = Record<string, unknown>
