/** Deployments: what of a system goes to which of its edges, as developers set it. What follows from it is `edge/scope.ts`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hexId } from '../../base/ids.ts'
import { type ConflictRule, conflictRules } from '../../store/down/groups.ts'
import {
  type DeployedAsset,
  type DeployedSignIn,
  type DeploymentRecord,
  deleteDeployment,
  listDeployments,
  putDeployment,
} from '../../store/tables/edges.ts'
import { beginFold } from '../../store/up/stamps.ts'
import { audit } from '../access/audit.ts'
import type { SystemScope } from '../access/scope.ts'
import { checkEdgeName, demandDeveloper, demandDeveloperRights } from './edges.ts'

/** Stands for every edge of the system (packages-portals-edge.md §4.1). */
export const allEdges = '___ALL_EDGES___'

export const goesTo = ({ edges }: DeploymentRecord, edge: string): boolean =>
  edges.includes(edge) || edges.includes(allEdges)

const most = { deployments: 200, edges: 1_000, assets: 1_000, users: 10_000 } as const

export async function deploymentsOf(scope: SystemScope): Promise<DeploymentRecord[]> {
  demandDeveloperRights(scope)
  return listDeployments(scope.data)
}

/** Throws noSuchAsset. */
export async function deploymentNamed(scope: SystemScope, name: string): Promise<DeploymentRecord> {
  const found = (await deploymentsOf(scope)).find((one) => one.name === name)
  if (found === undefined) throw noSuchDeployment()
  return found
}

/**
 * Makes one (`fresh`) or changes one: edges and assets as whole lists, or as `{add, remove}`; what is not named stays.
 * `if_unchanged` is when it was changed last, as it was read. Throws
 * badRequest, conflict, noSuchAsset, notAvailableYet for what cannot be deployed yet.
 */
export async function saveDeployment(
  scope: SystemScope,
  name: unknown,
  body: Record<string, unknown>,
  fresh: boolean,
): Promise<DeploymentRecord> {
  demandDeveloper(scope)
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200 || /\p{Cc}/u.test(name)) {
    throw new GatehouseError('badRequest', 'A deployment needs a name of 1 to 200 characters.')
  }
  return scope.data.transaction(async (tx) => {
    const all = await listDeployments(tx)
    const before = all.find((one) => one.name === name)
    if (body.if_unchanged !== undefined && body.if_unchanged !== (before?.updatedAt ?? null)) {
      throw new GatehouseError('conflict', 'The deployment was changed meanwhile, and nothing was saved.', {
        hint: 'Look at it as it is now, and change that.',
      })
    }
    if (fresh && before !== undefined)
      throw new GatehouseError('conflict', 'There is a deployment of this name already.')
    if (!fresh && before === undefined) throw noSuchDeployment()
    if (fresh && all.length >= most.deployments) throw tooMany('deployments', most.deployments)
    const edges = readList(body.edges, before?.edges ?? [], readEdge, (one) => one, most.edges, 'edges')
    const asked = readList(body.assets, before?.assets ?? [], readAsset, assetKey, most.assets, 'assets')
    const assets = asked.map((one) => withCopy(one, before?.assets ?? []))
    const deployment: DeploymentRecord = {
      ...{ name, edges, assets },
      description:
        typeof body.description === 'string' ? body.description.slice(0, 1_000) : (before?.description ?? ''),
      signIn: body.sign_in === undefined ? (before?.signIn ?? null) : readSignIn(body.sign_in),
      updatedAt: scope.clock.now(),
    }
    demandOneRule([...all.filter((one) => one.name !== name), deployment])
    await putDeployment(tx, deployment)
    // What was changed before is known to all; from here on it is noted who changed what.
    if (assets.some((one) => one.sync_to_platform)) await beginFold(tx)
    const details = { edges, assets: assets.map(shownAsset), sign_in: deployment.signIn }
    audit(tx, scope, { kind: 'deployment', action: fresh ? 'create' : 'change', subject: name, details })
    return deployment
  })
}

/** What is only deployed keeps the time when it was; with another one it is copied anew. */
function withCopy(asset: DeployedAsset, before: readonly DeployedAsset[]): DeployedAsset {
  const { copy: _, ...wanted } = asset
  if (asset.sync_to_edge) return wanted
  const held = before.find((one) => assetKey(one) === assetKey(asset))?.copy
  return { ...wanted, copy: held ?? hexId(6) }
}

/** As developers and files see it. */
export const shownAsset = ({ copy: _, ...asset }: DeployedAsset): DeployedAsset => asset

