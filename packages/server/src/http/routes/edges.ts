/** Edges and deployments, for developers (packages-portals-edge.md §4). What packages kept of both is listed beside them. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { activateDeployment, proposedDeployments } from '../../deploy/deployments.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { conflictsOf, forgetConflicts } from '../../domain/edges/conflicts.ts'
import {
  deploymentNamed,
  deploymentsOf,
  goesTo,
  pushDeployment,
  removeDeployment,
  saveDeployment,
  shownAsset,
} from '../../domain/edges/deployments.ts'
import { changeEdge, createEdge, removeEdge, renewEdgeToken, retryEdge } from '../../domain/edges/edges.ts'
import { isLeftWithout, loseEdge } from '../../edge/lost.ts'
import { endSessionOfEdge, sessionsOfEdge } from '../../edge/sessions.ts'
import { type EdgeAsset, type EdgeStatus, edgeStatuses, lagOf } from '../../edge/status.ts'
import type { DeploymentRecord } from '../../store/tables/edges.ts'
import { empty, type Route, type RouteInput, route } from '../route.ts'
import { type AnyBody, AnyObject, parameter } from './shapes.ts'

const timeOf = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString())

/** The token is never in it: it was shown once. */
const edgeFields = ({ system, clock }: SystemScope, edge: EdgeStatus): Record<string, unknown> => ({
  edge_key: `${system.key}:${edge.name}`,
  name: edge.name,
  system_key: system.key,
  description: edge.description,
  isConnected: edge.state === 'connected',
  state: edge.state,
  since: timeOf(edge.since),
  enrolled: timeOf(edge.enrolled),
  last_talked: timeOf(edge.last_talked),
  last_identity_sync: timeOf(edge.lanes.identity.up_to_date),
  lanes: edge.lanes,
  behind_since: timeOf(edge.behind_since),
  lag_ms: lagOf(edge, clock.now()),
  clock_difference_ms: edge.clock_difference_ms,
  last_seen_version: edge.version,
  problem: edge.problem,
  problem_at: timeOf(edge.problem_at),
  checked: { ...edge.checked, at: timeOf(edge.checked.at), last_difference: timeOf(edge.checked.last_difference) },
  set_aside: edge.set_aside.map((one) => ({ ...one, at: timeOf(one.at) })),
})

/** For `kept.ts`, which has the lists. */
export const edgeRows = async (scope: SystemScope): Promise<Record<string, unknown>[]> =>
  (await edgeStatuses(scope)).map((edge) => edgeFields(scope, edge))

type SyncRow = EdgeAsset & { edge: string; is_connected: boolean; last_talked: string; problem: string }

const syncRows = (edge: EdgeStatus, isAsked: (asset: EdgeAsset) => boolean = () => true): SyncRow[] =>
  edge.assets.filter(isAsked).map((asset) => ({
    ...{ edge: edge.name, ...asset, is_connected: edge.state === 'connected' },
    ...{ last_talked: timeOf(edge.last_talked), problem: edge.problem },
  }))

const noSuchEdge = (): GatehouseError => new GatehouseError('noSuchAsset', 'There is no such edge in this system.')

/** Of what the deployment itself names, at the edges that it goes to. */
async function deploymentSync(scope: SystemScope, name: string) {
  const deployment = await deploymentNamed(scope, name)
  const isAsked = ({ asset_class: kind, asset_id: id }: EdgeAsset): boolean =>
    (kind === 'sign_in' && deployment.signIn !== null) ||
    deployment.assets.some(
      (one) =>
        // Names of collections are alike in any case.
        one.asset_class.toLowerCase() === kind.toLowerCase() && (one.asset_id === id || one.asset_id === ''),
    )
  const edges = (await edgeStatuses(scope)).filter((edge) => goesTo(deployment, edge.name))
  return { deployment: name, assets: edges.flatMap((edge) => syncRows(edge, isAsked)) }
}

const deploymentFields = ({ system }: SystemScope, one: DeploymentRecord): Record<string, unknown> => ({
  name: one.name,
  system_key: system.key,
  description: one.description,
  edges: one.edges,
  assets: one.assets.map(shownAsset),
  sign_in: one.signIn,
  active: true,
  updated_at: one.updatedAt,
})

export const deploymentRows = async (scope: SystemScope): Promise<Record<string, unknown>[]> =>
  (await deploymentsOf(scope)).map((one) => deploymentFields(scope, one))

async function lostFields(scope: SystemScope, name: string, body: AnyBody): Promise<Record<string, unknown>> {
  const { new_secret: newSecret = false } = body
  if (typeof newSecret !== 'boolean') throw new GatehouseError('badRequest', 'new_secret must be true or false.')
  const { users, endedSessions, edgeSessions, secret } = await loseEdge(scope, name, { newSecret })
  return {
    ...{ name, system_key: scope.system.key, ended_sessions: endedSessions, edge_sessions: edgeSessions },
    users: users.map((user) => ({
      ...{ user_id: user.userId, email: user.email, lost: user.lost, left: user.left },
      left_without_second_factor: isLeftWithout(user),
    })),
    ...(secret !== undefined && { system_secret: secret }),
  }
}

function wholeNumber(input: RouteInput<unknown>, name: string, otherwise: number): number {
  const value = Number(parameter(input, name) ?? otherwise)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new GatehouseError('badRequest', `${name} must be a whole number.`)
}

