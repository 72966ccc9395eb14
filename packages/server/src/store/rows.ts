/**
 * Rows of collections and of the user table: the one way in which they are written, so that each write also stands in the
 * change log of its system, in the same transaction. What a typed table is to the database is `typed-table/`'s business.
 */
import type { Column, Row } from '@gatehouse/contract/columns.ts'
import { everything, type Query } from '@gatehouse/contract/query.ts'
import { databaseOf, dialectOf, type SystemStore, writerOf } from './store.ts'
import {
  type CollectionRecord,
  deleteCollectionRow,
  deleteColumnRow,
  insertCollection,
  insertColumnRow,
  listTableNames,
  renameColumnRow,
} from './tables/collections.ts'
import { countRows, getRow, getRows, selectRows } from './typed-table/read.ts'
import {
  addColumn,
  createIndex,
  createTable,
  dropColumn,
  dropIndex,
  dropTable,
  listIndexes,
  renameColumn,
} from './typed-table/structure.ts'
import { fromStored, toStored } from './typed-table/values.ts'
import { deleteRows, insertRows, updateRows, upsertRow } from './typed-table/write.ts'
import { forgetStamps } from './up/stamps.ts'

/** The query for one value of one column. */
export const rowsWhere = (column: string, value: string): Query => ({
  ...everything,
  any: [[{ column, operator: 'EQ', value }]],
  pageSize: 'all',
})

const kindOf = (collection: CollectionRecord) => (collection.kind === 'users' ? 'user' : 'item')

function recordRows(
  store: SystemStore,
  collection: CollectionRecord,
  operation: 'put' | 'delete',
  keys: string[],
  columns: string[],
): void {
  const kind = kindOf(collection)
  for (const key of keys) {
    store.record({ kind, id: kind === 'user' ? key : `${collection.id}/${key}`, operation, columns })
  }
}

/** Answers the keys in input order. In a transaction, as all writes here. */
export async function insertItems(store: SystemStore, collection: CollectionRecord, rows: Row[]): Promise<string[]> {
  const keys = await insertRows(writerOf(store), dialectOf(store), collection.table, rows)
  rows.forEach((row, index) => {
    recordRows(store, collection, 'put', [keys[index]!], Object.keys(row))
  })
  return keys
}

export function selectItems(
  store: SystemStore,
  collection: CollectionRecord,
  query: Query,
): Promise<{ rows: Row[]; more: boolean }> {
  return selectRows(databaseOf(store), dialectOf(store), collection.table, query)
}

export function countItems(store: SystemStore, collection: CollectionRecord, query: Query): Promise<number> {
  return countRows(databaseOf(store), dialectOf(store), collection.table, query)
}

export function getItem(store: SystemStore, collection: CollectionRecord, key: string): Promise<Row | undefined> {
  return getRow(databaseOf(store), dialectOf(store), collection.table, key)
}

/** Those of the keys that are there, sorted by key. */
export async function getItems(
  store: SystemStore,
  collection: CollectionRecord,
  keys: readonly string[],
): Promise<Row[]> {
  const rows = await getRows(databaseOf(store), dialectOf(store), collection.table, keys)
  const { key } = collection.table
  return rows.sort((one, other) => (String(one[key]) < String(other[key]) ? -1 : 1))
}

/** Answers the keys of the changed rows. */
export async function updateItems(
  store: SystemStore,
  collection: CollectionRecord,
  query: Query,
  changes: Row,
): Promise<string[]> {
  const keys = await updateRows(writerOf(store), dialectOf(store), collection.table, query, changes)
  recordRows(store, collection, 'put', keys, Object.keys(changes))
  return keys
}

export async function removeItems(store: SystemStore, collection: CollectionRecord, query: Query): Promise<string[]> {
  const keys = await deleteRows(writerOf(store), dialectOf(store), collection.table, query)
  recordRows(store, collection, 'delete', keys, [])
  return keys
}

export async function upsertItem(
  store: SystemStore,
  collection: CollectionRecord,
  row: Row,
  conflictColumn: string,
): Promise<Row> {
  const { row: written } = await upsertRow(writerOf(store), dialectOf(store), collection.table, row, conflictColumn)
  recordRows(store, collection, 'put', [String(written[collection.table.key])], Object.keys(row))
  return written
}

