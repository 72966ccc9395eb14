/** Which typed tables a system has, and their columns. The rows themselves are the business of `typed-table/`. */
import type { Column, ColumnType } from '@gatehouse/contract/columns.ts'
import { databaseOf, type Store, type SystemStore, writerOf } from '../store.ts'
import type { TypedTable } from '../typed-table/table.ts'

export type CollectionRecord = {
  id: string
  kind: 'items' | 'users'
  name: string
  table: TypedTable
  createdAt: number
}

/** Collection names are told apart without regard to case, since people do. */
const nameKey = (name: string): string => name.toLowerCase()

const keyOf = { items: 'item_id', users: 'user_id' } as const

export async function insertCollection(
  store: SystemStore,
  collection: {
    id: string
    kind: 'items' | 'users'
    name: string
    tableName: string
    columns: Column[]
    createdAt: number
  },
): Promise<CollectionRecord> {
  const db = writerOf(store)
  await db
    .insertInto('collections')
    .values({
      id: collection.id,
      system_key: store.key,
      kind: collection.kind,
      name: collection.name,
      name_key: nameKey(collection.name),
      table_name: collection.tableName,
      created_at: collection.createdAt,
    })
    .execute()
  await db
    .insertInto('collection_columns')
    .values(
      collection.columns.map((column, position) => ({
        collection_id: collection.id,
        name: column.name,
        type: column.type,
        position,
      })),
    )
    .execute()
  store.record({ kind: 'collection', id: collection.id, operation: 'put', columns: ['name', 'columns'] })
  const table = { table: collection.tableName, key: keyOf[collection.kind], columns: collection.columns }
  return { id: collection.id, kind: collection.kind, name: collection.name, table, createdAt: collection.createdAt }
}

export async function findCollection(
  store: SystemStore,
  by: { id: string } | { name: string } | { kind: 'users' },
): Promise<CollectionRecord | undefined> {
  let query = databaseOf(store)
    .selectFrom('collections')
    .innerJoin('collection_columns', 'collection_columns.collection_id', 'collections.id')
    .select([
      'collections.id as id',
      'collections.kind as kind',
      'collections.name as name',
      'collections.table_name as tableName',
      'collections.created_at as createdAt',
      'collection_columns.name as columnName',
      'collection_columns.type as columnType',
    ])
    .where('collections.system_key', '=', store.key)
    .orderBy('collection_columns.position')
  if ('id' in by) query = query.where('collections.id', '=', by.id).where('collections.kind', '=', 'items')
  else if ('name' in by) {
    query = query.where('collections.name_key', '=', nameKey(by.name)).where('collections.kind', '=', 'items')
  } else query = query.where('collections.kind', '=', 'users')
  const rows = await query.execute()
  const first = rows[0]
  if (first === undefined) return undefined
  const kind = first.kind as 'items' | 'users'
  const columns = rows.map((row) => ({ name: row.columnName, type: row.columnType as ColumnType }))
  const table = { table: first.tableName, key: keyOf[kind], columns }
  return { id: first.id, kind, name: first.name, table, createdAt: first.createdAt }
}

/** In creation order; without the user table. */
export async function listCollections(store: SystemStore): Promise<{ id: string; name: string }[]> {
  return databaseOf(store)
    .selectFrom('collections')
    .select(['id', 'name'])
    .where('system_key', '=', store.key)
    .where('kind', '=', 'items')
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

/** Physical tables of a system, the user table included: what deleting the system drops. */
export async function listTableNames(store: SystemStore): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('collections')
    .select('table_name')
    .where('system_key', '=', store.key)
    .execute()
  return rows.map((row) => row.table_name)
}

/** The system of a collection: developers call by id alone (rest-api.md §1.1). */
export async function systemOfCollection(store: Store, id: string): Promise<string | undefined> {
  const row = await databaseOf(store)
    .selectFrom('collections')
    .select('system_key')
    .where('id', '=', id)
    .where('kind', '=', 'items')
    .executeTakeFirst()
  return row?.system_key
}

export async function renameCollectionRow(store: SystemStore, id: string, name: string): Promise<void> {
  await writerOf(store)
    .updateTable('collections')
    .set({ name, name_key: nameKey(name) })
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .execute()
  store.record({ kind: 'collection', id, operation: 'put', columns: ['name'] })
}

export async function deleteCollectionRow(store: SystemStore, id: string): Promise<void> {
  const db = writerOf(store)
  const gone = await db
    .deleteFrom('collections')
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .returning('id')
    .execute()
  if (gone.length === 0) return
  await db.deleteFrom('collection_columns').where('collection_id', '=', id).execute()
  store.record({ kind: 'collection', id, operation: 'delete', columns: [] })
}

export async function insertColumnRow(store: SystemStore, collectionId: string, column: Column): Promise<void> {
  const db = writerOf(store)
  const last = await db
    .selectFrom('collection_columns')
    .select((eb) => eb.fn.max('position').as('position'))
    .where('collection_id', '=', collectionId)
    .executeTakeFirst()
  await db
    .insertInto('collection_columns')
    .values({
      collection_id: collectionId,
      name: column.name,
      type: column.type,
      position: Number(last?.position ?? 0) + 1,
    })
    .execute()
  store.record({ kind: 'collection', id: collectionId, operation: 'put', columns: ['columns'] })
}

export async function renameColumnRow(
  store: SystemStore,
  collectionId: string,
  from: string,
  to: string,
): Promise<void> {
  await writerOf(store)
    .updateTable('collection_columns')
    .set({ name: to })
    .where('collection_id', '=', collectionId)
    .where('name', '=', from)
    .execute()
  store.record({ kind: 'collection', id: collectionId, operation: 'put', columns: ['columns', 'renamed'] })
}

export async function deleteColumnRow(store: SystemStore, collectionId: string, name: string): Promise<void> {
  await writerOf(store)
    .deleteFrom('collection_columns')
    .where('collection_id', '=', collectionId)
    .where('name', '=', name)
    .execute()
  store.record({ kind: 'collection', id: collectionId, operation: 'put', columns: ['columns'] })
}
