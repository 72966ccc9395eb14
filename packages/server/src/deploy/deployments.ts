/**
 * Deployments that packages brought, in either form of their files (packages-portals-edge.md §4.1): what would be active of
 * one, and making it so because a developer says it. And the other way round: an active one as a file of an export.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { allEdges, readAsset, readSignIn, saveDeployment, shownAsset } from '../domain/edges/deployments.ts'
import { isEdgeName } from '../domain/edges/edges.ts'
import type { ConflictRule } from '../store/down/groups.ts'
import { listCollections } from '../store/tables/collections.ts'
import type { DeployedAsset, DeployedSignIn, DeploymentRecord } from '../store/tables/edges.ts'
import type { Fields } from './format/fields.ts'
import { isObject } from './format/fields.ts'
import { writeJson } from './format/json.ts'
import type { KeptAsset } from './format/model.ts'
import { byName, fileNameOf } from './format/names.ts'
import { fieldsIn, type KeptOne, keptAsset, keptAssets, valueIn } from './kept-assets.ts'

export type Proposal = {
  name: string
  description: string
  edges: string[]
  assets: DeployedAsset[]
  sign_in: DeployedSignIn | null
  /** What stands in the file and would not go, and what would go in another way, each with why. */
  left_out: { asset_class: string; asset_id: string; why: string }[]
  changed: { asset_class: string; asset_id: string; why: string }[]
}

/** All that are kept, as they would be. For developers. */
export async function proposedDeployments(scope: SystemScope): Promise<Proposal[]> {
  const kept = await keptAssets(scope, 'deployment')
  const collections = new Set((await listCollections(scope.data)).map(({ name }) => name.toLowerCase()))
  return kept.map((one) => {
    const proposal = proposalOf(one)
    const strange = proposal.assets.filter(
      ({ asset_class: kind }) => !codeClasses.has(kind) && !collections.has(kind.toLowerCase()),
    )
    const why = 'There is no collection of this name: nothing of it goes until there is one.'
    const changed = strange.map(({ asset_class, asset_id }) => ({ asset_class, asset_id, why }))
    return { ...proposal, changed: [...proposal.changed, ...changed] }
  })
}

/** Every other class that is taken is the name of a collection. */
const codeClasses: ReadonlySet<string> = new Set(['services', 'libraries', 'portals'])

/**
 * Makes a kept one active. `edges`, `assets`, `sign_in` and `description` of `given` stand in the place of those of the file. Throws
 * noSuchAsset, conflict, badRequest, notAvailableYet.
 */
