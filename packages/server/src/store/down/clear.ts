/** Takes rows of an edge's table out of the way of what comes from the platform. In a transaction. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { sql } from 'kysely'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import type { TypedTable } from '../typed-table/table.ts'
import { toStored } from '../typed-table/values.ts'
import type { Range } from './groups.ts'

const keysAtOnce = 500

export async function clearKeys(tx: SystemStore, table: TypedTable, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += keysAtOnce) {
    const some = sql.join(keys.slice(start, start + keysAtOnce))
    await sql`delete from ${sql.id(table.table)} where ${sql.id(table.key)} in (${some})`.execute(databaseOf(tx))
  }
}

/**
 * All between the two keys that the platform does not have, and answers their keys. Rows that were written at this edge stay,
 * since the platform does not know them: those named, or all of a collection.
 */
export async function clearRange(
  tx: SystemStore,
  table: TypedTable,
  { after, upTo }: Range,
  keep: ReadonlySet<string>,
  own_: string | ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const key = sql.id(table.key)
  const end = upTo === null ? sql`` : sql`and ${key} <= ${upTo}`
  const { rows } = await sql<{ k: string }>`select ${key} as k from ${sql.id(table.table)}
    where ${key} > ${after} ${end}`.execute(databaseOf(tx))
  const strange = rows.map(({ k }) => String(k)).filter((one) => !keep.has(one))
  const own = typeof own_ !== 'string' ? own_ : strange.length === 0 ? new Set() : await ownKeys(tx, own_)
  const gone = strange.filter((one) => !own.has(one))
  await clearKeys(tx, table, gone)
  return gone
}

/** Of rows that were ever written at this edge. */
export async function ownKeys(tx: SystemStore, collectionId: string): Promise<Set<string>> {
  const rows = await databaseOf(tx)
    .selectFrom('changes')
    .select('id')
    .distinct()
    .where('system_key', '=', tx.key)
    .where('kind', '=', 'item')
    .where('id', 'like', `${collectionId}/%`)
    .execute()
  return new Set(rows.map(({ id }) => id.slice(collectionId.length + 1)))
}

/**
 * Rows that hold a value which is unique and now belongs to another: on the platform they have changed as well, and come with
 * that change.
 */
export async function clearUnique(
  tx: SystemStore,
  table: TypedTable,
  indexes: readonly { column: string; unique: boolean }[],
  rows: readonly Row[],
): Promise<void> {
  for (const { column: name, unique } of indexes) {
    const column = table.columns.find((one) => one.name === name)
    if (!unique || column === undefined) continue
    const values = rows.map((row) => row[name]).filter((value) => value !== null && value !== undefined)
    for (let start = 0; start < values.length; start += keysAtOnce) {
      const stored = values.slice(start, start + keysAtOnce).map((value) => toStored(dialectOf(tx), column, value))
      await sql`delete from ${sql.id(table.table)} where ${sql.id(name)} in (${sql.join(stored)})`.execute(
        databaseOf(tx),
      )
    }
  }
}
