/** Collections and their rows, for a run. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { parseQuery, type Query } from '@gatehouse/contract/query.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import {
  addColumn,
  allCollections,
  type CollectionRef,
  collectionAt,
  collectionColumns,
  createCollection,
  deleteCollection,
  dropColumn,
  setIndex,
} from '../../domain/data/collections.ts'
import { changeItems, countRows, createItems, deleteItems, fetchItems, upsert } from '../../domain/data/items.ts'
import { rowsWhere } from '../../store/rows.ts'
import { type Args, type HostTable, objectArg, textArg } from './table.ts'

function collectionArg(scope: SystemScope, args: Args) {
  const { name, id, nameOrId } = objectArg(args, 'collection')
  const ref: CollectionRef | undefined =
    typeof id === 'string'
      ? { id }
      : typeof name === 'string'
        ? { name }
        : typeof nameOrId === 'string'
          ? { nameOrId }
          : undefined
  if (ref === undefined)
    throw new GatehouseError('noSuchCollection', 'The collection must be named by a text, its name or id.')
  return collectionAt(scope, ref)
}

/** Where rows are changed or removed, a query must have been given; an empty one then means all. */
function demandQuery(args: Args): Query {
  if (args.query === undefined || args.query === null) {
    throw new GatehouseError('badQuery', 'This needs a query that says which rows.')
  }
  return parseQuery(args.query)
}

export const dataCalls: HostTable = {
  'data.fetch': async ({ scope, args }) => {
    const query = parseQuery(args.query)
    const { rows } = await fetchItems(scope, await collectionArg(scope, args), query)
    return { DATA: rows, TOTAL: rows.length, CURRENTPAGE: query.pageNumber, NEXTPAGEURL: null, PREVPAGEURL: null }
  },
  'data.create': async ({ scope, args }) => {
    const ids = await createItems(scope, await collectionArg(scope, args), args.rows)
    return ids.map((id) => ({ item_id: id }))
  },
  'data.update': async ({ scope, args }) => {
    const collection = await collectionArg(scope, args)
    const keys = await changeItems(scope, collection, demandQuery(args), args.changes)
    if (args.rows !== true) return { count: keys.length }
    const rows = []
    for (const key of keys) {
      const found = await fetchItems(scope, collection, rowsWhere(collection.table.key, key))
      rows.push(...found.rows)
    }
    return { count: keys.length, rows }
  },
  'data.remove': async ({ scope, args }) => {
    const collection = await collectionArg(scope, args)
    const keys = await deleteItems(scope, collection, demandQuery(args), { all: true })
    return { count: keys.length }
  },
  'data.count': async ({ scope, args }) => ({
    count: await countRows(scope, await collectionArg(scope, args), parseQuery(args.query)),
  }),
  'data.columns': async ({ scope, args }) => {
    const collection = await collectionArg(scope, args)
    const columns = await collectionColumns(scope, collection)
    return columns.map(({ name, type }) => ({ ColumnName: name, ColumnType: type, PK: name === collection.table.key }))
  },
  'data.upsert': async ({ scope, args }) => [
    await upsert(scope, await collectionArg(scope, args), args.row, args.conflictColumn),
  ],
  'data.addColumn': async ({ scope, args }) => {
    const { name, type } = objectArg(args, 'column')
    await addColumn(scope, await collectionArg(scope, args), name, type)
    return null
  },
  'data.dropColumn': async ({ scope, args }) => {
    await dropColumn(scope, await collectionArg(scope, args), args.name)
    return null
  },
  'data.newCollection': async ({ scope, args }) => {
    const made = await createCollection(scope, args.name)
    return { collectionID: made.id, name: made.name }
  },
  'data.deleteCollection': async ({ scope, args }) => {
    await deleteCollection(scope, await collectionArg(scope, args))
    return null
  },
  'data.allCollections': async ({ scope }) =>
    (await allCollections(scope)).map(({ id, name }) => ({ collectionID: id, name, appID: scope.system.key })),
  'data.createIndex': async ({ scope, args }) => {
    const index = { column: textArg(args, 'column'), unique: args.unique === true, present: true }
    await setIndex(scope, await collectionArg(scope, args), index)
    return null
  },
}
