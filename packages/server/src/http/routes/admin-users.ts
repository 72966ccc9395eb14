/** Users of a system, their columns and their sessions, for its developer (rest-api.md §2.4). */
import { authenticatorsOf, removeAuthenticator } from '../../domain/accounts/authenticators.ts'
import { countUserSessions, endUserSessions, findUserSessions } from '../../domain/accounts/user-sessions.ts'
import {
  addUserColumn,
  countUsers,
  createUser,
  deleteUser,
  dropUserColumn,
  findUsers,
  manageUser,
  readUserChanges,
  userColumns,
} from '../../domain/accounts/users.ts'
import { empty, route } from '../route.ts'
import { AnyObject, columnShape, demandParameter, explicitQuery, parameter, queryParameter } from './shapes.ts'
import { readManageBody } from './users.ts'

const users = '/admin/user/:key'
const sessions = '/admin/v/4/session/:key/user'
const authenticators = '/admin/v/4/system/:key/users/:user/authenticators'

export const adminUserRoutes = [
  route({
    method: 'GET',
    path: users,
    allow: 'system developer',
    summary: 'Users of the system: {Data, Total} without a query, a bare array with one',
    handle: async (scope, input) => {
      const { rows, total } = await findUsers(scope, queryParameter(input))
      return parameter(input, 'query') === undefined ? { Data: rows, Total: total } : rows
    },
  }),
  route({
    method: 'GET',
    path: `${users}/count`,
    allow: 'system developer',
    summary: 'How many users match',
    handle: async (scope, input) => ({ count: await countUsers(scope, queryParameter(input)) }),
  }),
  route({
    method: 'POST',
    path: users,
    allow: 'system developer',
    summary: 'Make a user; the account is not signed in',
    body: AnyObject,
    // The shape of a registration, which the SDKs read: a number in expires_at, a text in user_token.
    handle: async (scope, { body }) => {
      const { email, password, ...fields } = body
      const { userId, row } = await createUser(scope, { email, password, fields, chosenBy: 'developer' })
      return {
        user_id: userId,
        user_token: '',
        email: row.email,
        creation_date: row.creation_date,
        expires_at: 0,
        refresh_token: '',
        options: '',
      }
    },
  }),
  route({
    method: 'PUT',
    path: users,
    allow: 'system developer',
    summary: 'Change columns, e-mail, password, state or roles of a user',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const { user, changes } = readManageBody(body)
      await manageUser(scope, user, readUserChanges(changes))
      return empty()
    },
  }),
  route({
    method: 'DELETE',
    path: users,
    allow: 'system developer',
    summary: 'Delete a user and end his sessions',
    handle: async (scope, input) => {
      await deleteUser(scope, demandParameter(input, 'user'))
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: `${users}/columns`,
    allow: 'system developer',
    summary: 'Columns of the user table',
    // cb-cli panics unless every entry says whether a developer made it (rest-api.md §2.4).
    handle: async (scope) =>
      (await userColumns(scope)).map(({ column, userDefined }) => ({
        ...columnShape(column, 'user_id'),
        UserDefined: userDefined,
      })),
  }),
  route({
    method: 'POST',
    path: `${users}/columns`,
    allow: 'system developer',
    summary: 'Add a column to the user table',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await addUserColumn(scope, body.column_name, body.type)
      return empty()
    },
  }),
  route({
    method: 'DELETE',
    path: `${users}/columns`,
    allow: 'system developer',
    summary: 'Drop a column of the user table with its values',
    handle: async (scope, input) => {
      await dropUserColumn(scope, demandParameter(input, 'column'))
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: sessions,
    allow: 'system developer',
    summary: 'Open sessions of users: who, and since when in Unix seconds',
    handle: (scope, input) => findUserSessions(scope, queryParameter(input)),
  }),
  route({
    method: 'GET',
    path: `${sessions}/count`,
    allow: 'system developer',
    summary: 'How many open sessions match',
    handle: async (scope, input) => ({ count: await countUserSessions(scope, queryParameter(input)) }),
  }),
  route({
    method: 'DELETE',
    path: sessions,
    allow: 'system developer',
    summary: 'End the sessions that match, or all without a query',
    handle: async (scope, input) => ({
      count: await endUserSessions(scope, explicitQuery(parameter(input, 'query') ?? [])),
    }),
  }),
  route({
    method: 'GET',
    path: authenticators,
    allow: 'system developer',
    summary: 'What a user holds beside the password: kind, how it is known, state, failures in a row',
    handle: (scope, { params }) => authenticatorsOf(scope, params.user!),
  }),
  route({
    method: 'DELETE',
    path: authenticators,
    allow: 'system developer',
    summary: 'Take the authenticator of ?kind= away from a user; of passkeys the one of ?id=, or all',
    handle: async (scope, input) => {
      await removeAuthenticator(scope, input.params.user!, demandParameter(input, 'kind'), parameter(input, 'id'))
      return empty()
    },
  }),
]