export async function activateDeployment(scope: SystemScope, name: string, given: Fields): Promise<DeploymentRecord> {
  const proposal = proposalOf(await keptAsset(scope, 'deployment', name))
  const { edges, assets, sign_in: signIn, description, left_out: left } = proposal
  const unread = left.find(({ asset_class: kind }) => kind === 'sign_in')
  if (unread !== undefined && given.sign_in === undefined) {
    throw new GatehouseError('badRequest', `The sign-in of its file cannot be read: ${unread.why}`, {
      hint: 'Name it here as sign_in, or null for none.',
    })
  }
  const chosen = Object.fromEntries(
    ['edges', 'assets', 'sign_in', 'description']
      .filter((key) => given[key] !== undefined)
      .map((key) => [key, given[key]]),
  )
  return saveDeployment(scope, name, { description, edges, assets, sign_in: signIn, ...chosen }, true)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function proposalOf(one: KeptOne): Proposal {
  const fields = fieldsIn(one)
  const proposal: Proposal = {
    ...{ name: one.name, description: textOf(fields.description), assets: [], left_out: [], changed: [] },
    ...{ edges: [], sign_in: null },
  }
  for (const edge of typeof fields.edges === 'string' ? [fields.edges] : listOf(fields.edges)) {
    if (edge === allEdges || (typeof edge === 'string' && isEdgeName(edge))) proposal.edges.push(edge)
    else proposal.left_out.push({ asset_class: 'edges', asset_id: textOf(edge), why: 'No edge can have this name.' })
  }
  try {
    proposal.sign_in = readSignIn(fields.sign_in ?? null)
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error
    proposal.left_out.push({ asset_class: 'sign_in', asset_id: '', why: error.detail })
  }
  const users = { roles: new Set<string>(), emails: new Set<string>() }
  for (const asset of listOf(fields.assets)) addAsset(proposal, users, isObject(asset) ? asset : {})
  if (proposal.sign_in === null && users.roles.size + users.emails.size > 0) {
    const chosen = { roles: [...users.roles], emails: [...users.emails] }
    proposal.sign_in = { collections: [], roles: [], users: chosen }
  }
  return proposal
}

function addAsset(proposal: Proposal, users: { roles: Set<string>; emails: Set<string> }, asset: Fields): void {
  const named = { asset_class: textOf(asset.asset_class), asset_id: textOf(asset.asset_id) }
  if (named.asset_class === 'users') {
    // The class of the contract is the whole table, or one of it; here users come with the sign-in alone.
    if (named.asset_id === '') users.roles.add('Authenticated')
    else if (named.asset_id.includes('@')) users.emails.add(named.asset_id)
    else proposal.left_out.push({ ...named, why: 'A single user is named by e-mail. Name him with the sign-in.' })
    return
  }
  const both = asset.sync === undefined ? {} : { sync_to_edge: asset.sync, sync_to_platform: asset.sync }
  const { sync_to_edge: toEdge, sync_to_platform: toPlatform } = { ...both, ...asset }
  const rule = asset.conflicts === undefined ? {} : { conflicts: asset.conflicts as ConflictRule }
  const columns = asset.sync_schema_only === true ? { sync_schema_only: true } : {}
  const wanted = { ...named, sync_to_edge: toEdge === true, sync_to_platform: toPlatform === true, ...rule, ...columns }
  // As the file has it, or as near to it as there is.
  const up = { ...wanted, sync_to_platform: false }
  const ways = [wanted, up, { ...up, sync_to_edge: true }]
  let refused = ''
  for (const way of ways) {
    try {
      const taken = readAsset(way)
      proposal.assets.push(taken)
      for (const why of differences(wanted, taken)) proposal.changed.push({ ...named, why })
      return
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error
      if (refused === '') refused = error.detail
    }
  }
  proposal.left_out.push({ ...named, why: refused })
}

const differences = (wanted: DeployedAsset, taken: DeployedAsset): string[] => [
  ...(taken.sync_to_edge && !wanted.sync_to_edge
    ? ['It follows every change of the platform, and not the first alone.']
    : []),
  ...(wanted.sync_to_platform && !taken.sync_to_platform ? ['Nothing of it comes up from an edge.'] : []),
]

/** Kept ones with those that are active in their place; what of a file could not become active stays in it. */
export function withActive(kept: readonly KeptAsset[], active: readonly DeploymentRecord[]): KeptAsset[] {
  const files = new Map(kept.map((asset) => [asset.name, asset]))
  const written = active.map((deployment): KeptAsset => {
    const held = files.get(deployment.name)?.files[0]
    const fields = fieldsIn({ value: valueIn(held) })
    const path = held?.path ?? `deployments/${fileNameOf(deployment.name)}.json`
    const bytes = writeJson(fileOf(deployment, fields))
    return { kind: 'deployment', name: deployment.name, files: [{ path, bytes }], sensitive: false }
  })
  const names = new Set(active.map(({ name }) => name))
  return [...kept.filter(({ name }) => !names.has(name)), ...written].sort(byName)
}

function fileOf({ name, description, edges, assets, signIn }: DeploymentRecord, held: Fields): Fields {
  const { sign_in: _, ...others } = held
  const only = { kind: 'deployment', name, value: held, files: [] }
  const waiting = new Set(proposalOf(only).left_out.map(assetKey))
  const left = listOf(held.assets).filter((asset) => isObject(asset) && waiting.has(assetKey(asset)))
  const all = [...assets.map(shownAsset), ...left].sort((one, other) =>
    assetKey(one as Fields) < assetKey(other as Fields) ? -1 : 1,
  )
  return { ...others, name, description, edges, assets: all, ...(signIn !== null && { sign_in: signIn }) }
}

const assetKey = (asset: { asset_class?: unknown; asset_id?: unknown }): string =>
  JSON.stringify([textOf(asset.asset_class), textOf(asset.asset_id)])
