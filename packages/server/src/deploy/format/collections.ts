/** Collections: `data/<name>.json` with columns, indexes and, where they were exported, rows. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { columnFields, readColumns } from './columns.ts'
import {
  extraOf,
  type Fields,
  fieldsOf,
  keyed,
  listOf,
  objectOf,
  type Place,
  textOf,
  truthOf,
  wrongType,
} from './fields.ts'
import type { PackageCollection, PackageGrant, PackageIndex } from './model.ts'
import { shown } from './notes.ts'
import { readPermissionsMap } from './permissions-map.ts'
import { type JsonRecord, nameOf, noteSecrets, oneOfEach, type Reading, recordsIn } from './tree.ts'

const credentials = ['app_id', 'collection_id', 'appID', 'collectionID', 'system_key']
const known = new Set(['name', 'schema', 'items', 'indexes', 'permissions', 'isConnect', ...credentials])
const itemId = new Set(['item_id'])

export type ReadCollections = {
  collections: PackageCollection[]
  grants: PackageGrant[]
  /** Collections of an outside database, which are kept. */
  external: { name: string; record: JsonRecord }[]
  /** Ids of the exporter, by which the oldest roles name collections. */
  nameById: ReadonlyMap<string, string>
}

export function readCollections(reading: Reading): ReadCollections {
  const grants: PackageGrant[] = []
  const nameById = new Map<string, string>()
  const all = recordsIn(reading, 'data').map((record) => {
    const name = nameOf(reading, 'collection', record)
    return { name, path: record.path, stem: record.stem, record }
  })
  const chosen = oneOfEach(reading, 'collection', all)
  const isExternal = ({ record }: (typeof all)[number]): boolean =>
    truthOf({ path: record.path, inside: 'isConnect' }, record.fields.isConnect)

  const collections = chosen
    .filter((one) => !isExternal(one))
    .map(({ name, record }): PackageCollection => {
      const { path, fields } = record
      const file = { path, inside: '' }
      noteSecrets(reading, record, credentials)
      for (const key of ['collection_id', 'collectionID']) {
        const id = fields[key]
        if (typeof id === 'string' && id !== '') nameById.set(id, name)
      }
      grants.push(...readPermissionsMap(reading, file, fields.permissions, 'collections', name))
      const columns = readColumns(reading, keyed(file, 'schema'), fields.schema, { kind: 'collection', name }, itemId)
      const names = new Set(['item_id', ...columns.map((column) => column.name)])
      return {
        name,
        columns,
        indexes: readIndexes(reading, keyed(file, 'indexes'), fields.indexes, name, names),
        rows: readRows(reading, keyed(file, 'items'), fields.items, name, names),
        extra: extraOf(fields, known),
      }
    })
  return { collections, grants, external: chosen.filter(isExternal), nameById }
}

const indexKeys = new Set(['name', 'type'])

function readIndexes(
  { notes }: Reading,
  place: Place,
  value: unknown,
  collection: string,
  columns: ReadonlySet<string>,
): PackageIndex[] {
  const asset = { kind: 'collection', name: collection } as const
  const indexes = new Map<string, PackageIndex>()
  const data = keyed(place, 'Data')
  for (const [index, one] of listOf(data, fieldsOf(place, value).Data).entries()) {
    const at = keyed(data, index)
    const fields = objectOf(at, one)
    const name = textOf(keyed(at, 'name'), fields.name)
    const type = indexTypeOf(textOf(keyed(at, 'type'), fields.type))
    const about = { path: place.path, asset }
    if (type === undefined) {
      notes.add('skipped', `${place.path}: ${at.inside} is of no known type of index and is left out.`, about)
    } else if (!columns.has(name)) {
      const message = `${place.path} has an index on ${shown(name)}, which is no column of it; the index is left out.`
      notes.add('dangling', message, about)
    } else if (indexes.has(`${type} ${name}`)) {
      notes.add('duplicate', `${place.path} has the same index on ${shown(name)} more than once.`, about)
    } else indexes.set(`${type} ${name}`, { name, type, extra: extraOf(fields, indexKeys) })
  }
  return [...indexes.values()]
}

/** The API says "Unique Index" and "Nonunique Index"; people and older notes also "unique" and "non-unique". */
function indexTypeOf(text: string): PackageIndex['type'] | undefined {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z]/g, '')
    .replace(/index$/, '')
  if (plain === 'primarykey') return 'Primary Key'
  if (plain === 'unique') return 'Unique Index'
  return plain === 'nonunique' ? 'Nonunique Index' : undefined
}

function readRows({ notes }: Reading, place: Place, value: unknown, name: string, columns: ReadonlySet<string>): Row[] {
  const strange = new Map<string, number>()
  const rows = listOf(place, value).map((one, index): Row => {
    const row = objectOf(keyed(place, index), one)
    const extra = Object.keys(row).filter((key) => !columns.has(key))
    for (const key of extra) strange.set(key, (strange.get(key) ?? 0) + 1)
    if (row.item_id !== undefined && row.item_id !== null && typeof row.item_id !== 'string') {
      throw wrongType(keyed(keyed(place, index), 'item_id'), 'a text', row.item_id)
    }
    return extra.length === 0 ? row : Object.fromEntries(Object.entries(row).filter(([key]) => columns.has(key)))
  })
  for (const [key, count] of strange) {
    const holders = count === 1 ? 'a row has' : `${count} rows have`
    const message = `${place.path}: ${holders} a value under ${shown(key)}, which is no column; it is left out.`
    notes.add('skipped', message, { path: place.path, asset: { kind: 'collection', name } })
  }
  return rows
}

const itemIdColumn = { ColumnName: 'item_id', ColumnType: 'uuid', PK: true }

/** `grants` are the rights whose role has no file of its own. */
export function collectionFile(collection: PackageCollection, grants: readonly PackageGrant[]): Fields {
  const { name, columns, indexes, rows, extra } = collection
  return {
    ...extra,
    name,
    schema: [itemIdColumn, ...columns.map(columnFields)],
    indexes: {
      Data: indexes.map((index) => ({ ...index.extra, name: index.name, type: index.type })),
      Total: indexes.length,
    },
    items: rows,
    permissions: grants.length === 0 ? undefined : Object.fromEntries(grants.map((one) => [one.role, one.level])),
  }
}
