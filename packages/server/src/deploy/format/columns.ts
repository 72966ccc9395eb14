/** Columns as every file of the format has them: `{ColumnName, ColumnType, PK}`. */
import { columnTypes } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { extraOf, type Fields, keyed, listOf, objectOf, type Place, truthOf, wrongType } from './fields.ts'
import type { PackageColumn } from './model.ts'
import { type Note, shown } from './notes.ts'
import type { Reading } from './tree.ts'

/** The last is the answer's, not the column's: tools write down what the API tells them. */
const columnKeys = new Set(['ColumnName', 'ColumnType', 'PK', 'UserDefined'])

/** Without the built-in ones; of two with one name the first counts. Throws badPackage for a type that does not exist. */
export function readColumns(
  { notes }: Reading,
  place: Place,
  value: unknown,
  asset: NonNullable<Note['asset']>,
  builtIn: ReadonlySet<string>,
): PackageColumn[] {
  const columns = new Map<string, PackageColumn>()
  for (const [index, one] of listOf(place, value).entries()) {
    const at = keyed(place, index)
    const fields = objectOf(at, one)
    const name = fields.ColumnName
    if (typeof name !== 'string' || name === '') throw wrongType(keyed(at, 'ColumnName'), 'the name of a column', name)
    if (builtIn.has(name)) continue
    if (columns.has(name)) {
      const message = `${place.path} has the column ${shown(name)} more than once; the first counts.`
      notes.add('duplicate', message, { path: place.path, asset })
      continue
    }
    const type = columnTypes.find((candidate) => candidate === fields.ColumnType)
    if (type === undefined) {
      if (typeof fields.ColumnType !== 'string') throw wrongType(keyed(at, 'ColumnType'), 'a text', fields.ColumnType)
      const where = `${place.path}: ${keyed(at, 'ColumnType').inside}`
      throw new GatehouseError('badPackage', `${where} is ${shown(fields.ColumnType)}, which is no type of a column.`, {
        hint: `Types are ${columnTypes.join(', ')}.`,
      })
    }
    const primaryKey = truthOf(keyed(at, 'PK'), fields.PK)
    columns.set(name, { name, type, primaryKey, extra: extraOf(fields, columnKeys) })
  }
  return [...columns.values()]
}

export const columnFields = ({ name, type, primaryKey, extra }: PackageColumn): Fields => ({
  ...extra,
  ColumnName: name,
  ColumnType: type,
  PK: primaryKey,
})
