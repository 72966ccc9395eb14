/**
 * Kept assets as a system's developers read, remove and activate them: what packages brought and no part of Gatehouse uses. Making them is
 * `import-apply.ts`, their shapes on the wire are `http/routes/kept-shapes.ts`. What a sensitive asset holds leaves here for
 * nobody: of it only the name is told, and single words that say of which sort it is.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Query } from '@gatehouse/contract/query.ts'
import { sealOverhead } from '../base/node-key.ts'
import { audit } from '../domain/access/audit.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { findInList, type ListColumns, pageOf } from '../domain/accounts/list-query.ts'
import { createSecret, type SecretFacts } from '../domain/systems/secrets.ts'
import { listDeployments } from '../store/tables/edges.ts'
import { deleteKeptFiles, type KeptFile, listKeptFiles, listKeptSizes, putKeptFiles } from '../store/tables/packages.ts'
import { listRoles } from '../store/tables/roles.ts'
import { type Fields, isObject } from './format/fields.ts'
import { writeJson } from './format/json.ts'
import { type KeptKind, keptKinds } from './format/model.ts'
import { byCodePoint, byName, isFileNameOf } from './format/names.ts'
import { shown } from './format/notes.ts'
import { kindAndName } from './plan-choice.ts'
import { openedFile, sealedFile } from './sealed.ts'

export type KeptOne = {
  name: string
  /** JSON of the main file; undefined where there is none. */
  value: unknown
  files: { path: string; bytes: Buffer }[]
}

export const howToBring =
  'A package or the system upload can bring it: it is kept whole then, not active, and exported again.'

/** Only a developer reads what is not active. Throws notAvailableYet for all others, for whom there is none of it. */
export function demandDeveloper({ caller }: SystemScope): void {
  if (caller.kind === 'developer') return
  throw new GatehouseError('notAvailableYet', 'Assets of this kind are not available yet: users and devices find none.')
}

/** Kinds whose files may hold credentials, and the keys of them that say of which sort one is. */
const openKeys: Partial<Record<KeptKind, readonly string[]>> = {
  secret: [],
  'external-database': ['dbtype'],
  'bucket-set': ['platform_storage', 'edge_storage'],
  'file-store': ['storage_type', 'read_auth_method', 'write_auth_method'],
}

/** All of one kind, by name. */
export async function keptAssets(scope: SystemScope, kind: KeptKind): Promise<KeptOne[]> {
  demandDeveloper(scope)
  return storedAssets(scope, kind)
}

/** The same for whoever has found out that the caller may. */
export async function storedAssets(scope: SystemScope, kind: KeptKind): Promise<KeptOne[]> {
  const byAsset = Map.groupBy(await listKeptFiles(scope.data, { kind }), ({ name }) => name)
  return [...byAsset].map(([name, files]) => readOne(scope, kind, name, files)).sort(byName)
}

/** Throws noSuchAsset. */
export async function keptAsset(scope: SystemScope, kind: KeptKind, name: string): Promise<KeptOne> {
  demandDeveloper(scope)
  return storedAsset(scope, kind, name)
}

/** The same for whoever has found out that the caller may. Throws noSuchAsset. */
export async function storedAsset(scope: SystemScope, kind: KeptKind, name: string): Promise<KeptOne> {
  const files = await listKeptFiles(scope.data, { kind, name })
  if (files.length === 0) throw noSuchAsset(kind, name)
  return readOne(scope, kind, name, files)
}

export const noSuchAsset = (kind: string, name: string): GatehouseError =>
  new GatehouseError('noSuchAsset', `There is no ${kind} ${shown(name)} in this system.`)

function readOne(scope: SystemScope, kind: KeptKind, name: string, sealed: readonly KeptFile[]): KeptOne {
  const files = sealed.map((file) => openedFile(scope, file))
  const value = valueIn(mainOf(files))
  if (openKeys[kind] === undefined && files.every(({ sensitive }) => !sensitive)) {
    return { name, value, files: files.map(({ path, bytes }) => ({ path, bytes })) }
  }
  const words = (openKeys[kind] ?? []).map((key) => [key, isObject(value) ? value[key] : undefined] as const)
  return { name, value: Object.fromEntries(words.filter(([, word]) => isWord(word))), files: [] }
}