const edge = '/admin/edges/:key/:name'
const deployments = '/admin/:key/deployments'
const conflicts = '/admin/v/4/system/:key/conflicts'
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
    method: 'PUT',
    path: edge,
    allow: 'system developer',
    summary: 'Change the description of an edge: {description}',
    body: AnyObject,
    handle: async (scope, { params, body }) => {
      await changeEdge(scope, params.name!, body.description)
      return empty()
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
    method: 'GET',
    path: '/admin/v/4/system/:key/edges/:name/sessions',
    allow: 'system developer',
    summary: 'Sessions that an edge made, open or over, and those from elsewhere that are good there; newest first',
    handle: async (scope, { params }) =>
      (await sessionsOfEdge(scope, params.name!)).map((one) => ({
        ...{ id: one.id, user_id: one.subjectId, email: one.email, granted_by: one.grantedBy, factors: one.factors },
        ...{ created: timeOf(one.createdAt), expires: timeOf(one.expiresAt), ended: timeOf(one.endedAt) },
        ...{ end_reason: one.endReason ?? '', made_at: one.place ?? '' },
      })),
  }),
  route({
    method: 'DELETE',
    path: '/admin/v/4/system/:key/edges/:name/sessions/:session',
    allow: 'system developer',
    summary: 'End a session of that list, wherever it is good',
    handle: async (scope, { params }) => {
      await endSessionOfEdge(scope, params.name!, params.session!)
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: conflicts,
    allow: 'system developer',
    summary: 'What was decided where an edge and another place had changed the same row, newest first; ?limit, ?before',
    handle: async (scope, input) => {
      const limit = wholeNumber(input, 'limit', 100)
      if (limit < 1 || limit > 500)
        throw new GatehouseError('badRequest', 'limit must be a whole number from 1 to 500.')
      const before = parameter(input, 'before') === undefined ? undefined : wholeNumber(input, 'before', 0)
      const found = await conflictsOf(scope, { limit, ...(before !== undefined && { before }) })
      return found.map(({ id, at, edge: name, collectionId, itemId, rule, outcome, detail }) => ({
        ...{ id, at, edge: name, collection_id: collectionId, item_id: itemId, rule, outcome, detail },
      }))
    },
  }),
  route({
    method: 'DELETE',
    path: conflicts,
    allow: 'system developer',
    summary: 'Forget the conflicts; the rows stay as they are',
    handle: async (scope) => ({ count: await forgetConflicts(scope) }),
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
    path: '/admin/v/4/system/:key/edges/:name/token',
    allow: 'system developer',
    summary:
      'A new token for an edge, as when another machine takes its place: what linked with the old one is refused',
    handle: async (scope, { params }) => renewEdgeToken(scope, params.name!),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/edges',
    allow: 'system developer',
    summary: 'The edges, and what each holds of what its deployments give it. Times in milliseconds',
    handle: (scope) => edgeStatuses(scope),
  }),
  route({
    method: 'GET',
    path: '/admin/:key/sync/alledges/status',
    allow: 'system developer',
    summary: 'What every edge holds, asset by asset: there, coming, behind, missing, set aside or stopped',
    handle: async (scope) => (await edgeStatuses(scope)).flatMap((edge) => syncRows(edge)),
  }),
  route({
    method: 'GET',
    path: '/admin/:key/sync/edge/status/:name',
    allow: 'system developer',
    summary: 'What one edge holds, asset by asset',
    handle: async (scope, { params }) => {
      const edge = (await edgeStatuses(scope)).find(({ name }) => name === params.name)
      if (edge === undefined) throw noSuchEdge()
      return syncRows(edge)
    },
  }),
  route({
    method: 'POST',
    path: '/admin/:key/sync/retry/edge/:name',
    allow: 'system developer',
    summary: 'Send an edge once more what it could not write, and let lanes that stopped go on: now, or when it links',
    handle: async (scope, { params }) => {
      await retryEdge(scope, params.name!)
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: '/admin/:key/sync/deployment/status/:name',
    allow: 'system developer',
    summary: 'What the edges of a deployment hold of it',
    handle: (scope, { params }) => deploymentSync(scope, params.name!),
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
    path: '/admin/v/4/system/:key/deployments',
    allow: 'system developer',
    summary: 'All deployments with all that was set; those that packages brought and nobody activated as they would be',
    handle: async (scope) => {
      const active = await deploymentRows(scope)
      const names = new Set(active.map(({ name }) => name))
      const kept = (await proposedDeployments(scope)).filter(({ name }) => !names.has(name))
      return [...active, ...kept.map((one) => ({ ...one, active: false }))]
    },
  }),
  route({
    method: 'POST',
    path: `${own}/activate`,
    allow: 'system developer',
    summary:
      'Make a deployment active that a package brought; edges, assets and sign_in stand in for those of its file',
    body: AnyObject,
    handle: async (scope, { params, body }) =>
      deploymentFields(scope, await activateDeployment(scope, params.name!, body)),
  }),
  route({
    method: 'POST',
    path: `${own}/push`,
    allow: 'system developer',
    summary: 'Copy anew what a deployment brings without keeping it in step (sync_to_edge is false)',
    handle: async (scope, { params }) => ({ name: params.name!, copied: await pushDeployment(scope, params.name!) }),
  }),
  route({
    method: 'GET',
    path: own,
    allow: 'system developer',
    summary: 'A deployment that is active, with all that was set',
    handle: async (scope, { params }) => deploymentFields(scope, await deploymentNamed(scope, params.name!)),
  }),
]
