/** A user's own account, and what users may do with others (rest-api.md §2.1). */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { demandMadeHere } from '../../domain/access/made-here.ts'
import { demand } from '../../domain/access/rights.ts'
import { checkPasswordOf, refusalError } from '../../domain/accounts/credentials.ts'
import { askForOwnColumns } from '../../domain/accounts/profile-requests.ts'
import {
  countUsers,
  createUser,
  deleteUser,
  findUsers,
  manageUser,
  ownRow,
  readUserChanges,
  setOwnPassword,
  setOwnRow,
  updateUsers,
  userColumns,
} from '../../domain/accounts/users.ts'
import { empty, route } from '../route.ts'
import { AnyObject, columnShape, demandText, explicitQuery, queryParameter } from './shapes.ts'

export const userRoutes = [
  route({
    method: 'GET',
    path: '/api/v/1/user/info',
    allow: 'session',
    summary: 'The own record of the user',
    handle: (scope) => ownRow(scope),
  }),
  route({
    method: 'PUT',
    path: '/api/v/1/user/info',
    allow: 'session',
    summary: 'Change custom columns of the own record; at an edge, where its deployment allows it, ask for it',
    body: AnyObject,
    // The Node SDK calls back twice, first with an error, where the body of a success is a text that is not JSON.
    handle: async (scope, { body }) => {
      if (scope.edge !== undefined && scope.system.settings.edge_requests) {
        await askForOwnColumns(scope, body)
        return { requested: true }
      }
      await setOwnRow(scope, body)
      return empty()
    },
  }),
  route({
    method: 'POST',
    path: '/api/v/1/user/info',
    allow: 'session',
    summary: 'Create a user, by somebody who may create users',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await demand(scope, { kind: 'users', level: bits.create }, 'create users')
      const { email, password, ...fields } = body
      const user = await createUser(scope, { email, password, fields, chosenBy: 'person' })
      return { user_id: user.userId }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v/1/user/info',
    allow: 'session',
    summary: 'Delete a user, by somebody who may delete users',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await deleteUser(scope, demandText(body, 'user_id'))
      return empty()
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v/1/user/pass',
    allow: 'session',
    summary: 'Change the own password',
    body: AnyObject,
    handle: async (scope, { body }) => {
      if (scope.caller.kind !== 'user')
        throw new GatehouseError('notSignedIn', 'Only a signed-in user has a password to change.')
      // Before the old one: it is no place to try passwords in.
      demandMadeHere(scope, 'change the password')
      const check = await checkPasswordOf(scope, scope.caller.userId, demandText(body, 'old_password'))
      if (!check.ok) throw refusalError(check, 'wrongCredentials')
      await setOwnPassword(scope, check.account, body.new_password)
      return 'Success'
    },
  }),
  route({
    method: 'GET',
    path: '/api/v/1/user',
    allow: 'session',
    summary: 'Users of the system',
    handle: async (scope, input) => {
      const { rows, total } = await findUsers(scope, queryParameter(input))
      return { Data: rows, Total: total }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v/1/user/count',
    allow: 'session',
    summary: 'How many users match',
    handle: async (scope, input) => ({ count: await countUsers(scope, queryParameter(input)) }),
  }),
  route({
    method: 'GET',
    path: '/api/v/1/user/columns',
    allow: 'session',
    summary: 'Columns of the user table',
    handle: async (scope) => {
      await demand(scope, { kind: 'users', level: bits.read }, 'read the columns of users')
      return (await userColumns(scope)).map(({ column }) => columnShape(column, 'user_id'))
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v/2/user/info',
    allow: 'session',
    summary: 'Change custom columns of the users that match',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const changes = body.changes ?? body.$set
      if (typeof changes !== 'object' || changes === null)
        throw new GatehouseError('changesMissing', 'The body needs the object "changes".')
      return { count: await updateUsers(scope, explicitQuery(body.query), changes as Record<string, unknown>) }
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v/4/user/manage',
    allow: 'session',
    summary: 'Change password, roles or columns of a user, by somebody who manages users',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const { user, changes } = readManageBody(body)
      await manageUser(scope, user, readUserChanges(changes))
      return empty()
    },
  }),
]

/** Codes 216 and 217 of the contract's table when a part is missing. */
export function readManageBody(body: Record<string, unknown>): { user: string; changes: Record<string, unknown> } {
  const { user, changes } = body
  if (typeof user !== 'string' || user === '')
    throw new GatehouseError('userMissing', 'The body needs "user", the id of a user.')
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) {
    throw new GatehouseError('changesMissing', 'The body needs the object "changes".')
  }
  return { user, changes: changes as Record<string, unknown> }
}