/**
 * The row as a read would give it after a write: what tells whether a write would change anything. Columns that it does not
 * name stay unnamed. Throws badValue, naming the column, for what cannot be written.
 */
export function rowAsKept(store: SystemStore, columns: readonly Column[], row: Row): Row {
  const dialect = dialectOf(store)
  const kept: Row = {}
  for (const column of columns) {
    if (!Object.hasOwn(row, column.name)) continue
    const stored = toStored(dialect, column, row[column.name])
    if (stored === null) kept[column.name] = null
    else if (column.type === 'jsonb') kept[column.name] = JSON.parse(String(stored))
    else kept[column.name] = fromStored(dialect, column, stored)
  }
  return kept
}

export async function createItemTable(
  store: SystemStore,
  collection: { id: string; name: string; columns: Column[]; createdAt: number },
): Promise<CollectionRecord> {
  const columns: Column[] = [{ name: 'item_id', type: 'uuid' }, ...collection.columns]
  const record = await insertCollection(store, {
    ...collection,
    columns,
    kind: 'items',
    tableName: `c_${collection.id}`,
  })
  await createTable(writerOf(store), dialectOf(store), record.table)
  return record
}

export async function createUserTable(
  store: SystemStore,
  table: { id: string; createdAt: number },
): Promise<CollectionRecord> {
  const columns: Column[] = [
    { name: 'user_id', type: 'string' },
    { name: 'email', type: 'string' },
    { name: 'creation_date', type: 'timestamp' },
    { name: 'cb_service_account', type: 'bool' },
    { name: 'cb_ttl_override', type: 'int' },
    { name: 'cb_token', type: 'string' },
  ]
  const tableName = `u_${table.id}`
  const record = await insertCollection(store, { ...table, kind: 'users', name: 'users', columns, tableName })
  await createTable(writerOf(store), dialectOf(store), record.table)
  await createIndex(writerOf(store), dialectOf(store), record.table, 'email', true)
  return record
}

export async function dropItemTable(store: SystemStore, collection: CollectionRecord): Promise<void> {
  await dropTable(writerOf(store), dialectOf(store), collection.table)
  await forgetStamps(store, collection.id)
  await deleteCollectionRow(store, collection.id)
}

/** Every physical table of the system, when the system itself goes. */
export async function dropTables(store: SystemStore): Promise<void> {
  for (const table of await listTableNames(store)) {
    await dropTable(writerOf(store), dialectOf(store), { table, key: '', columns: [] })
  }
}

export async function addItemColumn(store: SystemStore, collection: CollectionRecord, column: Column): Promise<void> {
  await addColumn(writerOf(store), dialectOf(store), collection.table, column)
  await insertColumnRow(store, collection.id, column)
}

export async function renameItemColumn(
  store: SystemStore,
  collection: CollectionRecord,
  from: string,
  to: string,
): Promise<void> {
  await renameColumn(writerOf(store), dialectOf(store), collection.table, from, to)
  await renameColumnRow(store, collection.id, from, to)
}

export async function dropItemColumn(store: SystemStore, collection: CollectionRecord, name: string): Promise<void> {
  await dropColumn(writerOf(store), dialectOf(store), collection.table, name)
  await deleteColumnRow(store, collection.id, name)
}

export async function createItemIndex(
  store: SystemStore,
  collection: CollectionRecord,
  column: string,
  unique: boolean,
): Promise<void> {
  await createIndex(writerOf(store), dialectOf(store), collection.table, column, unique)
  store.record({ kind: 'collection', id: collection.id, operation: 'put', columns: ['indexes'] })
}

export async function dropItemIndex(
  store: SystemStore,
  collection: CollectionRecord,
  column: string,
  unique: boolean,
): Promise<void> {
  await dropIndex(writerOf(store), dialectOf(store), collection.table, column, unique)
  store.record({ kind: 'collection', id: collection.id, operation: 'put', columns: ['indexes'] })
}

export function listItemIndexes(
  store: SystemStore,
  collection: CollectionRecord,
): Promise<{ name: string; type: string }[]> {
  return listIndexes(databaseOf(store), dialectOf(store), collection.table)
}
