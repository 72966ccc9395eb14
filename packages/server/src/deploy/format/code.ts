/** Services and libraries: a folder each, with settings (`.json`), code (`.js`) and at times a source map (`.js.map`). */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type CodeSettings, readCodeSettings, storedSettings } from '../../domain/code/settings.ts'
import { extraOf, type Fields, type Place, textOf } from './fields.ts'
import type { Extra, PackageGrant, PackageLibrary, PackageService, RunAs, ServiceSettings } from './model.ts'
import { byCodePoint } from './names.ts'
import { shown } from './notes.ts'
import { readPermissionsMap } from './permissions-map.ts'
import { codeStem } from './places.ts'
import {
  type JsonRecord,
  nameOf,
  noteSecrets,
  noteStrayFile,
  oneOfEach,
  type PackageFile,
  type Reading,
  readRecord,
} from './tree.ts'

type Kind = 'service' | 'library'

/** One folder with what belongs together in it. */
type CodeFolder = { name: string; stem: string; path: string; fields: Fields; code: string | null; map: string | null }

const settingNames = [
  'logging_enabled',
  'execution_timeout',
  'auto_balance',
  'auto_restart',
  'concurrency',
  'log_level',
  'log_ttl_minutes',
  'run_on_edge',
  'run_on_platform',
] as const satisfies readonly (keyof ServiceSettings)[]

const credentials = ['system_key', 'system_secret', 'library_key', 'service_key']

const common = ['name', 'dependencies', 'source_map', 'source', 'current_version', 'version', 'problem', ...credentials]
const serviceKeys = new Set([...common, ...settingNames, 'params', 'parameters', 'run_user', 'permissions'])
const libraryKeys = new Set([...common, 'description', 'api', 'visibility'])

export function readServices(reading: Reading): { services: PackageService[]; grants: PackageGrant[] } {
  const grants: PackageGrant[] = []
  const services = readFolders(reading, 'service').map((folder): PackageService => {
    const { name, path, fields } = folder
    const settings = settingsIn(path, fields)
    grants.push(...readPermissionsMap(reading, { path, inside: '' }, fields.permissions, 'services', name))
    return {
      name,
      code: folder.code,
      sourceMap: folder.map,
      params: settings.params,
      dependencies: dependenciesIn({ path, inside: 'dependencies' }, fields.dependencies),
      runAs: runAsOf(settings.run_user),
      settings: Object.fromEntries(settingNames.map((key) => [key, settings[key]])) as ServiceSettings,
      extra: unusualIn(fields, serviceKeys),
    }
  })
  return { services, grants }
}

export function readLibraries(reading: Reading): PackageLibrary[] {
  return readFolders(reading, 'library').map((folder): PackageLibrary => {
    const { name, path, fields } = folder
    const { description, api, visibility } = settingsIn(path, fields)
    return {
      name,
      code: folder.code,
      sourceMap: folder.map,
      dependencies: dependenciesIn({ path, inside: 'dependencies' }, fields.dependencies),
      description,
      api,
      visibility,
      extra: unusualIn(fields, libraryKeys),
    }
  })
}

/**
 * The keys that are not known, without those that say what a file means that lacks them: tools write down every key that the
 * API tells them, and a system exported by one must not look changed.
 */
const unusualIn = (fields: Fields, known: ReadonlySet<string>): Extra =>
  Object.fromEntries(
    Object.entries(extraOf(fields, known)).filter(
      ([key, value]) => !(key === 'engine_type' && value === 0) && !(key === 'description' && value === ''),
    ),
  )

function settingsIn(path: string, fields: Fields): CodeSettings {
  try {
    return storedSettings(readCodeSettings(fields))
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error
    throw new GatehouseError('badPackage', `${path}: ${error.detail}`)
  }
}

/** Names joined by commas; null and '' are none. */
function dependenciesIn(place: Place, value: unknown): string[] {
  const names = textOf(place, value).split(',')
  return [...new Set(names.map((name) => name.trim()))].filter((name) => name !== '')
}

export function runAsOf(text: string): RunAs | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  return { text: trimmed, looksLike: /^[^\s@]+@[^\s@]+$/.test(trimmed) ? 'email' : 'id' }
}

