/**
 * Kept assets as they travel (rest-api.md §2.10 to §2.15). Keys of a file are handed on as they are; those that clients count
 * on are there with an empty value where the file lacks them. What names the system is this system's. Tokens and keys that were
 * blanked when the package came stay blank.
 */
import type { Column } from '@gatehouse/contract/columns.ts'
import { type Fields, isObject } from '../../deploy/format/fields.ts'
import { type AdapterFile, fieldsIn, type KeptOne, type StoredFile } from '../../deploy/kept-assets.ts'
import type { SystemScope } from '../../domain/access/scope.ts'

const named = (scope: SystemScope, one: KeptOne) => ({
  ...fieldsIn(one),
  name: one.name,
  system_key: scope.system.key,
})

const textIn = (fields: Fields, key: string): string => {
  const value = fields[key]
  return typeof value === 'string' ? value : ''
}

const listIn = (fields: Fields, key: string): unknown[] => {
  const value = fields[key]
  return Array.isArray(value) ? value : []
}

const columnsOf = (type: Column['type'], ...names: string[]): Column[] => names.map((name) => ({ name, type }))

export const deviceColumns: readonly Column[] = [
  ...columnsOf('string', 'device_key', 'name', 'system_key', 'type', 'state', 'description', 'certificate'),
  ...columnsOf('bool', 'enabled', 'allow_key_auth', 'allow_certificate_auth', 'has_keys'),
  ...columnsOf('bigint', 'created_date', 'last_active_date'),
]

export const edgeColumns: readonly Column[] = [
  ...columnsOf('string', 'edge_key', 'name', 'system_key', 'system_secret', 'novi_system_key', 'token'),
  ...columnsOf('string', 'description', 'location', 'mac_address', 'local_addr', 'local_port', 'public_addr'),
  ...columnsOf('string', 'public_port'),
  ...columnsOf('bool', 'isConnected'),
]

/** Columns that tables have and rows need not show; what exports list of them is not the developer's own. */
const moreBuiltIn: Readonly<Record<'device' | 'edge', readonly Column[]>> = {
  device: [
    ...columnsOf('string', 'cb_token'),
    ...columnsOf('bool', 'cb_service_account'),
    ...columnsOf('int', 'cb_ttl_override'),
  ],
  edge: columnsOf(
    'string',
    ...['policy_name', 'resolver_func', 'sync_edge_tables', 'last_seen_version', 'last_edge_type'],
    ...['first_talked', 'last_talked', 'communication_style'],
  ),
}

const neverListed = new Set(['salt', 'active_key', 'keys'])

/** cb-cli panics unless every entry says whether a developer made it. `schema` is the file with the developer's columns. */
export function columnShapes(table: 'device' | 'edge', schema: unknown): Record<string, unknown>[] {
  const builtIn = [...(table === 'device' ? deviceColumns : edgeColumns), ...moreBuiltIn[table]]
  const taken = new Set([...builtIn.map(({ name }) => name), ...neverListed])
  const own = listIn(isObject(schema) ? schema : {}, 'columns')
    .filter(isObject)
    .filter((column) => textIn(column, 'ColumnName') !== '' && !taken.has(textIn(column, 'ColumnName')))
  return [
    ...builtIn.map(({ name, type }) => ({
      ColumnName: name,
      ColumnType: type,
      PK: name === `${table}_key`,
      UserDefined: false,
    })),
    ...own.map((column) => ({ PK: false, ...column, ColumnType: textIn(column, 'ColumnType'), UserDefined: true })),
  ]
}

const emptyOf = (columns: readonly Column[]): Fields =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type === 'bool' ? false : type === 'bigint' ? 0 : '']))

export const deviceShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...emptyOf(deviceColumns),
  ...named(scope, one),
  device_key: `${scope.system.key} :: ${one.name}`,
})

export const edgeShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...emptyOf(edgeColumns),
  ...named(scope, one),
  edge_key: `${scope.system.key}:${one.name}`,
})

export const deviceRoleShape = (role: { id: string; name: string; description: string }) => ({
  ID: role.id,
  Name: role.name,
  Description: role.description,
})

export function triggerShape(scope: SystemScope, one: KeptOne): Fields {
  const fields = fieldsIn(one)
  const event = isObject(fields.event_definition) ? fields.event_definition : {}
  return {
    service_name: '',
    ...named(scope, one),
    system_secret: '',
    namespace: scope.system.key,
    event_definition: { def_module: '', def_name: '', def_keys: [], visibility: true, ...event },
    key_value_pairs: isObject(fields.key_value_pairs) ? fields.key_value_pairs : {},
  }
}

