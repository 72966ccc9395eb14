/** Roles of a system, for its developer and for users who may manage them (rest-api.md §2.5). */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import {
  addRole,
  countRoles,
  dropRole,
  editRole,
  findRoles,
  roleShapes,
  rolesOfUser,
} from '../../domain/accounts/roles.ts'
import { empty, type RouteInput, route } from '../route.ts'
import { AnyObject, demandParameter, parameter, queryParameter } from './shapes.ts'

const developerPath = '/admin/user/:key/roles'
const userPath = '/api/v/3/user/roles/:key'

/** Roles that match `query`, or the roles of one `user`. */
async function list(scope: SystemScope, input: RouteInput<unknown>) {
  const user = parameter(input, 'user')
  if (parameter(input, 'device') !== undefined) {
    throw new GatehouseError('notAvailableYet', 'Roles of devices are not available yet.')
  }
  const roles = user === undefined ? await findRoles(scope, queryParameter(input)) : await rolesOfUser(scope, user)
  return roleShapes(scope, roles)
}

/** The contract calls the parameter `role`, the public API description `query`. */
const roleParameter = (input: RouteInput<unknown>): string =>
  parameter(input, 'role') === undefined && parameter(input, 'query') !== undefined
    ? demandParameter(input, 'query')
    : demandParameter(input, 'role')

const rolesAt = (path: string, allow: 'system developer' | 'session') => [
  route({
    method: 'GET',
    path,
    allow,
    summary: 'Roles with their rights: those that match a query, or those of ?user=',
    handle: list,
  }),
  route({
    method: 'POST',
    path,
    allow,
    summary: 'Make a role',
    body: AnyObject,
    handle: async (scope, { body }) => ({ role_id: await addRole(scope, body) }),
  }),
  route({
    method: 'PUT',
    path,
    allow,
    summary: 'Change a role by id or name; rights that are not named stay as they are',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await editRole(scope, body)
      return empty()
    },
  }),
  route({
    method: 'DELETE',
    path,
    allow,
    summary: 'Delete a role',
    handle: async (scope, input) => {
      await dropRole(scope, roleParameter(input))
      return empty()
    },
  }),
]

export const roleRoutes = [
  ...rolesAt(developerPath, 'system developer'),
  ...rolesAt(userPath, 'session'),
  route({
    method: 'GET',
    path: `${developerPath}/count`,
    allow: 'system developer',
    summary: 'How many roles match',
    handle: async (scope, input) => ({ count: await countRoles(scope, queryParameter(input)) }),
  }),
]
