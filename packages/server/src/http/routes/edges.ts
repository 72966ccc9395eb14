/** Edges and deployments, for developers (packages-portals-edge.md §4). What packages kept of both is listed beside them. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { deploymentNamed, deploymentsOf, removeDeployment, saveDeployment } from '../../domain/edges/deployments.ts'
import { createEdge, edgesOf, removeEdge, stateOf } from '../../domain/edges/edges.ts'
import { isLeftWithout, loseEdge } from '../../edge/lost.ts'
import type { DeploymentRecord, EdgeRecord } from '../../store/tables/edges.ts'
import { empty, type Route, route } from '../route.ts'
import { type AnyBody, AnyObject } from './shapes.ts'

const timeOf = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString())

/** The token is never in it: it was shown once. */
const edgeFields = ({ system }: SystemScope, edge: EdgeRecord): Record<string, unknown> => ({
  edge_key: `${system.key}:${edge.name}`,
  name: edge.name,
  system_key: system.key,
  description: edge.description,
  isConnected: edge.connected,
  state: stateOf(edge),
  enrolled: timeOf(edge.enrolledAt),
  last_talked: timeOf(edge.seenAt),
  cursors: edge.cursors,
  problem: edge.problem,
  problem_at: timeOf(edge.problemAt),
})

/** For `kept.ts`, which has the lists. */
export const edgeRows = async (scope: SystemScope): Promise<Record<string, unknown>[]> =>
  (await edgesOf(scope)).map((edge) => edgeFields(scope, edge))

const deploymentFields = ({ system }: SystemScope, one: DeploymentRecord): Record<string, unknown> => ({
  name: one.name,
  system_key: system.key,
  description: one.description,
  edges: one.edges,
  assets: one.assets,
  sign_in: one.signIn,
  active: true,
})

export const deploymentRows = async (scope: SystemScope): Promise<Record<string, unknown>[]> =>
  (await deploymentsOf(scope)).map((one) => deploymentFields(scope, one))

async function lostFields(scope: SystemScope, name: string, body: AnyBody): Promise<Record<string, unknown>> {
  const { new_secret: newSecret = false } = body
  if (typeof newSecret !== 'boolean') throw new GatehouseError('badRequest', 'new_secret must be true or false.')
  const { users, endedSessions, secret } = await loseEdge(scope, name, { newSecret })
  return {
    ...{ name, system_key: scope.system.key, ended_sessions: endedSessions },
    users: users.map((user) => ({
      ...{ user_id: user.userId, email: user.email, lost: user.lost, left: user.left },
      left_without_second_factor: isLeftWithout(user),
    })),
    ...(secret !== undefined && { system_secret: secret }),
  }
}

const edge = '/admin/edges/:key/:name'
const deployments = '/admin/:key/deployments'
const own = '/admin/v/4/system/:key/deployments/:name'

export const edgeRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: edge,
    allow: 'system developer',
    summary: 'Make an edge: {description}. The answer holds its token, which works once and is shown nowhere else',
    body: AnyObject,
    handle: async (scope, { params, body }) => {
      const made = await createEdge(scope, params.name!, { description: body.description, token: body.token })
      return { edge_key: `${scope.system.key}:${made.name}`, ...made, system_key: scope.system.key }
    },
  }),
  route({
    method: 'DELETE',
    path: edge,
    allow: 'system developer',
    summary: 'Remove an edge: from now on it is refused',
    handle: async (scope, { params }) => {
      await removeEdge(scope, params.name!)
      return empty()
    },
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/edges/:name/lost',
    allow: 'system developer',
    summary:
      'Give an edge up as lost: {new_secret}. Its key, sessions, and the passwords and apps of its users are good no more',
    body: AnyObject,
    handle: async (scope, { params, body }) => lostFields(scope, params.name!, body),
  }),
  route({
    method: 'POST',
    path: deployments,
    allow: 'system developer',
    summary: 'Make a deployment: {name, description, edges, assets, sign_in}',
    body: AnyObject,
    handle: async (scope, { body }) => deploymentFields(scope, await saveDeployment(scope, body.name, body, true)),
  }),
  route({
    method: 'PUT',
    path: `${deployments}/:name`,
    allow: 'system developer',
    summary: 'Change a deployment: edges and assets as lists, or as {add, remove}; sign_in',
    body: AnyObject,
    handle: async (scope, { params, body }) =>
      deploymentFields(scope, await saveDeployment(scope, params.name, body, false)),
  }),
  route({
    method: 'DELETE',
    path: `${deployments}/:name`,
    allow: 'system developer',
    summary: 'Remove a deployment: what it brought leaves the edges',
    handle: async (scope, { params }) => {
      await removeDeployment(scope, params.name!)
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: own,
    allow: 'system developer',
    summary: 'A deployment that is active, with all that was set',
    handle: async (scope, { params }) => deploymentFields(scope, await deploymentNamed(scope, params.name!)),
  }),
]
