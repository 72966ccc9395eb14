/**
 * Rows of a collection that goes both ways, as they come down to an edge. The platform has decided on them, but for what was
 * changed here and is still on its way: that stays until it has.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { getRows } from '../typed-table/read.ts'
import type { TypedTable } from '../typed-table/table.ts'
import { insertRows } from '../typed-table/write.ts'
import type { PendingRow } from '../up/local.ts'
import { clearKeys, clearRange, clearUnique } from './clear.ts'
import type { Group } from './groups.ts'

/** `begun`: keys of rows that have only now begun to go up, whole. `apart`: of those that were written here and do not go up. */
export async function applySyncedRows(
  tx: SystemStore,
  table: TypedTable,
  { table: { id, indexes }, put, gone, range, stay }: Extract<Group, { what: 'rows' }> & { stay: ReadonlySet<string> },
  pending: Map<string, PendingRow>,
  begun: ReadonlySet<string>,
  apart: ReadonlySet<string>,
): Promise<void> {
  const [db, dialect] = [databaseOf(tx), dialectOf(tx)]
  const every = new Set(table.columns.map(({ name }) => name))
  for (const key of begun) pending.set(key, { columns: every, isGone: false })
  const keys = put.map((row) => String(row[table.key]))
  if (range !== null)
    await clearRange(tx, table, range, new Set([...keys, ...stay]), new Set([...pending.keys(), ...apart]))
  const own = new Map(
    (
      await getRows(
        db,
        dialect,
        table,
        keys.filter((key) => pending.has(key)),
      )
    ).map((row) => [String(row[table.key]), row]),
  )
  const rows = put.flatMap((row): Row[] => {
    const key = String(row[table.key])
    const waits = pending.get(key)
    if (waits === undefined) return [row]
    if (waits.isGone) return []
    const here = own.get(key)
    const kept =
      here && Object.fromEntries([...waits.columns].filter((name) => every.has(name)).map((name) => [name, here[name]]))
    return [{ ...row, ...kept }]
  })
  await clearKeys(tx, table, [...gone.filter((key) => !pending.has(key)), ...rows.map((row) => String(row[table.key]))])
  const isUnique = indexes.some(({ unique }) => unique)
  const sent = new Set(keys)
  const displaced = isUnique
    ? await getRows(
        db,
        dialect,
        table,
        [...pending.keys()].filter((key) => !sent.has(key)),
      )
    : []
  await clearUnique(tx, table, indexes, rows)
  await insertRows(db, dialect, table, rows)
  await tellDisplaced(tx, id, table, displaced)
}

/** Own rows on their way up that a unique value of another pushed out: whoever reads the conflicts finds it there. */
async function tellDisplaced(tx: SystemStore, collection: string, table: TypedTable, before: readonly Row[]) {
  if (before.length === 0) return
  const keys = before.map((row) => String(row[table.key]))
  const left = new Set((await getRows(databaseOf(tx), dialectOf(tx), table, keys)).map((row) => String(row[table.key])))
  for (const row of before) {
    const key = String(row[table.key])
    if (left.has(key)) continue
    const text = JSON.stringify(row)
    tx.tell({ kind: 'displaced', collection, key, row: text.length <= longestTold ? text : '' })
  }
}

const longestTold = 16 * 1024
