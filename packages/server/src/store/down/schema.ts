/** Brings a typed table of an edge to the columns and indexes that it has on the platform. */
import { sql, type Transaction } from 'kysely'
import type { AnyTables, Dialect } from '../dialect/database.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { type CollectionRecord, findCollection } from '../tables/collections.ts'
import {
  addColumn,
  createIndex,
  createTable,
  dropColumn,
  dropIndex,
  listColumns,
  readIndexes,
} from '../typed-table/structure.ts'
import type { TypedTable } from '../typed-table/table.ts'
import { forgetCollections } from './copies.ts'
import type { TableState } from './groups.ts'

const keyOf = { items: 'item_id', users: 'user_id' } as const

/** Makes an index, or notes why it cannot be; undefined where one that cannot be made fails all. */
export type MakeIndex = (column: string, make: () => Promise<void>) => Promise<void>

/** In a transaction. Answers the table as it is now. */
export async function ensureTable(
  tx: SystemStore,
  state: TableState,
  makeIndex: MakeIndex = (_column, make) => make(),
): Promise<TypedTable> {
  const db = databaseOf(tx) as Transaction<Tables>
  const dialect = dialectOf(tx)
  const found = await findCollection(tx, state.kind === 'users' ? { kind: 'users' } : { id: state.id })
  let table: TypedTable
  if (found === undefined) {
    await giveWay(tx, state)
    table = await takeOrCreate(tx, state)
    await db.deleteFrom('collection_columns').where('collection_id', '=', state.id).execute()
    await db.deleteFrom('collections').where('system_key', '=', tx.key).where('id', '=', state.id).execute()
    await db
      .insertInto('collections')
      .values({
        ...{ id: state.id, system_key: tx.key, kind: state.kind, name: state.name },
        ...{ name_key: state.name.toLowerCase(), table_name: table.table, created_at: state.createdAt },
      })
      .execute()
    await writeColumns(db, state)
  } else {
    if (isSame(found, state) && (await hasIndexes(db, dialect, found.table, state))) return found.table
    if (found.name !== state.name) await giveWay(tx, state)
    table = await changeColumns(db, dialect, found.table, state)
    await db
      .updateTable('collections')
      .set({ name: state.name, name_key: state.name.toLowerCase() })
      .where('id', '=', found.id)
      .execute()
    await db.deleteFrom('collection_columns').where('collection_id', '=', found.id).execute()
    await writeColumns(db, { ...state, id: found.id })
  }
  await changeIndexes(db, dialect, table, state, makeIndex)
  return { ...table, columns: state.columns }
}

const tableOf = ({ kind, id }: Pick<TableState, 'kind' | 'id'>): TypedTable => ({
  ...{ table: `${kind === 'users' ? 'u' : 'c'}_${id}`, key: keyOf[kind], columns: [] },
})

/** Whether the database has a table of it that can hold rows, whatever is noted of it. */
export async function hasTable(tx: SystemStore, of: Pick<TableState, 'kind' | 'id'>): Promise<boolean> {
  const table = tableOf(of)
  return (await listColumns(databaseOf(tx) as AnyTables, dialectOf(tx), table)).includes(table.key)
}

/** A table of which nothing is noted any more is taken as it is: some of its rows may stand nowhere else. */
async function takeOrCreate(tx: SystemStore, state: TableState): Promise<TypedTable> {
  const db = databaseOf(tx) as Transaction<Tables>
  const dialect = dialectOf(tx)
  const bare = tableOf(state)
  if (!(await hasTable(tx, state))) {
    await dropIfThere(db, bare.table)
    await forgetCollections(tx, [state.id])
    return createTable(db, dialect, { ...bare, columns: state.columns })
  }
  const there = await listColumns(db, dialect, bare)
  const columns = state.columns.filter(({ name }) => there.includes(name))
  // What is only copied may have columns that the platform has no more.
  const more = state.copy === undefined ? there.filter((name) => !columns.some((one) => one.name === name)) : []
  const before = [...columns, ...more.map((name) => ({ name, type: 'string' as const }))]
  return changeColumns(db, dialect, { ...bare, columns: before }, state)
}