const isWord = (value: unknown): boolean => typeof value === 'string' && /^[\w .-]{1,60}$/.test(value)

/** `<folder>/<name>.json`, or `<folder>/<name>/<name>.json` for what has a folder of its own. */
const mainOf = (files: readonly KeptFile[]): KeptFile | undefined =>
  files.find(({ path }) => /^(?:devices\/roles|[^/]+)\/[^/]+\.json$/.test(path)) ??
  files.find(({ path }) => /^[^/]+\/([^/]+)\/\1\.json$/.test(path))

export function valueIn(file: { bytes: Buffer } | undefined): unknown {
  if (file === undefined) return undefined
  try {
    return JSON.parse(file.bytes.toString('utf8').replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
}

export const fieldsIn = ({ value }: { value: unknown }): Fields => (isObject(value) ? value : {})

/** The one asset of a kind that has a single file for the whole system, as the columns of devices. */
export const onlyValue = async (scope: SystemScope, kind: KeptKind): Promise<unknown> =>
  (await keptAssets(scope, kind))[0]?.value

/** Roles of a kept device, with the ids of those that the system has. Throws noSuchAsset. */
export async function rolesOfDevice(scope: SystemScope, device: string) {
  await keptAsset(scope, 'device', device)
  const found = (await keptAssets(scope, 'device-roles')).find(({ name }) => isFileNameOf(name, device))
  // Every device has it where its package says nothing.
  const names = Array.isArray(found?.value) ? found.value : ['Authenticated']
  const known = await listRoles(scope.data)
  return names
    .filter((name) => typeof name === 'string')
    .map((name) => known.find((role) => role.name === name) ?? { id: '', name, description: '' })
}

export type AdapterFile = { name: string; meta: Fields; bytes: Buffer }

/** The files of an adapter: `files/<name>/<name>` and beside it `<name>.json`, which says how it is laid down. */
export function adapterFiles({ files }: KeptOne): AdapterFile[] {
  const found = new Map<string, AdapterFile>()
  for (const { path, bytes } of files) {
    const [, folder = '', file = ''] = /^[^/]+\/[^/]+\/files\/([^/]+)\/([^/]+)$/.exec(path) ?? []
    if (folder === '' || (file !== folder && file !== `${folder}.json`)) continue
    const held = found.get(folder) ?? { name: folder, meta: {}, bytes: Buffer.alloc(0) }
    const meta = file === folder ? held.meta : fieldsIn({ value: valueIn({ bytes }) })
    const name = typeof meta.name === 'string' && meta.name !== '' ? meta.name : folder
    found.set(folder, { name, meta, bytes: file === folder ? bytes : held.bytes })
  }
  return [...found.values()].sort(byName)
}

type Inside = 'bucket-files' | 'file-store-files'

export type StoredFile = { path: string; size: number }

/** Files of a bucket set or a file store, by their path inside it; without what is in them, which may be much. */
export async function filesInside(scope: SystemScope, kind: Inside, name: string): Promise<StoredFile[]> {
  demandDeveloper(scope)
  return (await listKeptSizes(scope.data))
    .filter((file) => file.kind === kind && isFileNameOf(file.name, name))
    .map(({ path, bytes }) => ({ path: path.split('/').slice(2).join('/'), size: bytes }))
}

/** What is in one of them. Throws noSuchAsset. */
export async function bytesInside(scope: SystemScope, kind: Inside, name: string, path: string): Promise<Buffer> {
  demandDeveloper(scope)
  const found = (await listKeptSizes(scope.data)).find(
    (file) => file.kind === kind && isFileNameOf(file.name, name) && file.path.split('/').slice(2).join('/') === path,
  )
  const [file] = found === undefined ? [] : await listKeptFiles(scope.data, { path: found.path })
  if (file === undefined) throw noSuchAsset('file', path)
  return openedFile(scope, file).bytes
}

/** Rows as a query finds them; `columns` can be asked for even where no row has a value there. Throws badQuery. */
export function findRows(rows: readonly Fields[], columns: readonly string[], query: Query): Fields[] {
  const names = new Set([...columns, ...rows.flatMap((row) => Object.keys(row))])
  const readers: ListColumns<Fields> = Object.fromEntries(
    [...names].map((name) => [name.toLowerCase(), (row: Fields) => comparable(row[name])]),
  )
  return findInList(rows, readers, query)
}

export const pageOfRows = (rows: readonly Fields[], columns: readonly string[], query: Query): Fields[] =>
  pageOf(findRows(rows, columns, query), query)

function comparable(value: unknown): string | number {
  if (typeof value === 'number') return value
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : ''
}

/** Kept byte for byte, so that they are exported as they came, and in use all the same. */
const activeKinds: ReadonlySet<string> = new Set<KeptKind>(['portal'])

/** What is kept in a system, without what is in the files. */
export async function keptOverview(scope: SystemScope) {
  demandDeveloper(scope)
  const byAsset = Map.groupBy(await listKeptSizes(scope.data), ({ kind, name }) => kindAndName(kind, name))
  const deployed = new Set((await listDeployments(scope.data)).map(({ name }) => name))
  const isActive = (kind: string, name: string): boolean =>
    activeKinds.has(kind) || (kind === 'deployment' && deployed.has(name))
  return [...byAsset.values()]
    .map((files) => ({
      kind: files[0]!.kind,
      name: files[0]!.name,
      sensitive: files.some(({ sensitive }) => sensitive),
      state: isActive(files[0]!.kind, files[0]!.name) ? 'active' : 'not active',
      files: files.map(({ path, bytes, sensitive }) => ({ path, bytes: sensitive ? bytes - sealOverhead : bytes })),
    }))
    .sort((one, other) => byCodePoint(one.kind, other.kind) || byCodePoint(one.name, other.name))
}

/** Throws noSuchAsset. But for a portal it goes to no edge and no cache hangs on it, as with what a package brings: the revision stays. */
export async function removeKept(scope: SystemScope, kind: string, name: string): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    if (!(await deleteKeptFiles(tx, kind, name))) throw noSuchAsset(kind, name)
    audit(tx, scope, { kind: 'kept', action: 'delete', subject: name, details: { kind } })
  })
}

