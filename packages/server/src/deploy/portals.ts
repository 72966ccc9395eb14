/**
 * Portals as things of a system: who may see, make, change and delete one. They stand where packages bring them, among the
 * kept assets, so a portal that nobody changed is exported byte for byte; one that was changed keeps its layout, one file or
 * a folder of pieces (packages-portals-edge.md §1.2). Opening one is `http/routes/portals.ts`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { audit } from '../domain/access/audit.ts'
import { demand, may } from '../domain/access/rights.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import type { SystemStore } from '../store/store.ts'
import { deleteKeptFiles, listKeptSizes, putKeptFiles } from '../store/tables/packages.ts'
import { lockSystem } from '../store/tables/systems.ts'
import { type Fields, isObject } from './format/fields.ts'
import { deepestJson, writeJson } from './format/json.ts'
import { fileNameOf } from './format/names.ts'
import { shown } from './format/notes.ts'
import { fieldsIn, type KeptOne, noSuchAsset, storedAsset, storedAssets } from './kept-assets.ts'
import { portalConfig } from './kept-portal.ts'
import { portalPieces } from './portal-pieces.ts'
import { contentHash } from './sources/content-hash.ts'

/** Keys of the file beside the config are handed on as they are; what names a system is left out. */
export type Portal = Fields & { name: string; config: Fields }

/** With what tells this state of it from every other: a change may name the one that it was made to. */
export type PortalAsRead = Portal & { content_hash: string }

/** What is said of a system, its rights and a state is not part of a portal, though reads answer with it. */
const notOfThePortal = new Set([
  ...['name', 'config', 'system_key', 'namespace', 'permissions', 'plugins'],
  ...['content_hash', 'base_hash'],
])

const longestName = 200

/** Those that the caller may see, by name. */
export async function listPortals(scope: SystemScope): Promise<PortalAsRead[]> {
  const all = (await storedAssets(scope, 'portal')).map(asRead)
  const seen = await Promise.all(all.map(({ name }) => may(scope, { kind: 'portals', item: name, level: bits.read })))
  return all.filter((_, index) => seen[index])
}

/** Throws notSignedIn, permissionDenied, noSuchAsset. */
export async function readPortal(scope: SystemScope, name: string): Promise<PortalAsRead> {
  await demandPortal(scope, name, bits.read, 'open')
  return asRead(await storedAsset(scope, 'portal', name))
}

/** Throws notSignedIn, permissionDenied, badRequest, conflict where there is one of that name. */
export async function createPortal(scope: SystemScope, name: string, body: Fields): Promise<void> {
  await demandPortal(scope, name, bits.create, 'make')
  if (name.trim() === '' || name.length > longestName || !name.isWellFormed() || name.includes('\u0000')) {
    throw new GatehouseError('badRequest', `A portal needs a name of 1 to ${longestName} characters.`)
  }
  const given = partsOf(body)
  await scope.data.transaction(async (tx) => {
    await lockSystem(tx)
    const within = { ...scope, data: tx }
    if ((await heldPortal(within, name)) !== undefined) {
      throw new GatehouseError('conflict', `There is a portal ${shown(name)} already.`)
    }
    await write(scope, tx, name, { description: '', type: 'custom_v2', ...given, config: given.config ?? {} })
    audit(tx, scope, { kind: 'portal', action: 'create', subject: name })
  })
}

/**
 * Keys that are not sent stay as they are; a config replaces the one before. `base_hash` is the `content_hash` of the state
 * that the change was made to: where another one is current by now, nothing is changed. Answers with the hash of what is
 * current after it. Throws as `createPortal`, noSuchAsset, and conflict.
 */
export async function changePortal(scope: SystemScope, name: string, body: Fields): Promise<string> {
  await demandPortal(scope, name, bits.update, 'change')
  const given = partsOf(body)
  const base = baseIn(body)
  return scope.data.transaction(async (tx) => {
    await lockSystem(tx)
    const found = await heldPortal({ ...scope, data: tx }, name)
    if (found === undefined) throw noSuchAsset('portal', name)
    if (base !== undefined && base !== hashOf(found)) throw overtaken(name)
    const held = asPortal(found)
    const files = await write(scope, tx, name, { ...held, ...given, config: given.config ?? held.config })
    const changed = Object.keys(given).map((key) => key.slice(0, 100))
    audit(tx, scope, { kind: 'portal', action: 'change', subject: name, details: { changed } })
    return hashOf({ files })
  })
}