function readFolders(reading: Reading, kind: Kind): CodeFolder[] {
  const byFolder = new Map<string, PackageFile[]>()
  for (const file of reading.tree.in(kind === 'service' ? 'code/services' : 'code/libraries')) {
    const [folder, rest] = split(file.within)
    if (rest === '' || rest.includes('/')) noteStrayFile(reading, file.path)
    else byFolder.set(folder, [...(byFolder.get(folder) ?? []), { ...file, within: rest }])
  }
  const found = [...byFolder].flatMap(([folder, files]) => readFolder(reading, kind, folder, files) ?? [])
  return oneOfEach(reading, kind, found)
}

function split(within: string): [folder: string, rest: string] {
  const slash = within.indexOf('/')
  return slash === -1 ? [within, ''] : [within.slice(0, slash), within.slice(slash + 1)]
}

function readFolder(reading: Reading, kind: Kind, folder: string, files: PackageFile[]): CodeFolder | undefined {
  const { notes } = reading
  const stem = codeStem(
    folder,
    files.map(({ within }) => within),
  )
  const take = (name: string): PackageFile | undefined => files.find((file) => file.within === name)
  const [meta, code, map] = [take(`${stem}.json`), take(`${stem}.js`), take(`${stem}.js.map`)]
  for (const file of files) if (file !== meta && file !== code && file !== map) noteStrayFile(reading, file.path)
  if (meta === undefined && code === undefined) return undefined

  const path = (meta ?? code)!.path
  const record: Pick<JsonRecord, 'path' | 'stem' | 'fields'> =
    meta === undefined ? { path, stem, fields: {} } : readRecord(reading, meta.path, stem, meta.bytes)
  const name = nameOf(reading, kind, record)
  const asset = { kind, name }
  if (stem !== folder) {
    const message = `The folder ${shown(folder)} holds the ${kind} ${shown(name)}. The files count: they go together.`
    notes.add('mismatch', message, { path, asset })
  }
  noteSecrets(reading, record, credentials)
  if (meta === undefined) {
    notes.add('default', `${path} has no settings beside it; the ${kind} gets the defaults.`, { path, asset })
  }
  if (code === undefined) {
    const message = `The ${kind} ${shown(name)} has settings and no code; it can only be kept, not run.`
    notes.add('skipped', message, { path, asset })
  }
  const inSettings = textOf({ path, inside: 'source_map' }, record.fields.source_map)
  return {
    name,
    stem: folder,
    path,
    fields: record.fields,
    code: code === undefined ? null : textIn(reading, code),
    map: map !== undefined ? textIn(reading, map) : inSettings === '' ? null : inSettings,
  }
}

function textIn({ notes }: Reading, { path, bytes }: PackageFile): string {
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    notes.add('skipped', `${path} is not UTF-8 text; characters that could not be read are replaced.`, { path })
  }
  return text
}

/** Settings of a service as cb-cli writes them; `grants` are the rights whose role has no file of its own. */
export function serviceFile(service: PackageService, grants: readonly PackageGrant[]): Fields {
  const { name, params, dependencies, runAs, settings, extra } = service
  const permissions = Object.fromEntries(grants.map((grant) => [grant.role, grant.level]))
  return {
    ...extra,
    ...settings,
    name,
    params,
    dependencies: dependencies.join(','),
    run_user: runAs?.text ?? '',
    permissions: grants.length === 0 ? undefined : permissions,
  }
}

export function libraryFile(library: PackageLibrary): Fields {
  const { name, dependencies, description, api, visibility, extra } = library
  return { ...extra, name, dependencies: dependencies.join(','), description, api, visibility }
}

/** The files of one folder, but for the settings. */
export function codeFiles(one: { code: string | null; sourceMap: string | null }): [extension: string, text: string][] {
  const files: [string, string][] = []
  if (one.code !== null) files.push(['.js', one.code])
  if (one.sourceMap !== null) files.push(['.js.map', one.sourceMap])
  return files
}

export const sortGrants = (grants: PackageGrant[]): PackageGrant[] =>
  grants.sort(
    (one, other) =>
      byCodePoint(one.role, other.role) || byCodePoint(one.kind, other.kind) || byCodePoint(one.item, other.item),
  )