/**
 * Makes of a kept asset what Gatehouse has by now, because a developer says so; nothing becomes active by itself. A secret
 * goes among the system's secrets, for the hosts that are named, and its value leaves the kept file, which stays for exports.
 * Throws noSuchAsset, notAvailableYet for kinds of which Gatehouse has nothing, badSecret, secretExists.
 */
export async function activateKept(scope: SystemScope, input: Fields): Promise<SecretFacts> {
  demandDeveloper(scope)
  const { kind, name, hosts } = input
  if (typeof name !== 'string' || !isKeptKind(kind)) throw noSuchAsset(shownKind(kind), String(name))
  return scope.data.transaction(async (tx) => {
    const within = { ...scope, data: tx }
    const files = (await listKeptFiles(tx, { kind, name })).map((file) => openedFile(within, file))
    if (files.length === 0) throw noSuchAsset(kind, name)
    if (kind === 'deployment') {
      throw new GatehouseError('badRequest', 'A deployment has a call of its own to activate it.', {
        hint: 'POST /admin/v/4/system/KEY/deployments/NAME/activate, the console, or gatehouse deployment activate.',
      })
    }
    if (kind !== 'secret') {
      throw new GatehouseError(
        'notAvailableYet',
        `Gatehouse has nothing yet of the kind ${kind}: ${shown(name)} stays kept.`,
      )
    }
    const main = mainOf(files)
    const value = fieldsIn({ value: valueIn(main) })
    if (value.secret === '')
      throw new GatehouseError('badSecret', `The kept secret ${shown(name)} holds no value (any more).`)
    const facts = await createSecret(within, { name, value: value.secret, hosts })
    const bytes = writeJson({ ...value, secret: '' })
    await putKeptFiles(tx, [sealedFile(within, { ...main!, bytes })])
    audit(tx, scope, { kind: 'kept', action: 'activate', subject: name, details: { kind } })
    return facts
  })
}

const isKeptKind = (kind: unknown): kind is KeptKind => keptKinds.some((known) => known === kind)

const shownKind = (kind: unknown): string => (typeof kind === 'string' && kind !== '' ? kind : 'asset')