function baseIn({ base_hash: base }: Fields): string | undefined {
  if (base === undefined || base === null) return undefined
  if (typeof base === 'string' && /^[0-9a-f]{64}$/.test(base)) return base
  throw new GatehouseError('badRequest', 'base_hash must be the content_hash of a portal, as it was read.')
}

const overtaken = (name: string): GatehouseError =>
  new GatehouseError('conflict', `Nothing was saved: somebody else changed the portal ${shown(name)} meanwhile.`, {
    hint: 'Read it again and look at both, then save on top of what is current.',
  })

/** Of what is stored, byte for byte. */
const hashOf = ({ files }: Pick<KeptOne, 'files'>): string =>
  contentHash(new Map(files.map(({ path, bytes }) => [path, bytes])))

/** Throws notSignedIn, permissionDenied, noSuchAsset. Rights on its name stay, as they do when one comes later. */
export async function deletePortal(scope: SystemScope, name: string): Promise<void> {
  await demandPortal(scope, name, bits.delete, 'delete')
  await scope.data.transaction(async (tx) => {
    if (!(await deleteKeptFiles(tx, 'portal', name))) throw noSuchAsset('portal', name)
    audit(tx, scope, { kind: 'portal', action: 'delete', subject: name })
  })
}

/** Throws notSignedIn, permissionDenied. */
export const demandPortal = (scope: SystemScope, name: string, level: number, what: string): Promise<void> =>
  demand(scope, { kind: 'portals', item: name, level }, `${what} the portal ${shown(name)}`)

const asPortal = (one: KeptOne): Portal => {
  const { system_key: _key, namespace: _namespace, content_hash: _hash, base_hash: _base, ...rest } = fieldsIn(one)
  return { ...rest, name: one.name, config: portalConfig(one) }
}

const asRead = (one: KeptOne): PortalAsRead => ({ ...asPortal(one), content_hash: hashOf(one) })

async function heldPortal(scope: SystemScope, name: string): Promise<KeptOne | undefined> {
  return (await storedAssets(scope, 'portal')).find((one) => one.name === name)
}

/** Beside the config short texts, numbers and the like are taken, whatever their names. */
function partsOf(body: Fields): Fields & { config?: Fields } {
  const parts = Object.fromEntries(Object.entries(body).filter(([key]) => !notOfThePortal.has(key)))
  return { ...parts, ...(body.config !== undefined && { config: configIn(body.config) }) }
}

/** On the wire it is a text (rest-api.md §2.11); an object is taken too. Throws badRequest. */
export function configIn(value: unknown): Fields {
  let config = value
  if (typeof value === 'string') {
    try {
      config = value === '' ? {} : JSON.parse(value)
    } catch {
      throw new GatehouseError('badRequest', 'The config of a portal must be a JSON object, and this one is no JSON.')
    }
  }
  if (!isObject(config)) throw new GatehouseError('badRequest', 'The config of a portal must be a JSON object.')
  if (depthOf(config) > deepestJson - 5) {
    throw new GatehouseError('badRequest', 'The config of this portal is nested too deeply to be exported.')
  }
  return config
}

function depthOf(value: unknown): number {
  let level: unknown[] = [value]
  for (let depth = 0; ; depth += 1) {
    if (level.length === 0 || depth > deepestJson) return depth
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
}

async function write(
  scope: SystemScope,
  tx: SystemStore,
  name: string,
  changed: Fields & { config: Fields },
): Promise<KeptOne['files']> {
  const portal = { ...changed, name, last_updated: new Date(scope.clock.now()).toISOString() }
  const sizes = await listKeptSizes(tx)
  const isOwn = (file: { kind: string; name: string }): boolean => file.kind === 'portal' && file.name === name
  const stem = freeStem(
    sizes.filter((file) => !isOwn(file)),
    name,
  )
  const wasInPieces = sizes.filter(isOwn).length > 1
  const files = (wasInPieces ? portalPieces(stem, portal) : undefined) ?? [
    { path: `portals/${stem}.json`, bytes: writeJson(portal) },
  ]
  await putKeptFiles(
    tx,
    files.map((file) => ({ ...file, kind: 'portal', name, sensitive: false })),
  )
  return files
}

/** Beside files of other portals, also on disks that take `a` and `A` for one name. */
function freeStem(others: readonly { path: string }[], name: string): string {
  const taken = new Set(others.map(({ path }) => path.toLowerCase().split('/').slice(0, 2).join('/')))
  const own = fileNameOf(name)
  for (let count = 1; ; count += 1) {
    const stem = count === 1 ? own : `${own}~${count}`
    const path = `portals/${stem.toLowerCase()}`
    if (!taken.has(path) && !taken.has(`${path}.json`)) return stem
  }
}