/** What it names and does not keep in step is copied to its edges anew. Answers how much that is. Throws noSuchAsset. */
export async function pushDeployment(scope: SystemScope, name: string): Promise<number> {
  demandDeveloper(scope)
  return scope.data.transaction(async (tx) => {
    const found = (await listDeployments(tx)).find((one) => one.name === name)
    if (found === undefined) throw noSuchDeployment()
    const assets = found.assets.map(({ copy: _, ...one }) => withCopy(one, []))
    await putDeployment(tx, { ...found, assets, updatedAt: scope.clock.now() })
    audit(tx, scope, { kind: 'deployment', action: 'push', subject: name })
    return assets.filter((one) => !one.sync_to_edge).length
  })
}

/** What it deployed leaves the edges that no other deployment gives it to. Throws noSuchAsset. */
export async function removeDeployment(scope: SystemScope, name: string): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    if (!(await deleteDeployment(tx, name))) throw noSuchDeployment()
    audit(tx, scope, { kind: 'deployment', action: 'delete', subject: name })
  })
}

const noSuchDeployment = (): GatehouseError =>
  new GatehouseError('noSuchAsset', 'There is no such deployment in this system.')

const tooMany = (what: string, count: number): GatehouseError =>
  new GatehouseError('badRequest', `There are ${count} ${what} at most.`)

function readList<T>(
  given: unknown,
  before: readonly T[],
  read: (one: unknown) => T,
  keyOf: (one: T) => string,
  limit: number,
  what: string,
): T[] {
  if (given === undefined || given === null) return [...before]
  if (typeof given !== 'object') throw badList(what)
  const isList = Array.isArray(given)
  const { add, remove } = (isList ? { add: given } : given) as { add?: unknown; remove?: unknown }
  const held = new Map((isList ? [] : before).map((one) => [keyOf(one), one]))
  for (const one of listOf(remove, what)) held.delete(keyOf(read(one)))
  for (const one of listOf(add, what)) {
    const added = read(one)
    held.set(keyOf(added), added)
  }
  if (held.size > limit) throw tooMany(what, limit)
  return [...held.values()]
}

function listOf(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw badList(what)
}

const badList = (what: string): GatehouseError =>
  new GatehouseError('badRequest', `${what} must be a list, or an object with the lists add and remove.`)

function readEdge(one: unknown): string {
  if (typeof one !== 'string') throw new GatehouseError('badRequest', 'Edges of a deployment are named by texts.')
  if (one !== allEdges) checkEdgeName(one)
  return one
}

const assetKey = (one: DeployedAsset): string => JSON.stringify([one.asset_class, one.asset_id])

/** Classes that come with later versions; whatever else is no class is the name of a collection. */
const notYet = new Set([
  ...['timers', 'triggers', 'users', 'devices', 'adaptors', 'plugins', 'servicecaches', 'webhooks'],
  ...['bucketsets', 'usersecrets', 'rolesperms'],
])

/** Throws badRequest, notAvailableYet. */
export function readAsset(one: unknown): DeployedAsset {
  const { asset_class: kind, asset_id: id, ...flags } = (one ?? {}) as Record<string, unknown>
  if (typeof kind !== 'string' || kind === '' || kind.length > 200) {
    throw new GatehouseError(
      'badRequest',
      'An asset of a deployment needs asset_class: services, libraries, portals, or the name of a collection.',
    )
  }
  if (id !== undefined && id !== null && (typeof id !== 'string' || id.length > 200)) {
    throw new GatehouseError('badRequest', 'asset_id must be the name of one asset, or "" for all of its class.')
  }
  if (notYet.has(kind)) {
    const hint = kind === 'users' ? 'Users come with the choice sign_in.' : undefined
    throw new GatehouseError(
      'notAvailableYet',
      `Assets of the class ${kind} do not go to edges yet.`,
      hint === undefined ? {} : { hint },
    )
  }
  // More would go there than whoever wrote this meant.
  if (flags.sync_schema_only === true) {
    throw new GatehouseError('notAvailableYet', 'Columns do not go to edges without their rows.')
  }
  const isCode = kind === 'services' || kind === 'libraries' || kind === 'portals'
  const isRow = !isCode && typeof id === 'string' && id !== ''
  const up = (flags.sync_to_platform ?? flags.sync) === true
  if (up && isCode) {
    throw new GatehouseError(
      'badRequest',
      'Code and portals are changed on the platform alone: set sync_to_platform to false.',
    )
  }
  const down = (flags.sync_to_edge ?? flags.sync ?? true) !== false
  const asset = { asset_class: kind, asset_id: id ?? '', sync_to_edge: down, sync_to_platform: up }
  if (!up) return asset
  const conflicts = readRule(flags.conflicts)
  if (isRow && conflicts === 'both') {
    throw new GatehouseError('badRequest', 'The rule both makes other rows, and of this collection one row goes up.', {
      hint: 'Take last_writer, platform or edge; or leave asset_id empty: it is the whole collection then.',
    })
  }
  return { ...asset, conflicts }
}

