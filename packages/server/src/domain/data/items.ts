/** Rows of collections, with the rights of whoever asks. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { isUnfiltered, type Query } from '@gatehouse/contract/query.ts'
import { countItems, insertItems, removeItems, selectItems, updateItems, upsertItem } from '../../store/rows.ts'
import type { CollectionRecord } from '../../store/tables/collections.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandOn } from './collections.ts'

/** Rows that one create call may bring; keeps a single transaction short. */
const createLimit = 10_000

export async function fetchItems(
  scope: SystemScope,
  collection: CollectionRecord,
  query: Query,
): Promise<{ rows: Row[]; more: boolean }> {
  await demandOn(scope, collection, bits.read, 'read rows of')
  return selectItems(scope.data, collection, query)
}

export async function countRows(scope: SystemScope, collection: CollectionRecord, query: Query): Promise<number> {
  await demandOn(scope, collection, bits.read, 'count rows of')
  return countItems(scope.data, collection, query)
}

/** Answers the item ids in input order; all rows or none. */
export async function createItems(scope: SystemScope, collection: CollectionRecord, rows: unknown): Promise<string[]> {
  await demandOn(scope, collection, bits.create, 'create rows in')
  const list = Array.isArray(rows) ? rows : [rows]
  if (list.length > createLimit) {
    throw new GatehouseError('badValue', `One call creates at most ${createLimit} rows; these are ${list.length}.`)
  }
  const checked = list.map((row) => demandRow(row))
  if (checked.length === 0) return []
  return scope.data.transaction((tx) => insertItems(tx, collection, checked))
}

function demandRow(row: unknown): Row {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new GatehouseError('badValue', 'A row must be a JSON object of column names and values.')
  }
  return row as Row
}

/**
 * Answers the ids of the changed rows. An `item_id` in the changes is left out: cb-cli sends it along. Where it sends nothing
 * else, a row without values, it is told which rows there are, since it makes those that are not.
 */
export async function changeItems(
  scope: SystemScope,
  collection: CollectionRecord,
  query: Query,
  changes: unknown,
): Promise<string[]> {
  await demandOn(scope, collection, bits.update, 'change rows of')
  const { key } = collection.table
  const { [key]: named, ...columns } = demandRow(changes)
  if (Object.keys(columns).length === 0) {
    if (named === undefined) {
      throw new GatehouseError('noChanges', 'There is nothing to change: $set names no column.')
    }
    const keys: Query = { ...query, columns: [key], sort: [], groupBy: [], pageSize: 'all' }
    return (await selectItems(scope.data, collection, keys)).rows.map((row) => String(row[key]))
  }
  return scope.data.transaction((tx) => updateItems(tx, collection, query, columns))
}

/** Removes the rows that match. Without any condition it removes all, which has to be meant: `all` says so. */
export async function deleteItems(
  scope: SystemScope,
  collection: CollectionRecord,
  query: Query,
  { all }: { all: boolean },
): Promise<string[]> {
  await demandOn(scope, collection, bits.delete, 'delete rows of')
  if (isUnfiltered(query) && !all) {
    throw new GatehouseError('badQuery', 'A delete needs a query with a condition.', {
      hint: 'To remove every row, send an empty query: ?query=[].',
    })
  }
  return scope.data.transaction((tx) => removeItems(tx, collection, query))
}

export async function upsert(
  scope: SystemScope,
  collection: CollectionRecord,
  row: unknown,
  conflictColumn: unknown,
): Promise<Row> {
  await demandOn(scope, collection, bits.create | bits.update, 'upsert rows of')
  if (typeof conflictColumn !== 'string' || conflictColumn === '') {
    throw new GatehouseError('badQuery', 'An upsert needs conflictColumn, the name of a column with a unique index.')
  }
  return scope.data.transaction((tx) => upsertItem(tx, collection, demandRow(row), conflictColumn))
}