/** Another collection may have had this name; it has another by now, which comes with its own change. */
async function giveWay(tx: SystemStore, { id, name }: TableState): Promise<void> {
  await databaseOf(tx)
    .updateTable('collections')
    .set((eb) => ({ name_key: eb.ref('id') }))
    .where('system_key', '=', tx.key)
    .where('name_key', '=', name.toLowerCase())
    .where('id', '!=', id)
    .where('kind', '=', 'items')
    .execute()
}

const isSame = (found: CollectionRecord, { name, columns }: TableState): boolean =>
  found.name === name && JSON.stringify(found.table.columns) === JSON.stringify(columns)

const indexText = (indexes: readonly { column: string; unique: boolean }[]): string =>
  JSON.stringify(indexes.map(({ column, unique }) => `${column} ${unique}`).sort())

async function hasIndexes(db: AnyTables, dialect: Dialect, table: TypedTable, state: TableState): Promise<boolean> {
  const present = (await readIndexes(db, dialect, table)).filter(({ primary }) => !primary)
  return indexText(present) === indexText(state.indexes)
}

const dropIfThere = (db: AnyTables, table: string) => sql`drop table if exists ${sql.id(table)}`.execute(db)

async function changeColumns(
  db: AnyTables,
  dialect: Dialect,
  before: TypedTable,
  { columns }: TableState,
): Promise<TypedTable> {
  const isKept = ({ name, type }: { name: string; type: string }): boolean =>
    columns.some((column) => column.name === name && column.type === type)
  let table = before
  for (const column of before.columns) {
    if (!isKept(column)) table = await dropColumn(db, dialect, table, column.name)
  }
  const added = columns.filter((column) => !table.columns.some(({ name }) => name === column.name))
  const there = new Set(added.length === 0 ? [] : await listColumns(db, dialect, table))
  for (const column of added) {
    // It is there already, and was noted no more.
    if (there.has(column.name)) table = { ...table, columns: [...table.columns, column] }
    else table = await addColumn(db, dialect, table, column)
  }
  return table
}

async function changeIndexes(
  db: AnyTables,
  dialect: Dialect,
  table: TypedTable,
  { indexes }: TableState,
  makeIndex: MakeIndex,
): Promise<void> {
  const present = (await readIndexes(db, dialect, table)).filter(({ primary }) => !primary)
  const has = (
    list: readonly { column: string; unique: boolean }[],
    one: { column: string; unique: boolean },
  ): boolean => list.some(({ column, unique }) => column === one.column && unique === one.unique)
  for (const one of present) {
    if (!has(indexes, one)) await dropIndex(db, dialect, table, one.column, one.unique)
  }
  for (const one of indexes) {
    if (has(present, one)) continue
    await makeIndex(one.column, async () => void (await createIndex(db, dialect, table, one.column, one.unique)))
  }
}

async function writeColumns(db: Transaction<Tables>, { id, columns }: TableState): Promise<void> {
  const rows = columns.map(({ name, type }, position) => ({ collection_id: id, name, type, position }))
  await db.insertInto('collection_columns').values(rows).execute()
}

/** In a transaction; whatever there is of it, with what was copied of it, and the table of users too. */
export async function dropCollection(tx: SystemStore, id: string): Promise<void> {
  const db = databaseOf(tx)
  const found = await db
    .selectFrom('collections')
    .select('table_name')
    .where('system_key', '=', tx.key)
    .where('id', '=', id)
    .executeTakeFirst()
  if (found === undefined) return
  await dropIfThere(db, found.table_name)
  await forgetCollections(tx, [id])
  await db.deleteFrom('collection_columns').where('collection_id', '=', id).execute()
  await db.deleteFrom('synced_collections').where('system_key', '=', tx.key).where('collection_id', '=', id).execute()
  await db.deleteFrom('collections').where('system_key', '=', tx.key).where('id', '=', id).execute()
}
