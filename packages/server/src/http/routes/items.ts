/** Rows of collections, by the collection's id and by its name, with columns, counts and indexes (rest-api.md §2.6). */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { parseQuery, type Query } from '@gatehouse/contract/query.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { collectionAt, collectionColumns, indexesOf, setIndex } from '../../domain/data/collections.ts'
import { changeItems, countRows, createItems, deleteItems, fetchItems, upsert } from '../../domain/data/items.ts'
import { type RouteInput, route } from '../route.ts'
import { pageShape } from './paging.ts'
import { type AnyBody, AnyObject, columnShape, explicitQuery, parameter, queryParameter } from './shapes.ts'

/** How a group of paths names its collection. The id alone also tells the system of a developer's token. */
type Place = {
  collection: (input: RouteInput<unknown>) => { id: string } | { name: string }
  systemFrom?: (input: RouteInput<unknown>) => { collection: string }
}

const byId: Place = {
  collection: ({ params }) => ({ id: params.id! }),
  systemFrom: ({ params }) => ({ collection: params.id! }),
}
const byName: Place = { collection: ({ params }) => ({ name: params.name! }) }

const idPath = '/api/v/1/data/:id'
const namePath = '/api/v/1/collection/:key/:name'

/** The path as it was asked, for links to other pages. */
const pathOf = ({ params }: RouteInput<unknown>): string =>
  params.id === undefined
    ? `/api/v/1/collection/${encodeURIComponent(params.key!)}/${encodeURIComponent(params.name!)}`
    : `/api/v/1/data/${encodeURIComponent(params.id)}`

/** The Java SDK may name one row by `item_id` instead of a query. */
function queryOfBody({ query, item_id: id }: AnyBody): Query {
  return query === undefined && typeof id === 'string' && id !== ''
    ? parseQuery([[{ EQ: [{ item_id: id }] }]])
    : explicitQuery(query)
}

/** The Java SDK sends `$set` as JSON inside a text. */
function changesOfBody({ $set: changes }: AnyBody): unknown {
  if (changes === undefined) throw new GatehouseError('noChanges', 'The body needs "$set", the columns to change.')
  if (typeof changes !== 'string') return changes
  try {
    return JSON.parse(changes)
  } catch {
    throw new GatehouseError('badValue', '"$set" must be an object of column names and values.')
  }
}

const at = (scope: SystemScope, place: Place, input: RouteInput<unknown>) =>
  collectionAt(scope, place.collection(input))

const rowsAt = (path: string, place: Place) => [
  route({
    method: 'GET',
    path,
    allow: 'session',
    ...place,
    summary: 'One page of rows',
    handle: async (scope, input) => {
      const query = queryParameter(input)
      return pageShape(pathOf(input), query, await fetchItems(scope, await at(scope, place, input), query))
    },
  }),
  route({
    method: 'POST',
    path,
    allow: 'session',
    ...place,
    summary: 'Create a row, or an array of rows: all or none',
    handle: async (scope, input) => {
      const ids = await createItems(scope, await at(scope, place, input), input.body)
      return ids.map((id) => ({ item_id: id }))
    },
  }),
  route({
    method: 'PUT',
    path,
    allow: 'session',
    ...place,
    summary: 'Change the rows that match',
    body: AnyObject,
    handle: async (scope, input) => {
      const { body } = input
      const collection = await at(scope, place, input)
      return { count: (await changeItems(scope, collection, queryOfBody(body), changesOfBody(body))).length }
    },
  }),
  route({
    method: 'DELETE',
    path,
    allow: 'session',
    ...place,
    summary: 'Delete the rows that match; an empty query that is sent means all',
    handle: async (scope, input) => {
      const query = explicitQuery(parameter(input, 'query'))
      return { count: (await deleteItems(scope, await at(scope, place, input), query, { all: true })).length }
    },
  }),
]

const columnsAt = (path: string, place: Place) =>
  route({
    method: 'GET',
    path,
    allow: 'session',
    ...place,
    summary: 'Columns of a collection',
    handle: async (scope, input) => {
      const collection = await at(scope, place, input)
      const columns = await collectionColumns(scope, collection)
      return columns.map((column) => columnShape(column, collection.table.key))
    },
  })

const countAt = (path: string, place: Place) =>
  route({
    method: 'GET',
    path,
    allow: 'session',
    ...place,
    summary: 'How many rows match',
    handle: async (scope, input) => ({
      count: await countRows(scope, await at(scope, place, input), queryParameter(input)),
    }),
  })

const upsertAt = (path: string | readonly string[], place: Place) =>
  route({
    method: 'PUT',
    path,
    allow: 'session',
    ...place,
    summary: 'Create a row, or change the one with the same value in ?conflictColumn=, which has a unique index',
    body: AnyObject,
    handle: async (scope, input) =>
      upsert(scope, await at(scope, place, input), input.body, parameter(input, 'conflictColumn')),
  })

const indexAt = (method: 'POST' | 'DELETE', path: readonly string[], unique: boolean) =>
  route({
    method,
    path,
    allow: 'session',
    summary: `${method === 'POST' ? 'Give' : 'Take from'} the column ?columnName= ${unique ? 'a unique' : 'an'} index`,
    handle: async (scope, input) => {
      const column = parameter(input, 'columnName')
      await setIndex(scope, await at(scope, byName, input), { column, unique, present: method === 'POST' })
      return { success: true }
    },
  })

const listIndexesAt = (path: string | readonly string[], place: Place) =>
  route({
    method: 'GET',
    path,
    allow: 'session',
    ...place,
    summary: 'Indexes of a collection',
    handle: async (scope, input) => {
      const indexes = await indexesOf(scope, await at(scope, place, input))
      return { Total: indexes.length, Data: indexes }
    },
  })

/** Two spellings of the newer paths by name; the second shares its beginning with the paths by id (rest-api.md §2.6). */
const v4 = (last: string) => [`/api/v/4/collection/:key/:name/${last}`, `/api/v/4/data/:key/:name/${last}`]

export const itemRoutes = [
  ...rowsAt(idPath, byId),
  ...rowsAt(namePath, byName),
  columnsAt(`${idPath}/columns`, byId),
  columnsAt('/api/v/2/collection/:key/:name/columns', byName),
  countAt(`${idPath}/count`, byId),
  countAt('/api/v/2/collection/:key/:name/count', byName),
  upsertAt('/api/v/4/data/:id/upsert', byId),
  upsertAt(v4('upsert'), byName),
  indexAt('POST', v4('index'), false),
  indexAt('DELETE', v4('index'), false),
  indexAt('POST', v4('uniqueindex'), true),
  indexAt('DELETE', v4('uniqueindex'), true),
  listIndexesAt('/api/v/4/data/:id/listindexes', byId),
  listIndexesAt(v4('listindexes'), byName),
]
