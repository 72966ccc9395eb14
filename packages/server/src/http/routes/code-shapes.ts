/** Services and libraries as they travel (rest-api.md §2.7, §2.8). Reading what is sent is `domain/code`. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import type { CodeUnit, versionsOf } from '../../domain/code/code.ts'
import { storedSettings } from '../../domain/code/settings.ts'
import type { CodeUnitRecord } from '../../store/tables/code.ts'

/** Writes take `parameters`, reads give `params`. `problem` stands only where the code does not compile. */
export const serviceShape = ({ unit, version, settings }: CodeUnit) => ({
  name: unit.name,
  code: version.source,
  current_version: unit.currentVersion,
  version: version.version,
  params: settings.params,
  dependencies: version.dependencies.join(','),
  run_user: settings.run_user,
  logging_enabled: settings.logging_enabled,
  execution_timeout: settings.execution_timeout,
  auto_balance: settings.auto_balance,
  auto_restart: settings.auto_restart,
  concurrency: settings.concurrency,
  log_level: settings.log_level,
  log_ttl_minutes: settings.log_ttl_minutes,
  run_on_edge: settings.run_on_edge,
  run_on_platform: settings.run_on_platform,
  engine_type: version.dialect === 'classic' ? 0 : 1,
  source_map: settings.source_map,
  description: settings.description,
  ...problemOf(version),
})

export const libraryShape = (scope: SystemScope, { unit, version, settings }: CodeUnit) => ({
  system_key: scope.system.key,
  name: unit.name,
  code: version.source,
  dependencies: version.dependencies.join(','),
  description: settings.description,
  visibility: settings.visibility,
  api: settings.api,
  source_map: settings.source_map,
  version: version.version,
  current_version: unit.currentVersion,
  engine_type: version.dialect === 'classic' ? 0 : 1,
  ...problemOf(version),
})

const problemOf = ({ problem }: CodeUnit['version']) => (problem === null ? {} : { problem })

/** A library in a list: without its code, which may be large. */
export function libraryListShape(scope: SystemScope, unit: CodeUnitRecord) {
  const { description, visibility, api } = storedSettings(unit.settings)
  return {
    system_key: scope.system.key,
    name: unit.name,
    description,
    visibility,
    api,
    version: unit.currentVersion,
  }
}

const uriOf = (scope: SystemScope, name: string): string =>
  `/api/v/1/code/${scope.system.key}/${encodeURIComponent(name)}`

export const createdShape = (scope: SystemScope, { unit, version }: CodeUnit) => ({
  created: true,
  name: unit.name,
  uri: uriOf(scope, unit.name),
  version_number: version.version,
  ...problemOf(version),
})

/** An object: the Go SDK takes any other answer for a failure. */
export const savedShape = (scope: SystemScope, { unit, version }: CodeUnit) => ({
  uri: uriOf(scope, unit.name),
  version_number: version.version,
  ...problemOf(version),
})

export const metaShape = (scope: SystemScope, unit: CodeUnitRecord) => {
  const settings = storedSettings(unit.settings)
  const id = `${scope.system.key}::${unit.name}`
  return {
    name: unit.name,
    uuid: id,
    version: unit.currentVersion,
    version_id: `${id}::${unit.currentVersion}`,
    euid: settings.run_user,
    namespace: scope.system.key,
    system_key: scope.system.key,
    logging_enabled: settings.logging_enabled,
    execution_timeout: settings.execution_timeout,
    concurrency: settings.concurrency,
    auto_balance: settings.auto_balance,
    auto_restart: settings.auto_restart,
    auto_balance_euid: '',
  }
}

/** Newest first, without the code. */
export const historyShape = (name: string, { current, versions }: Awaited<ReturnType<typeof versionsOf>>) =>
  versions.map((version) => ({
    name,
    version: version.version,
    current: version.version === current,
    creation_date: new Date(version.createdAt).toISOString(),
    created_by: version.createdBy,
  }))

/** Throws badRequest for what can be no version, so that it never reaches the database. */
export function versionOf(params: Record<string, string>): number {
  const text = params.version ?? ''
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new GatehouseError('badRequest', 'The version must be a whole number from 1.')
}
