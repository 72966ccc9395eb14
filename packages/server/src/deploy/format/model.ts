/**
 * A package as values: what Gatehouse can activate, typed and the same for both eras of the format, and everything else
 * whole (`kept`). Lists are sorted by name, so two models of the same content are equal. Reading is `read.ts`, writing
 * `write.ts`; neither the exporter's keys nor a password is ever in a model.
 */
import type { ColumnType, Row } from '@gatehouse/contract/columns.ts'
import type { ResourceKind } from '@gatehouse/contract/permissions.ts'
import type { CodeSettings } from '../../domain/code/settings.ts'

/** Files of a package: path relative to the folder that holds `system.json`, with `/`, to the file's bytes. */
export type PackageFiles = ReadonlyMap<string, Buffer>

/** Keys of a known file that Gatehouse does not know, written again as they came. */
export type Extra = Record<string, unknown>

export type PackageModel = {
  /** undefined where a part of a system came without `system.json`, as in an upload of cb-cli. */
  system: SystemFacts | undefined
  services: PackageService[]
  libraries: PackageLibrary[]
  collections: PackageCollection[]
  roles: PackageRole[]
  /**
   * Rights for roles that the package has no file for: a role that every system has, or one that only the target may
   * have. Old packages hold them in `permissions` maps of services, collections and the user table.
   */
  grants: PackageGrant[]
  userTable: { columns: PackageColumn[]; extra: Extra }
  users: PackageUser[]
  kept: KeptAsset[]
}

/** Addresses are the exporting node's, for people to read; nothing is ever sent there. */
export type SystemFacts = {
  name: string
  description: string
  platformUrl: string
  messagingUrl: string
  extra: Extra
}

/** The settings that the file of a service has, under their names on the wire. */
export type ServiceSettings = Pick<
  CodeSettings,
  | 'logging_enabled'
  | 'execution_timeout'
  | 'auto_balance'
  | 'auto_restart'
  | 'concurrency'
  | 'log_level'
  | 'log_ttl_minutes'
  | 'run_on_edge'
  | 'run_on_platform'
>

export type PackageService = {
  name: string
  /** null: the package has the settings and no code. */
  code: string | null
  sourceMap: string | null
  params: string[]
  /** Names of libraries, in the order they are required. */
  dependencies: string[]
  /** null: the service runs as its caller. */
  runAs: RunAs | null
  settings: ServiceSettings
  extra: Extra
}

/** Whom a service runs as, as the file says; a user's id is the exporter's and names nobody elsewhere. */
export type RunAs = { text: string; looksLike: 'id' | 'email' }

export type PackageLibrary = {
  name: string
  /** null: the package has the settings and no code. */
  code: string | null
  sourceMap: string | null
  dependencies: string[]
  description: string
  api: string
  visibility: string
  extra: Extra
}

export type PackageCollection = {
  name: string
  /** Without `item_id`, which every collection has. */
  columns: PackageColumn[]
  /** On columns of the collection alone. */
  indexes: PackageIndex[]
  /** With their `item_id`; values of the collection's columns alone. */
  rows: Row[]
  extra: Extra
}

export type PackageColumn = { name: string; type: ColumnType; primaryKey: boolean; extra: Extra }

/** As the wire has it (rest-api.md §2.6); `name` is the column. */
export type PackageIndex = { name: string; type: 'Primary Key' | 'Unique Index' | 'Nonunique Index'; extra: Extra }

export type PackageRole = {
  name: string
  description: string
  /** An import sets the mark and never takes it off. That of Administrator, which always has it, is not written. */
  privileged?: true
  /** One for each kind and item, sorted; none of level 0. */
  rights: PackageRight[]
  /** Rights on single columns or rows of a collection, as the file has them. Gatehouse cannot hold them and gives none. */
  limited: Extra[]
  /** Kinds of rights that Gatehouse does not know, as the file has them. */
  otherRights: Extra
  extra: Extra
}

/** `item` is a name, also of a collection, and '' for a kind without items. It need not be in the package. */
export type PackageRight = { kind: ResourceKind; item: string; level: number }

export type PackageGrant = PackageRight & { role: string }

export type PackageUser = {
  email: string
  /** Values of the user table's own columns. */
  columns: Row
  /** All of them, sorted. Without `Authenticated` where the file leaves it out. */
  roles: string[]
  serviceAccount: boolean
  /** The file held a password. It is not in the model and is never written, so writing and reading again gives false. */
  bringsPassword: boolean
  extra: Extra
}

export const keptKinds = [
  'portal',
  'trigger',
  'timer',
  'device',
  'device-columns',
  'device-roles',
  'edge',
  'edge-columns',
  'deployment',
  'deploy-list',
  'adapter',
  'plugin',
  'webhook',
  'shared-cache',
  'external-database',
  'external-collection',
  'bucket-set',
  'bucket-files',
  'file-store',
  'file-store-files',
  'secret',
  'message-history-storage',
  'message-type-triggers',
  'package-json',
  'ipm-json',
  'readme',
] as const

export type KeptKind = (typeof keptKinds)[number]

/**
 * What Gatehouse keeps and hands out again without using it. Its bytes are the file's own; only values that were keys of
 * the exporter (a token, a system's key …) are replaced by "" in place.
 */
export type KeptAsset = {
  kind: KeptKind
  name: string
  /** Sorted by path; at least one. */
  files: { path: string; bytes: Buffer }[]
  /** The files may hold credentials that the package means to bring (a secret, a database's): never show them. */
  sensitive: boolean
}

/** All rights that the package gives to each role, from its roles' files and from `grants`. */
export function rightsByRole(model: PackageModel): Map<string, PackageRight[]> {
  const rights = new Map(model.roles.map((role) => [role.name, [...role.rights]]))
  for (const { role, ...right } of model.grants) {
    const held = rights.get(role)
    if (held === undefined) rights.set(role, [right])
    else held.push(right)
  }
  return rights
}