function readRule(given: unknown): ConflictRule {
  if (given === undefined || given === null) return 'last_writer'
  const rule = conflictRules.find((one) => one === given)
  if (rule !== undefined) return rule
  throw new GatehouseError('badRequest', `conflicts must be one of ${conflictRules.join(', ')}.`)
}

/**
 * A conflict is decided the same way wherever it comes from, so a collection has one rule; and what a sign-in rests on has none,
 * since no edge changes it. Throws badRequest.
 */
function demandOneRule(deployments: readonly DeploymentRecord[]): void {
  const rules = new Map<string, string>()
  for (const { asset_class: kind, conflicts } of deployments.flatMap(({ assets }) => assets)) {
    if (conflicts === undefined) continue
    const name = kind.toLowerCase()
    if ((rules.get(name) ?? conflicts) !== conflicts) {
      throw new GatehouseError('badRequest', `Another deployment has another rule for conflicts in ${kind}.`)
    }
    rules.set(name, conflicts)
  }
  for (const name of deployments.flatMap(({ signIn }) => signIn?.collections ?? [])) {
    if (!rules.has(name.toLowerCase())) continue
    throw new GatehouseError('badRequest', `The sign-in rests on ${name}: its rows are changed on the platform alone.`)
  }
}

/** One choice that stands for the auth service with all that it needs. Null takes it out. Throws badRequest. */
export function readSignIn(given: unknown): DeployedSignIn | null {
  if (given === null) return null
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new GatehouseError(
      'badRequest',
      'sign_in must be {collections, roles, users: {roles, emails}, offline, sessions, requests, phones}, or null.',
    )
  }
  const { collections, roles, users, offline, sessions, requests = false, phones } = given as Record<string, unknown>
  // Whoever wants them apart and writes it in another way must not hear that all is well.
  if (sessions !== undefined && sessions !== null && sessions !== 'both' && sessions !== 'apart') {
    throw new GatehouseError('badRequest', 'sign_in.sessions must be "both" or "apart".')
  }
  if (typeof requests !== 'boolean') {
    throw new GatehouseError('badRequest', 'sign_in.requests must be true or false.')
  }
  const chosen = (users ?? {}) as Record<string, unknown>
  return {
    collections: texts(collections, 'sign_in.collections', 100),
    roles: texts(roles, 'sign_in.roles', 100),
    users: {
      roles: texts(chosen.roles, 'sign_in.users.roles', 100),
      emails: texts(chosen.emails, 'sign_in.users.emails', most.users),
    },
    ...(offline !== undefined && offline !== null && { offline: readOffline(offline) }),
    ...(sessions === 'apart' && { sessions }),
    ...(requests && { requests }),
    ...(readPhones(phones) && { phones: true }),
  }
}

function readPhones(given: unknown): boolean {
  if (given === undefined || given === null || typeof given === 'boolean') return given === true
  throw new GatehouseError('badRequest', 'sign_in.phones must be true or false.')
}

/** Below a minute an edge would be too old between two words of its platform; above three months nobody knows who is who. */
const offlineBounds = [60, 90 * 86_400] as const

function readOffline(given: unknown): NonNullable<DeployedSignIn['offline']> {
  const { limit, near, roles = {}, ...more } = (given ?? {}) as Record<string, unknown>
  const isLimit = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= offlineBounds[0] && (value as number) <= offlineBounds[1]
  const isShare = near === undefined || (typeof near === 'number' && near > 0 && near <= 1)
  const isMap = typeof roles === 'object' && roles !== null && !Array.isArray(roles)
  const perRole = isMap ? Object.entries(roles) : []
  const fits =
    typeof given === 'object' &&
    !Array.isArray(given) &&
    Object.keys(more).length === 0 &&
    (limit === undefined || isLimit(limit)) &&
    isMap &&
    perRole.length <= 100 &&
    perRole.every(([name, seconds]) => name !== '' && name.length <= 320 && isLimit(seconds))
  if (!fits || !isShare) {
    throw new GatehouseError(
      'badRequest',
      `sign_in.offline must be {limit, near, roles: {NAME: limit}}: limits are whole seconds from ${offlineBounds[0]} to ${offlineBounds[1]}, near is more than 0 and at most 1.`,
    )
  }
  return {
    ...(limit !== undefined && { limit: limit as number }),
    ...(near !== undefined && { near: near as number }),
    ...(perRole.length > 0 && { roles: Object.fromEntries(perRole) as Record<string, number> }),
  }
}

function texts(value: unknown, what: string, limit: number): string[] {
  const list = listOf(value, what)
  if (list.length > limit) throw tooMany(what, limit)
  if (!list.every((one): one is string => typeof one === 'string' && one !== '' && one.length <= 320)) {
    throw new GatehouseError('badRequest', `${what} must be a list of names.`)
  }
  return [...new Set(list)]
}
