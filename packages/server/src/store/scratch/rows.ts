/** The rows of users and collections for a copy: the newest, measured before any of them is read. */
import type { Column, ColumnType } from '@gatehouse/contract/columns.ts'
import { type RawBuilder, sql } from 'kysely'
import type { AnyTables } from '../dialect/database.ts'
import { getRows } from '../typed-table/read.ts'
import { readIndexes } from '../typed-table/structure.ts'
import type { TypedTable } from '../typed-table/table.ts'
import { copyLimits, pieces, type Reading, type TypedRows } from './bounds.ts'

/** The user table first, so that it always has room. */
export async function readTyped(reading: Reading, userIds: readonly string[]): Promise<TypedRows[]> {
  const { db, dialect, key, cut } = reading
  const found = await db
    .selectFrom('collections')
    .select(['id', 'kind', 'name', 'table_name'])
    .where('system_key', '=', key)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  const typed: TypedRows[] = []
  const budget = { left: copyLimits.rowBytes as number }
  for (const one of found.sort((a, b) => Number(b.kind === 'users') - Number(a.kind === 'users'))) {
    const columns = await db
      .selectFrom('collection_columns')
      .select(['name', 'type'])
      .where('collection_id', '=', one.id)
      .orderBy('position')
      .execute()
    const keyColumn = one.kind === 'users' ? 'user_id' : 'item_id'
    const table: TypedTable = {
      table: one.table_name,
      key: keyColumn,
      columns: columns.map(({ name, type }): Column => ({ name, type: type as ColumnType })),
    }
    const { keys, whole } = await keysWithin(reading, table, one.kind === 'users' ? userIds : undefined, budget)
    if (!whole)
      cut.push({ what: one.kind === 'users' ? 'columns of users' : `collection ${one.name}`, copied: keys.length })
    const indexes = (await readIndexes(db as AnyTables, dialect, table)).filter(({ primary }) => !primary)
    typed.push({ table, indexes, rows: await getRows(db as AnyTables, dialect, table, keys) })
  }
  return typed
}

/** Keys of the newest rows that there is room for, measured before any of them is read: a row may hold many megabytes. */
async function keysWithin(
  { db }: Reading,
  table: TypedTable,
  only: readonly string[] | undefined,
  budget: { left: number },
): Promise<{ keys: string[]; whole: boolean }> {
  const key = sql.id(table.key)
  const sizes = table.columns.map(({ name }) => sql`coalesce(length(cast(${sql.id(name)} as text)), 0)`)
  const head = sql`select ${key} as key, ${summed(sizes)} as size from ${sql.id(table.table)}`
  const measured: { key: string; size: number }[] = []
  for (const some of only === undefined ? [undefined] : pieces(only)) {
    const tail =
      some === undefined
        ? sql`order by ${key} desc limit ${sql.lit(copyLimits.rows + 1)}`
        : sql`where ${key} in (${sql.join([...some])})`
    measured.push(...(await sql<{ key: string; size: number }>`${head} ${tail}`.execute(db)).rows)
  }
  const keys: string[] = []
  for (const { key: name, size } of measured) {
    if ((only === undefined && keys.length === copyLimits.rows) || size > budget.left) return { keys, whole: false }
    budget.left -= size
    keys.push(name)
  }
  return { keys, whole: true }
}

/** In groups, since SQLite refuses expressions that are too deep. */
function summed(parts: RawBuilder<unknown>[]): RawBuilder<unknown> {
  const groups = pieces(parts, 50).map((some) => sql`(${sql.join([...some], sql` + `)})`)
  return sql`(${sql.join(groups, sql` + `)})`
}
