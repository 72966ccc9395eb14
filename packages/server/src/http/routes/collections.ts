/** Collections themselves: made, changed, listed (rest-api.md §2.6). Their rows are `items.ts`. */
import type { SystemScope } from '../../domain/access/scope.ts'
import {
  allCollections,
  changeCollection,
  collectionAt,
  createCollection,
  deleteCollection,
  demandSeen,
} from '../../domain/data/collections.ts'
import { empty, type RouteInput, route } from '../route.ts'
import { type AnyBody, AnyObject, demandParameter, demandText, parameter } from './shapes.ts'

const systemOfBody = ({ body }: RouteInput<unknown>): string | undefined => {
  const { appID, appId, systemKey } = body as AnyBody
  const key = appID ?? appId ?? systemKey
  return typeof key === 'string' ? key : undefined
}

const collectionOfBody = ({ body }: RouteInput<unknown>) => {
  const { id } = body as AnyBody
  return typeof id === 'string' ? { collection: id } : undefined
}

const collectionOfQuery = (input: RouteInput<unknown>) => ({ collection: parameter(input, 'id') ?? '' })

const shape = (scope: SystemScope, collection: { id: string; name: string }) => ({
  appID: scope.system.key,
  collectionID: collection.id,
  name: collection.name,
})

const managementAt = (path: string, allow: 'system developer' | 'session') => [
  route({
    method: 'POST',
    path,
    allow,
    systemFrom: systemOfBody,
    summary: 'Make a collection',
    body: AnyObject,
    handle: async (scope, { body }) => shape(scope, await createCollection(scope, body.name)),
  }),
  route({
    method: 'PUT',
    path,
    allow,
    systemFrom: collectionOfBody,
    summary: 'One of addColumn, deleteColumn, renameColumn, renameCollection',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await changeCollection(scope, demandText(body, 'id'), body)
      return empty()
    },
  }),
  route({
    method: 'GET',
    path,
    allow,
    systemFrom: collectionOfQuery,
    summary: 'Name and system of a collection',
    handle: async (scope, input) => {
      const collection = await collectionAt(scope, { id: demandParameter(input, 'id') })
      await demandSeen(scope, collection)
      return shape(scope, collection)
    },
  }),
  route({
    method: 'DELETE',
    path,
    allow,
    systemFrom: collectionOfQuery,
    summary: 'Delete a collection with its rows',
    handle: async (scope, input) => {
      await deleteCollection(scope, await collectionAt(scope, { id: demandParameter(input, 'id') }))
      return empty()
    },
  }),
]

const list = async (scope: SystemScope) => (await allCollections(scope)).map((collection) => shape(scope, collection))

export const collectionRoutes = [
  ...managementAt('/admin/collectionmanagement', 'system developer'),
  ...managementAt('/api/v/3/collectionmanagement', 'session'),
  route({
    method: 'GET',
    path: '/admin/allcollections',
    allow: 'system developer',
    systemFrom: (input) => parameter(input, 'appid') ?? parameter(input, 'appID') ?? '',
    summary: 'Collections of a system',
    handle: list,
  }),
  route({
    method: 'GET',
    path: '/api/v/3/allcollections/:key',
    allow: 'session',
    summary: 'Collections of the system',
    handle: list,
  }),
]