export const timerShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...{ description: '', frequency: 0, repeats: 0, service_name: '', start_time: '', user_id: '', user_token: '' },
  ...named(scope, one),
  system_secret: '',
  namespace: scope.system.key,
  timer_key: `${scope.system.key}::${one.name}`,
})

export const pluginShape = named

export const deploymentListShape = (_scope: SystemScope, one: KeptOne): Fields => ({
  name: one.name,
  description: textIn(fieldsIn(one), 'description'),
})

/** cb-cli sorts the assets by class and id, and panics without the booleans; old files have one word for both ways. */
export function deploymentShape(scope: SystemScope, one: KeptOne): Fields {
  const fields = fieldsIn(one)
  const assets = listIn(fields, 'assets')
    .filter(isObject)
    .map((asset) => ({
      ...asset,
      asset_class: textIn(asset, 'asset_class'),
      asset_id: textIn(asset, 'asset_id'),
      sync_to_edge: (asset.sync_to_edge ?? asset.sync) === true,
      sync_to_platform: (asset.sync_to_platform ?? asset.sync) === true,
    }))
  return { ...named(scope, one), description: textIn(fields, 'description'), assets, edges: listIn(fields, 'edges') }
}

const commands = ['start', 'stop', 'status', 'logs', 'deploy', 'undeploy'].map((word) => [`${word}_command`, ''])

export const adapterShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...{ description: '', architecture: '', os: '', protocol: '' },
  ...Object.fromEntries(commands),
  ...named(scope, one),
})

export const adapterFileShape = (adapter: string, { name, meta, bytes }: AdapterFile): Fields => ({
  ...{ path_name: '', owner: '', group: '', permissions: '' },
  ...meta,
  name,
  adaptor_name: adapter,
  file: bytes.toString('base64'),
})

export const webhookShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...{ description: '', service_name: '', auth_method: '' },
  ...named(scope, one),
  id: one.name,
  system_secret: '',
})

export const cacheShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...{ description: '', ttl: 0 },
  ...named(scope, one),
  id: one.name,
})

export const databaseListShape = (_scope: SystemScope, one: KeptOne): Fields => ({
  name: one.name,
  dbtype: textIn(fieldsIn(one), 'dbtype'),
})

export const databaseShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...databaseListShape(scope, one),
  id: one.name,
  credentials: {},
  system_key: scope.system.key,
})

export const bucketSetShape = (scope: SystemScope, one: KeptOne): Fields => ({
  ...{ platform_storage: '', edge_storage: '' },
  ...named(scope, one),
  deployment_name: one.name,
  platform_config: {},
  edge_config: {},
})

/** `path` begins with the box. */
export function bucketFileShape({ path, size }: StoredFile) {
  const [box = '', ...rest] = path.split('/')
  return {
    bucket_name: box,
    base_name: rest.at(-1) ?? '',
    path_name: path,
    relative_name: rest.join('/'),
    size,
    permissions: '',
    last_modified: '',
  }
}

/** The Go SDK reads the config as a text unless it asked for it in the clear. */
export const fileStoreShape = (scope: SystemScope, one: KeptOne, decrypt: boolean): Fields => ({
  ...{ storage_type: '', read_auth_method: '', write_auth_method: '' },
  ...named(scope, one),
  storage_config: decrypt ? {} : '',
})

export const storedFileShape = ({ path, size }: StoredFile) => ({
  full_path: path,
  size_bytes: size,
  permissions: '',
  updated_at: 0,
  is_dir: false,
})

const numberIn = (fields: Fields, key: string): number => {
  const value = fields[key]
  return typeof value === 'number' ? value : 0
}

/** The Go SDK panics where a value is of another type. */
export const historyStorageShapes = (scope: SystemScope, value: unknown): Fields[] =>
  (Array.isArray(value) ? value : []).filter(isObject).map((entry) => ({
    topic: textIn(entry, 'topic'),
    edge: entry.edge === true,
    platform: entry.platform === true,
    max_rows: numberIn(entry, 'max_rows'),
    max_time: numberIn(entry, 'max_time'),
    system_key: scope.system.key,
  }))

export const typeTriggerShapes = (value: unknown): Fields[] =>
  (Array.isArray(value) ? value : []).filter(isObject).map((entry) => ({
    ...entry,
    message_type: textIn(entry, 'message_type'),
    topic_pattern: textIn(entry, 'topic_pattern'),
  }))
