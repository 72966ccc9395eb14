/**
 * References between assets of a package, all by name. What is missing is said and stays as it is: the target may have it,
 * and exported systems are full of rights on things that were deleted long ago.
 */
import { defaultRoles, type ResourceKind } from '@gatehouse/contract/permissions.ts'
import { isObject } from './fields.ts'
import { type KeptRecord, textUnder } from './kept.ts'
import type { KeptKind, PackageModel } from './model.ts'
import { type AssetKind, type NoteList, shown } from './notes.ts'

type Names = (kind: AssetKind) => ReadonlySet<string>

type About = { path?: string; asset: { kind: AssetKind; name: string } }

/** `platformLibraries` are those that every system has; undefined leaves libraries unchecked. */
export function noteDangling(
  model: PackageModel,
  kept: readonly KeptRecord[],
  notes: NoteList,
  platformLibraries: readonly string[] | undefined,
): void {
  const names = namesOf(model)
  noteRights(model, names, notes)
  noteUsers(model, names, notes)
  noteCode(model, names, notes, platformLibraries)
  for (const record of kept) noteKept(record, names, notes)
}

function namesOf(model: PackageModel): Names {
  const lists: Partial<Record<AssetKind, { name: string }[]>> = {
    service: model.services,
    library: model.libraries,
    collection: model.collections,
    role: [...model.roles, ...defaultRoles.map((name) => ({ name }))],
    user: model.users.map(({ email }) => ({ name: email })),
  }
  const sets = new Map<AssetKind, Set<string>>()
  for (const [kind, list] of Object.entries(lists)) sets.set(kind as AssetKind, new Set(list.map(({ name }) => name)))
  for (const { kind, name } of model.kept) {
    const counted = kind === 'external-collection' ? 'collection' : kind
    sets.set(counted, (sets.get(counted) ?? new Set()).add(name))
  }
  const none: ReadonlySet<string> = new Set()
  return (kind) => sets.get(kind) ?? none
}

const assetOfRight: Partial<Record<ResourceKind, AssetKind>> = {
  services: 'service',
  collections: 'collection',
  portals: 'portal',
  servicecaches: 'shared-cache',
  externaldatabases: 'external-database',
}

function noteRights(model: PackageModel, names: Names, notes: NoteList): void {
  for (const role of model.roles) {
    for (const { kind, item } of role.rights) {
      const wanted = assetOfRight[kind]
      if (wanted === undefined || names(wanted).has(item)) continue
      const message = `The role ${shown(role.name)} has a right on the ${wanted} ${shown(item)}, which is not in the package.`
      notes.add('dangling', message, { asset: { kind: 'role', name: role.name } })
    }
  }
  for (const { role, kind, item } of model.grants) {
    if (names('role').has(role)) continue
    const on = item === '' ? kind : `the ${assetOfRight[kind] ?? kind} ${shown(item)}`
    const message = `A right on ${on} is for the role ${shown(role)}, which is not in the package.`
    notes.add('dangling', message, { asset: { kind: 'role', name: role } })
  }
}

function noteUsers(model: PackageModel, names: Names, notes: NoteList): void {
  for (const user of model.users) {
    for (const role of user.roles) {
      if (names('role').has(role)) continue
      const message = `The user ${shown(user.email)} has the role ${shown(role)}, which is not in the package.`
      notes.add('dangling', message, { asset: { kind: 'user', name: user.email } })
    }
  }
}

function noteCode(
  model: PackageModel,
  names: Names,
  notes: NoteList,
  platformLibraries: readonly string[] | undefined,
): void {
  const emails = new Set([...names('user')].map((email) => email.toLowerCase()))
  for (const { name, runAs } of model.services) {
    if (runAs === null || (runAs.looksLike === 'email' && emails.has(runAs.text.toLowerCase()))) continue
    const whom = runAs.looksLike === 'email' ? `the user ${shown(runAs.text)}` : 'a user by an id of the exporter'
    const message = `The service ${shown(name)} runs as ${whom}, who is not in the package.`
    notes.add('dangling', message, { asset: { kind: 'service', name } })
  }
  if (platformLibraries === undefined) return
  const has = (library: string): boolean => names('library').has(library) || platformLibraries.includes(library)
  const requiring = [
    ...model.services.map((one) => ({ ...one, kind: 'service' as const })),
    ...model.libraries.map((one) => ({ ...one, kind: 'library' as const })),
  ]
  for (const { kind, name, dependencies } of requiring) {
    for (const library of dependencies.filter((one) => !has(one))) {
      const message = `The ${kind} ${shown(name)} requires the library ${shown(library)}, which neither the package nor the platform has.`
      notes.add('dangling', message, { asset: { kind, name } })
    }
  }
}

const calling: ReadonlySet<KeptKind> = new Set(['trigger', 'timer', 'webhook'])

function noteKept({ asset, path, value }: KeptRecord, names: Names, notes: NoteList): void {
  const about: About = { path, asset: { kind: asset.kind, name: asset.name } }
  const missing = (what: string): void => {
    notes.add('dangling', `The ${asset.kind} ${shown(asset.name)} names ${what}, which is not in the package.`, about)
  }
  const check = (kind: AssetKind, name: string): void => {
    if (name !== '' && !names(kind).has(name)) missing(`the ${kind} ${shown(name)}`)
  }
  if (calling.has(asset.kind)) {
    const service = textUnder(value, 'service_name')
    if (service === '') notes.add('dangling', `The ${asset.kind} ${shown(asset.name)} names no service.`, about)
    else check('service', service)
  }
  if (asset.kind === 'trigger' && isObject(value))
    check('collection', textUnder(value.key_value_pairs, 'collectionName'))
  if (asset.kind === 'device-roles') {
    check('device', asset.name)
    if (Array.isArray(value)) for (const role of value) if (typeof role === 'string') check('role', role)
  }
  if (asset.kind === 'deployment' && isObject(value)) {
    for (const edge of listIn(value.edges)) if (typeof edge === 'string' && edge !== allEdges) check('edge', edge)
    for (const one of listIn(value.assets)) checkDeployed(one, check)
  }
  if (asset.kind === 'deploy-list' && isObject(value)) {
    for (const one of listIn(value.deployInfo)) {
      const kind = deployListKinds.find((known) => known === textUnder(one, 'resource_type'))
      if (kind !== undefined) check(kind, textUnder(one, 'resource_identifier'))
    }
  }
}

const allEdges = '___ALL_EDGES___'

const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const deployListKinds: readonly AssetKind[] = ['service', 'library', 'timer', 'trigger', 'collection']

/** Classes of assets in a deployment; every other class is the name of a collection. null: nothing to look up. */
const deployedKinds: Record<string, AssetKind | null> = {
  services: 'service',
  libraries: 'library',
  timers: 'timer',
  triggers: 'trigger',
  users: 'user',
  devices: 'device',
  adaptors: 'adapter',
  portals: 'portal',
  plugins: 'plugin',
  servicecaches: 'shared-cache',
  webhooks: 'webhook',
  bucketsets: 'bucket-set',
  usersecrets: 'secret',
  rolesperms: null,
}

function checkDeployed(one: unknown, check: (kind: AssetKind, name: string) => void): void {
  const assetClass = textUnder(one, 'asset_class')
  const kind = Object.hasOwn(deployedKinds, assetClass) ? deployedKinds[assetClass] : undefined
  if (kind === undefined) check('collection', assetClass)
  else if (kind !== null) check(kind, textUnder(one, 'asset_id'))
}
