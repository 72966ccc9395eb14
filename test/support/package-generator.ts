/**
 * Packages as other people's exports hold them: every kind of file in both eras, mixed, with what must come out of reading
 * them. Written from the description of the format alone, so that it can find the reader wrong. All of it can be imported:
 * names, types and rows are valid, and the code compiles.
 */
import fc from 'fast-check'
import type { Column, ColumnType, Row } from '../../packages/contract/src/columns.ts'
import { type ResourceKind, resourceKindNames, resourceKinds } from '../../packages/contract/src/permissions.ts'
import type {
  KeptKind,
  PackageCollection,
  PackageGrant,
  PackageModel,
  PackageRight,
  PackageRole,
  PackageService,
  PackageUser,
  RunAs,
} from '../../packages/server/src/deploy/format/model.ts'

export type GeneratedPackage = {
  files: Map<string, Buffer>
  /** What reading must give. Values of rows are as they stand in the file. */
  model: PackageModel
  /** Each note that reading must give, and no other, as `kind path` or `kind asset-kind asset-name`; sorted. */
  notes: string[]
  /** Keys and passwords of the exporter. None may be in the model, in a note, in an error or in a written file. */
  secrets: string[]
}

/** Libraries that the platform brings, for `platformLibraries`. */
export const nativeLibraries = ['clearblade', 'log', 'http']

const serviceNames = ['authOverride', 'setUp', 'poll_1', 'größe']
const libraryNames = ['ConstantsTwoFactor', 'twilio-sms', 'A']
const collectionNames = ['Tokens', 'two words', 'données', 'Q&A <1>']
const roleNames = ['Administrator', 'Anonymous', 'Authenticated', 'authOverrideRole', 'Ops/Night', 'portalEditor']
const defaults = ['Administrator', 'Anonymous', 'Authenticated']
const emails = ['jo@example.com', "o'neil+x@example.com", 'zoë@example.org']
const portalNames = ['Login', 'Two Factor Login']

const columnPool: Column[] = [
  { name: 'email', type: 'string' },
  { name: 'count', type: 'int' },
  { name: 'big', type: 'bigint' },
  { name: 'ratio', type: 'float' },
  { name: 'exact', type: 'double' },
  { name: 'on', type: 'bool' },
  { name: 'at', type: 'timestamp' },
  { name: 'raw', type: 'blob' },
  { name: 'data', type: 'jsonb' },
  { name: 'ref', type: 'uuid' },
]

const userColumnPool: Column[] = [
  { name: 'sms_phone', type: 'string' },
  { name: 'logins', type: 'int' },
  { name: 'profile', type: 'jsonb' },
]

const text = fc.oneof(
  fc.constantFrom('', 'x', '<b>&amp;</b>', 'naïve 😀', 'line\nbreak', '"quoted" \\ back', '\u2028'),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((one) => one.replaceAll('\0', '')),
)
const uuid = fc.uuid()
const json = fc.jsonValue({ maxDepth: 2 }).filter((one) => !JSON.stringify(one).includes('\\u0000'))

const values: Record<ColumnType, fc.Arbitrary<unknown>> = {
  string: text,
  blob: fc.constantFrom('', 'AAECAw=='),
  uuid,
  int: fc.integer(),
  bigint: fc.maxSafeInteger(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }),
  bool: fc.boolean(),
  timestamp: fc.constantFrom('2018-05-10T17:21:05.1Z', '2024-02-29T00:00:00Z', '2020-01-01T10:00:00+02:00'),
  jsonb: json,
}

const rowsOf = (columns: readonly Column[], key: string | undefined, most: number): fc.Arbitrary<Row[]> => {
  const fields = Object.fromEntries(columns.map(({ name, type }) => [name, fc.option(values[type])]))
  const row = fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Row>
  if (key === undefined) return fc.array(row, { maxLength: most })
  return fc
    .uniqueArray(uuid, { maxLength: most })
    .chain((ids) => fc.tuple(...ids.map((id) => row.map((one) => ({ ...one, [key]: id })))))
}

const bool = fc.boolean()
const old = bool
const level = fc.constantFrom(0, 1, 1, 5, 7, 13, 15)
const truth = fc.record({ is: bool, asText: bool })
const some = <T>(pool: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...pool])
/** `permissions` of old files: role name to level. */
const permissionsMap = fc.dictionary(fc.constantFrom(...roleNames, 'goneRole'), level, { maxKeys: 3 })

const codeDraw = {
  old,
  /** Which of settings and code the folder has. */
  parts: fc.constantFrom('both', 'both', 'both', 'settings', 'code'),
  requires: fc.oneof(fc.constant(null), fc.shuffledSubarray([...nativeLibraries, ...libraryNames, 'goneLibrary'])),
  spaced: bool,
  sourceMap: bool,
  renamed: bool,
  extra: bool,
  crlf: bool,
}

const serviceDraw = fc.record({
  ...codeDraw,
  logging: truth,
  timeout: fc.option(fc.constantFrom(-1, 1, 30, 600)),
  autoRestart: fc.constantFrom(null, true, false, 'true'),
  runOnEdge: fc.option(truth),
  params: fc.option(some(['email', 'code'])),
  runAs: fc.constantFrom('nobody', 'null', 'known id', 'unknown id', 'known e-mail', 'unknown e-mail'),
  permissions: fc.option(permissionsMap),
})

const libraryDraw = fc.record({ ...codeDraw, api: fc.constantFrom(null, '', 'docs'), description: text })

const collectionDraw = some(columnPool).chain((columns) =>
  fc.record({
    old,
    columns: fc.constant(columns),
    rows: fc.oneof(fc.constant(null), fc.constant(undefined), rowsOf(columns, 'item_id', 4)),
    strangeValue: bool,
    twice: bool,
    itemId: bool,
    indexed: some(columns.filter(({ type }) => type === 'string' || type === 'int')),
    danglingIndex: bool,
    external: fc.constantFrom(false, false, false, true, 'false'),
    renamed: bool,
    hypertable: bool,
    permissions: fc.option(permissionsMap),
  }),
)

const roleDraw = fc.record({
  old,
  description: fc.oneof(fc.constant(null), text),
  services: fc.option(fc.array(fc.tuple(fc.constantFrom(...serviceNames, 'goneService'), level), { maxLength: 4 })),
  collections: fc.option(fc.array(fc.tuple(fc.constantFrom(...collectionNames, 'gone'), level), { maxLength: 4 })),
  portals: fc.option(fc.array(fc.tuple(fc.constantFrom(...portalNames, 'gonePortal'), level), { maxLength: 3 })),
  topics: fc.option(fc.array(fc.tuple(fc.constantFrom('#', '$trigger/#', 'a/+/b'), level), { maxLength: 3 })),
  whole: fc.dictionary(fc.constantFrom(...resourceKindNames.filter((kind) => !resourceKinds[kind].items)), level),
  nulls: some(['SystemServices', 'ServiceCaches', 'Files']),
  byId: bool,
  limited: bool,
  privileged: bool,
  unknownKind: bool,
  extra: bool,
  copy: bool,
})

const userDraw = fc.record({
  roles: fc.option(some([...roleNames, 'goneRole'])),
  rolesIn: fc.constantFrom('user', 'file', 'both'),
  columns: rowsOf(userColumnPool, undefined, 1).map((rows) => rows[0] ?? {}),
  password: bool,
  token: bool,
  serviceAccount: fc.option(truth),
  other: bool,
})

const keptDraw = fc.record({
  portals: fc.record(Object.fromEntries(portalNames.map((name) => [name, fc.constantFrom('none', 'old', 'exploded')]))),
  trigger: bool,
  timer: fc.constantFrom('none', 'empty', 'gone', 'real'),
  device: bool,
  edge: bool,
  deployment: bool,
  deployJson: bool,
  adapter: bool,
  rest: some(['plugins', 'webhooks', 'shared-caches', 'external-databases', 'bucket-sets', 'file-stores', 'secrets']),
  files: bool,
  storage: bool,
  metadata: some(['package.json', 'ipm.json', 'README.md']),
})

const strays = [
  ['code/services/notes.txt', 'unknown code/services/notes.txt'],
  ['code/services/.gitkeep', 'unknown code/services/.gitkeep'],
  ['code/libraries/.DS_Store', 'unknown code/libraries/.DS_Store'],
  ['code/webapp/x.js', 'unknown code/webapp/x.js'],
  ['roles/README', 'unknown roles/README'],
  ['data/old/Tokens.json', 'unknown data/old/Tokens.json'],
  ['users/me.json', 'unknown users/me.json'],
  ['portals/index.html', 'unknown portals/index.html'],
  ['src/main.ts', 'unknown src'],
  ['node_modules/a/b.js', 'unknown node_modules'],
  ['.DS_Store', 'unknown .DS_Store'],
  ['LICENSE', 'unknown LICENSE'],
  ['.cbmeta', 'secret .cbmeta'],
  ['users/roles/gone@example.com.json', 'dangling users/roles/gone@example.com.json'],
] as const

const draw = fc.record({
  system: fc.constantFrom('old', 'new', 'oldest'),
  services: fc.dictionary(fc.constantFrom(...serviceNames), serviceDraw),
  libraries: fc.dictionary(fc.constantFrom(...libraryNames), libraryDraw),
  collections: fc.dictionary(fc.constantFrom(...collectionNames), collectionDraw),
  roles: fc.dictionary(fc.constantFrom(...roleNames), roleDraw),
  users: fc.dictionary(fc.constantFrom(...emails), userDraw),
  userTable: fc.record({
    shape: fc.constantFrom('none', 'null', 'list', 'list'),
    permissions: fc.option(permissionsMap),
  }),
  kept: keptDraw,
  strays: some(strays),
  layout: fc.record({ indent: fc.constantFrom(0, 4, '\t'), end: fc.constantFrom('', '\n', '\r\n'), mark: bool }),
})

type Draw = typeof draw extends fc.Arbitrary<infer T> ? T : never
type Draws = { service: Draw['services'][string]; library: Draw['libraries'][string] }

/** Through JSON once, so that what is drawn is what a file can hold: no `-0`, no object without a prototype. */
export const packages = (): fc.Arbitrary<GeneratedPackage> =>
  draw.map((drawn) => build(JSON.parse(JSON.stringify(drawn))))

/** A package under way. */
type Making = {
  draw: Draw
  files: Map<string, Buffer>
  notes: string[]
  secrets: string[]
  grants: PackageGrant[]
  put(path: string, value: unknown): void
  /** A value that must never be seen again. */
  secret(name: string): string
}

function build(drawn: Draw): GeneratedPackage {
  const { layout } = drawn
  const making: Making = {
    draw: drawn,
    files: new Map(),
    notes: [],
    secrets: [],
    grants: [],
    put(path, value) {
      const body = typeof value === 'string' ? value : jsonOf(value, layout)
      making.files.set(path, Buffer.from(body, 'utf8'))
    },
    secret(name) {
      const value = `exporters-${name.replaceAll(/\W/g, '-')}-${making.secrets.length}`
      making.secrets.push(value)
      return value
    },
  }
  const system = makeSystem(making)
  const userTable = makeUserTable(making)
  const { users, ids } = makeUsers(making, userTable.columns)
  const services = entries(drawn.services).map(([name, one]) => makeService(making, name, one, ids))
  const libraries = entries(drawn.libraries).map(([name, one]) => makeLibrary(making, name, one))
  const { collections, external } = makeCollections(making)
  const kept = [...makeKept(making), ...external]
  const { roles, grants } = makeRoles(making, kept)
  for (const [path, note] of drawn.strays) {
    making.put(path, path.endsWith('.json') ? [] : 'stray')
    if (path === 'users/me.json') making.put(path, {})
    making.notes.push(note)
  }
  const model = { system, services, libraries, collections, roles, grants, userTable, users, kept: sortKept(kept) }
  return { files: making.files, model, notes: making.notes.sort(), secrets: making.secrets }
}

const jsonOf = (value: unknown, { indent, end, mark }: Draw['layout']): string =>
  `${mark ? '\uFEFF' : ''}${JSON.stringify(value, null, indent)}${end}`

const entries = <T>(of: Record<string, T>): [string, T][] =>
  Object.entries(of).sort(([one], [other]) => (one < other ? -1 : 1))

const fileName = (name: string): string => encodeURIComponentSparse(name)
const encodeURIComponentSparse = (name: string): string =>
  name.replace(/[/<>]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

const asDrawn = ({ is, asText }: { is: boolean; asText: boolean }): boolean | string => (asText ? String(is) : is)

function makeSystem({ draw: { system }, put, secret, notes }: Making): PackageModel['system'] {
  const facts = { name: 'A & B', description: 'what it does' }
  const [key, hidden] = [secret('key'), secret('secret')]
  const platform = 'https://exporter.example.com'
  notes.push('secret system.json')
  if (system === 'oldest') {
    put('system.json', { ...facts, systemKey: key, systemSecret: hidden, platformURL: platform, auth: true })
    return { ...facts, platformUrl: platform, messagingUrl: '', extra: {} }
  }
  const extra = system === 'old' ? { deployments: [], edge_sync: {} } : {}
  const urls = { platform_url: platform, messaging_url: 'exporter.example.com:1883' }
  put('system.json', { ...facts, ...urls, ...extra, auth: true, system_key: key, system_secret: hidden })
  return { ...facts, platformUrl: platform, messagingUrl: urls.messaging_url, extra }
}

const column = ({ name, type }: Column) => ({ ColumnName: name, ColumnType: type, PK: false })
const modelColumn = ({ name, type }: Column) => ({ name, type, primaryKey: false, extra: {} })
const itemId = { ColumnName: 'item_id', ColumnType: 'uuid', PK: true }

function makeUserTable(making: Making): PackageModel['userTable'] {
  const { shape, permissions } = making.draw.userTable
  if (shape === 'none') return { columns: [], extra: {} }
  const builtIn = ['user_id', 'email', 'cb_token'].map((name) => ({ ...itemId, ColumnName: name }))
  const columns = shape === 'list' ? [...builtIn, ...userColumnPool.map(column)] : null
  making.put('users/schema.json', permissions === null ? { columns } : { columns, permissions })
  grant(making, permissions, 'users', '')
  return { columns: shape === 'list' ? userColumnPool.map(modelColumn) : [], extra: {} }
}

function grant({ grants }: Making, map: Record<string, number> | null, kind: ResourceKind, item: string): void {
  for (const [role, given] of Object.entries(map ?? {})) if (given > 0) grants.push({ role, kind, item, level: given })
}

function makeUsers(
  making: Making,
  columns: readonly { name: string }[],
): { users: PackageUser[]; ids: Map<string, string> } {
  const { draw: drawn, put, secret, notes } = making
  const ids = new Map<string, string>()
  const users = entries(drawn.users).map(([email, one]): PackageUser => {
    const path = `users/${email}.json`
    const id = secret('id')
    ids.set(email, id)
    const file: Record<string, unknown> = { email, user_id: id, creation_date: '2018-01-01T00:00:00Z', ...one.columns }
    notes.push(`secret ${path}`)
    if (one.token) file.cb_token = secret('token')
    if (one.password) {
      file.password = secret('password')
      notes.push(`secret ${path}`)
    }
    if (one.serviceAccount !== null) file.cb_service_account = asDrawn(one.serviceAccount)
    if (one.other) file.two_factor_enabled = true
    if (one.other) file.favourite = { colour: '<red>' }
    if (one.roles !== null && one.rolesIn !== 'file') file.roles = one.roles
    if (one.roles !== null && one.rolesIn !== 'user') put(`users/roles/${email}.json`, [...one.roles].reverse())
    put(path, file)
    const roles = one.roles ?? ['Authenticated']
    for (const role of roles) {
      if (role === 'goneRole' || (!defaults.includes(role) && drawn.roles[role] === undefined)) {
        notes.push(`dangling user ${email}`)
      }
    }
    const own = Object.entries(one.columns)
    const known = own.filter(([name]) => columns.some((other) => other.name === name))
    const unknown = own.filter(([name]) => !columns.some((other) => other.name === name))
    return {
      email,
      columns: Object.fromEntries(known),
      roles: [...roles].sort(),
      serviceAccount: one.serviceAccount?.is ?? false,
      bringsPassword: one.password,
      extra: { ...Object.fromEntries(unknown), ...(one.other ? { favourite: { colour: '<red>' } } : {}) },
    }
  })
  return { users, ids }
}

const newSettings = {
  auto_balance: false,
  concurrency: 2,
  log_level: 'info',
  log_ttl_minutes: 60,
  run_on_platform: true,
}

function makeService(
  making: Making,
  name: string,
  one: Draws['service'],
  ids: ReadonlyMap<string, string>,
): PackageService {
  const { secret, notes } = making
  const [brought] = ids
  const runAs = ((): { written: string | null; read: RunAs | null } => {
    if (one.runAs === 'nobody' || one.parts === 'code') return { written: '', read: null }
    if (one.runAs === 'null') return { written: null, read: null }
    if (one.runAs === 'known e-mail' && brought !== undefined) {
      return { written: brought[0], read: { text: brought[0], looksLike: 'email' } }
    }
    if (one.runAs === 'known id' && brought !== undefined) {
      notes.push(`mismatch service ${name}`)
      return { written: brought[1], read: { text: brought[0], looksLike: 'email' } }
    }
    notes.push(`dangling service ${name}`)
    const looksLike = one.runAs === 'unknown e-mail' ? 'email' : 'id'
    const written = looksLike === 'email' ? 'gone@example.com' : '5a9fa0d70b'
    return { written, read: { text: written, looksLike } }
  })()
  const params = one.params ?? []
  const file: Record<string, unknown> = {
    params: one.params,
    run_user: runAs.written,
    logging_enabled: asDrawn(one.logging),
    ...(one.timeout === null ? {} : { execution_timeout: one.timeout }),
  }
  if (one.old) {
    Object.assign(file, {
      source: `${name}.js`,
      current_version: 7,
      permissions: one.permissions,
      system_key: secret('key'),
    })
  } else {
    Object.assign(file, newSettings, { auto_restart: one.autoRestart, parameters: params, params: undefined })
    if (one.runOnEdge !== null) file.run_on_edge = asDrawn(one.runOnEdge)
  }
  const settings = {
    logging_enabled: one.logging.is,
    execution_timeout: one.timeout ?? 60,
    auto_balance: false,
    auto_restart: !one.old && (one.autoRestart === true || one.autoRestart === 'true'),
    concurrency: one.old ? 0 : 2,
    log_level: one.old ? 'debug' : 'info',
    log_ttl_minutes: one.old ? 10_080 : 60,
    run_on_edge: one.old || (one.runOnEdge?.is ?? true),
    run_on_platform: true,
  }
  const plain = { logging_enabled: false, execution_timeout: 60, auto_restart: false, run_on_edge: true }
  const coded = makeCode(making, 'service', name, one, file)
  if (one.parts !== 'code' && one.old) grant(making, one.permissions, 'services', name)
  const whole = one.parts !== 'code'
  return {
    ...coded,
    params: whole ? params : [],
    runAs: runAs.read,
    settings: whole ? settings : { ...settings, ...plain, concurrency: 0, log_level: 'debug', log_ttl_minutes: 10_080 },
  }
}

function makeLibrary(making: Making, name: string, one: Draws['library']): PackageModel['libraries'][number] {
  const { api, description } = one
  const file: Record<string, unknown> = { api, description, visibility: 'system' }
  if (one.old) Object.assign(file, { version: 3, library_key: making.secret('key') })
  const coded = makeCode(making, 'library', name, one, file)
  const whole = one.parts !== 'code'
  return { ...coded, api: whole ? (api ?? '') : '', description: whole ? description : '', visibility: 'system' }
}

/** Writes the folder of a service or library and answers what both kinds have. */
function makeCode(
  { draw: drawn, notes, put }: Making,
  kind: 'service' | 'library',
  name: string,
  one: Draws['service'] | Draws['library'],
  settings: Record<string, unknown>,
) {
  const { parts } = one
  const folder = one.renamed && parts !== 'code' ? `${name}-moved` : name
  const stem = `code/${kind === 'service' ? 'services' : 'libraries'}/${folder}/${folder}`
  const asset = `${kind} ${name}`
  const extra = one.extra ? { preload: { deep: [1, null] } } : {}
  // Says what a file means that lacks it, and is nothing of its own.
  const usual = one.extra ? { engine_type: 0 } : {}
  const requires = one.requires?.filter((other) => other !== name) ?? null
  const dependencies = requires === null ? null : requires.join(one.spaced ? ', ' : ',')
  if (parts !== 'code') {
    put(`${stem}.json`, { name, dependencies, ...settings, ...extra, ...usual })
    if (folder !== name) notes.push(`mismatch ${stem}.json`)
    if (one.old) notes.push(`secret ${stem}.json`)
  } else notes.push(`default ${stem}.js`)
  const end = one.crlf ? '\r\n' : '\n'
  const code =
    kind === 'service'
      ? `function ${name}(req, resp) {${end}  resp.success('<ok> & done')${end}}${end}`
      : `var v = 1${end}`
  if (parts !== 'settings') put(`${stem}.js`, code)
  else notes.push(`skipped ${stem}.json`)
  const sourceMap = one.sourceMap && parts === 'both' ? '{"version":3}' : null
  if (sourceMap !== null) put(`${stem}.js.map`, sourceMap)
  if (kind === 'service' && parts === 'both' && one.spaced) {
    put(stem.replace(/[^/]+$/, 'notes.md'), 'stray')
    notes.push(`unknown ${stem.replace(/[^/]+$/, 'notes.md')}`)
  }
  const read = parts === 'code' ? [] : (requires ?? [])
  for (const library of read) {
    if (!nativeLibraries.includes(library) && drawn.libraries[library] === undefined) notes.push(`dangling ${asset}`)
  }
  return {
    name,
    code: parts === 'settings' ? null : code,
    sourceMap,
    dependencies: read,
    extra: parts === 'code' ? {} : extra,
  }
}

type Kept = PackageModel['kept'][number]

function makeCollections(making: Making): { collections: PackageCollection[]; external: Kept[] } {
  const { draw: drawn, put, secret, notes } = making
  const external: Kept[] = []
  const collections = entries(drawn.collections).flatMap(([name, one]): PackageCollection[] => {
    const stem = one.renamed ? `${fileName(name)}-moved` : fileName(name)
    const path = `data/${stem}.json`
    if (one.renamed) notes.push(`mismatch ${path}`)
    const rendered = (appId: string): Buffer =>
      Buffer.from(jsonOf({ name, isConnect: true, app_id: appId, schema: [{ odd: true }], items: [] }, drawn.layout))
    if (one.external === true) {
      making.files.set(path, rendered(secret('app')))
      external.push(keptOf(making, 'external-collection', name, [[path, rendered('').toString()]]))
      notes.push(`secret ${path}`)
      return []
    }
    const schema = [...(one.itemId ? [itemId] : []), ...one.columns.map(column)]
    const [first] = one.columns
    if (one.twice && first !== undefined) {
      schema.push({ ...column(first), ColumnType: 'string' })
      notes.push(`duplicate ${path}`)
    }
    const rows = one.rows ?? []
    const written = one.rows?.map((row) => (one.strangeValue ? { ...row, strange: 'x' } : row))
    if (one.strangeValue && rows.length > 0) notes.push(`skipped ${path}`)
    const file: Record<string, unknown> = { name, schema, items: one.rows === null ? null : written }
    if (one.external === 'false') file.isConnect = false
    const indexes = one.old ? [] : one.indexed.map((index) => ({ name: index.name, type: 'Nonunique Index' as const }))
    if (one.old) {
      Object.assign(file, { app_id: secret('app'), collection_id: idOf(making, name), permissions: one.permissions })
      notes.push(`secret ${path}`)
      grant(making, one.permissions, 'collections', name)
    } else {
      const dangling = one.danglingIndex ? [{ name: 'no such column', type: 'Unique Index' }] : []
      if (one.danglingIndex) notes.push(`dangling ${path}`)
      file.indexes =
        one.indexed.length === 0 && dangling.length === 0 ? null : { Data: [...indexes, ...dangling], Total: 9 }
    }
    const extra = one.hypertable ? { hypertable_properties: { chunk_time_interval: '1 day' } } : {}
    put(path, { ...file, ...extra })
    const columns = one.columns.map(modelColumn)
    return [{ name, columns, indexes: indexes.map((index) => ({ ...index, extra: {} })), rows, extra }]
  })
  return { collections, external }
}

/** The exporter's id of a collection, the same wherever it is named. */
function idOf({ secrets }: Making, name: string): string {
  const id = `exporters-collection-${collectionNames.indexOf(name)}-id`
  if (!secrets.includes(id)) secrets.push(id)
  return id
}

function makeRoles(making: Making, kept: readonly Kept[]): { roles: PackageRole[]; grants: PackageGrant[] } {
  const { draw: drawn, put, secret, notes, grants } = making
  const has: Partial<Record<ResourceKind, readonly string[]>> = {
    services: Object.keys(drawn.services),
    collections: Object.keys(drawn.collections),
    portals: kept.filter(({ kind }) => kind === 'portal').map(({ name }) => name),
  }
  const roles = entries(drawn.roles).map(([name, one]): PackageRole => {
    const path = `roles/${fileName(name)}.json`
    const held: PackageRight[] = []
    const dropped = { any: false }
    let repeated = 0
    const list = (kind: ResourceKind, rights: [string, number][] | null): unknown => {
      const seen = new Map<string, number>()
      for (const [item, given] of rights ?? []) {
        if (given === 0) continue
        held.push({ kind, item, level: given })
        seen.set(item, (seen.get(item) ?? 0) + 1)
      }
      for (const count of seen.values()) if (count > 1) repeated += 1
      return rights?.map(([item, given]) => entryOf(kind, item, given)) ?? null
    }
    const entryOf = (kind: ResourceKind, item: string, given: number): Record<string, unknown> => {
      const entry: Record<string, unknown> = { Name: item, Level: given }
      if (kind === 'collections') Object.assign(entry, { Columns: [], Items: [] })
      if (!one.old || kind === 'topics') return entry
      dropped.any = true
      if (kind !== 'collections') return { ...entry, SystemKey: secret('key') }
      const collection = drawn.collections[item]
      const nameless = one.byId && collection?.old === true && collection.external !== true
      return { ...entry, ID: item === 'gone' ? secret('id') : idOf(making, item), Name: nameless ? '' : item }
    }
    const permissions: Record<string, unknown> = Object.fromEntries(one.nulls.map((key) => [key, null]))
    permissions.CodeServices = list('services', one.services)
    permissions.Collections = list('collections', one.collections)
    permissions.Portals = list('portals', one.portals)
    permissions.Topics = list('topics', one.topics)
    for (const [kind, given] of Object.entries(one.whole) as [ResourceKind, number][]) {
      permissions[resourceKinds[kind].read] = { Level: given }
      if (given > 0) held.push({ kind, item: '', level: given })
    }
    const limited = { Name: 'limited', Level: 15, Columns: ['email'], Items: [] }
    if (one.limited) {
      permissions.Collections = [...((permissions.Collections as unknown[] | null) ?? []), limited]
      notes.push(`skipped ${path}`)
    }
    const otherRights = one.unknownKind ? { AllMqttConnectors: { Level: 1 } } : {}
    const extra = one.extra ? { Colour: 'blue' } : {}
    const isDefault = defaults.includes(name)
    const id = one.old ? { ID: isDefault ? name : secret('role') } : {}
    const file = {
      Name: name,
      Description: one.description,
      ...(one.privileged && { Privileged: true }),
      ...id,
      ...extra,
      Permissions: { ...permissions, ...otherRights },
    }
    put(path, file)
    for (let count = 0; count < repeated; count += 1) notes.push(`duplicate ${path}`)
    if (dropped.any || (one.old && !isDefault)) notes.push(`secret ${path}`)
    if (one.copy) {
      const copy = `roles/copy of ${fileName(name)}.json`
      put(copy, { Name: name, Permissions: { AllServices: { Level: 15 }, UsersList: { Level: 15 } } })
      notes.push(`duplicate ${copy}`, `mismatch ${copy}`)
    }
    held.push(...grants.filter(({ role }) => role === name).map(({ role: _, ...right }) => right))
    const rights = union(held)
    for (const { kind, item } of rights) if (has[kind]?.includes(item) === false) notes.push(`dangling role ${name}`)
    return {
      name,
      description: one.description ?? '',
      ...(one.privileged && !isDefault && { privileged: true as const }),
      rights,
      limited: one.limited ? [limited] : [],
      otherRights,
      extra,
    }
  })
  const loose = grants.filter(({ role }) => drawn.roles[role] === undefined)
  for (const { role } of loose) if (!defaults.includes(role)) notes.push(`dangling role ${role}`)
  const order = ({ role, kind, item }: PackageGrant): string => `${role}\0${kind}\0${item}`
  return { roles, grants: loose.sort((one, other) => (order(one) < order(other) ? -1 : 1)) }
}

function union(rights: readonly PackageRight[]): PackageRight[] {
  const all: PackageRight[] = []
  for (const right of rights) {
    const same = all.find((one) => one.kind === right.kind && one.item === right.item)
    if (same === undefined) all.push({ ...right })
    else same.level |= right.level
  }
  const order = ({ kind }: PackageRight): number => resourceKindNames.indexOf(kind)
  return all.sort((one, other) => order(one) - order(other) || (one.item < other.item ? -1 : 1))
}

const sensitive: ReadonlySet<KeptKind> = new Set(['external-database', 'bucket-set', 'file-store', 'secret'])

/** What is kept, as it must come out; `files` are path and text. */
function keptOf({ notes }: Making, kind: KeptKind, name: string, files: [path: string, text: string][]): Kept {
  files.sort(([one], [other]) => (one < other ? -1 : 1))
  if (!['package-json', 'ipm-json', 'readme', 'portal'].includes(kind)) notes.push(`kept ${files[0]![0]}`)
  const whole = files.map(([path, body]) => ({ path, bytes: Buffer.from(body, 'utf8') }))
  return { kind, name, files: whole, sensitive: sensitive.has(kind) }
}

const sortKept = (kept: readonly Kept[]): Kept[] =>
  [...kept].sort((one, other) => {
    const [a, b] = [`${one.kind}\0${one.name}`, `${other.kind}\0${other.name}`]
    return a < b ? -1 : 1
  })

function makeKept(making: Making): Kept[] {
  const { draw: drawn, secret, notes } = making
  const { kept: want } = drawn
  const kept: Kept[] = []
  /** `render` writes the file once with the exporter's keys and once without, as it must come out. */
  const add = (
    kind: KeptKind,
    name: string,
    path: string,
    render: (key: (of: string) => string) => unknown,
    more: [string, string][] = [],
  ): void => {
    let secrets = 0
    const before = render((of) => {
      secrets += 1
      return secret(of)
    })
    const written = jsonOf(before, drawn.layout)
    const after = jsonOf(
      render(() => ''),
      drawn.layout,
    )
    making.files.set(path, Buffer.from(written, 'utf8'))
    for (const [where, body] of more) making.files.set(where, Buffer.from(body, 'utf8'))
    if (secrets > 0) notes.push(`secret ${path}`)
    kept.push(keptOf(making, kind, name, [[path, after], ...more]))
  }
  const [service] = Object.keys(drawn.services)
  const [collection] = Object.keys(drawn.collections)

  for (const [name, layout] of Object.entries(want.portals) as [string, string][]) {
    const config = { pages: { Home: { id: 'Home' } }, widgets: {} }
    const common = { name, type: 'custom_v2', description: null }
    if (layout === 'old') {
      add('portal', name, `portals/${name}.json`, (key) => ({ ...common, config, system_key: key('key') }))
    } else if (layout === 'exploded') {
      const root = `portals/${name}`
      add(
        'portal',
        name,
        `${root}/${name}.json`,
        () => ({ ...common, config: { ...config, widgets: './config/widgets' } }),
        [
          [`${root}/config/widgets/HTML_1/meta.json`, '{ "type": "HTML" , broken on purpose'],
          [`${root}/config/widgets/HTML_1/parsers/html/incoming_parser/index.html`, '<p>\r\n</p>'],
          [`${root}/config/internalResources/x.js/x.js`, 'var system_key = "in code"'],
        ],
      )
    }
  }
  if (want.trigger) {
    add('trigger', 'onRow', 'triggers/onRow.json', (key) => ({
      name: 'onRow',
      service_name: service ?? 'goneService',
      event_definition: { def_module: 'Data', def_name: 'ItemCreated' },
      key_value_pairs: { collectionName: collection ?? 'gone', collectionId: key('collection') },
    }))
    if (service === undefined) notes.push('dangling triggers/onRow.json')
    if (collection === undefined) notes.push('dangling triggers/onRow.json')
  }
  if (want.timer !== 'none') {
    const called = want.timer === 'empty' ? '' : want.timer === 'gone' ? 'goneService' : (service ?? 'goneService')
    if (called === '' || called === 'goneService') notes.push('dangling timers/daily.json')
    const timed = { name: 'daily', frequency: 86_400, repeats: -1, start_time: 'Now', service_name: called }
    add('timer', 'daily', 'timers/daily.json', (key) => ({
      ...timed,
      user_token: key('token'),
      timer_key: key('timer'),
    }))
  }
  if (want.device) {
    add('device-columns', 'schema', 'devices/schema.json', () => ({ columns: null }))
    add('device', 'Meter 1', 'devices/Meter 1.json', (key) => ({
      name: 'Meter 1',
      active_key: key('device'),
      cb_token: key('token'),
      user_id: 'a column of its own',
    }))
    add('device-roles', 'Meter 1', 'devices/roles/Meter 1.json', () => ['Authenticated', 'goneRole'])
    notes.push('dangling devices/roles/Meter 1.json')
  }
  if (want.edge) {
    add('edge-columns', 'schema', 'edges/schema.json', () => ({ columns: [] }))
    add('edge', 'site', 'edges/site.json', (key) => ({
      name: 'site',
      token: key('edge'),
      location: '52,13',
      edge_key: '',
    }))
  }
  if (want.deployment) {
    add('deployment', 'Default Deployment', 'deployments/Default Deployment.json', () => ({
      name: 'Default Deployment',
      edges: want.edge ? ['site', '___ALL_EDGES___'] : null,
      assets: [
        { asset_class: 'services', asset_id: '', sync: true },
        { asset_class: 'libraries', asset_id: 'goneLibrary', sync_to_edge: true, sync_to_platform: false },
        { asset_class: 'goneCollection', asset_id: '' },
      ],
    }))
    notes.push('dangling deployments/Default Deployment.json', 'dangling deployments/Default Deployment.json')
  }
  if (want.deployJson) {
    const info = { resource_type: 'service', resource_identifier: 'goneService', edge: '*', platform: false }
    add('deploy-list', 'deploy.json', 'deploy.json', (key) => ({ deployInfo: [{ ...info, system_key: key('key') }] }))
    notes.push('dangling deploy.json')
  }
  if (want.adapter) {
    add('adapter', 'modbus', 'adapters/modbus/modbus.json', () => ({ name: 'modbus', start_command: './run' }), [
      ['adapters/modbus/files/run/run', '#!/bin/sh\n'],
      ['adapters/modbus/files/run/run.json', '{"name":"run","permissions":"755"}'],
    ])
  }
  for (const folder of want.rest) {
    const kind = folder.replace(/s$/, '') as KeptKind
    const more = folder === 'webhooks' ? { service_name: 'goneService' } : { name: 'one' }
    add(kind, 'one', `${folder}/one.json`, () => ({ description: 'kept & whole', ...more }))
    if (folder === 'webhooks') notes.push('dangling webhooks/one.json')
  }
  if (want.files) {
    for (const [kind, path] of [
      ['bucket-files', 'bucket-set-files/Files/inbox/deep/a.json'],
      ['file-store-files', 'file-stores-files/Files/a b.txt'],
    ] as const) {
      making.files.set(path, Buffer.from('{ any bytes'))
      kept.push(keptOf(making, kind, 'Files', [[path, '{ any bytes']]))
    }
  }
  if (want.storage) {
    add('message-history-storage', 'storage', 'message-history-storage/storage.json', () => [])
    add('message-type-triggers', 'triggers', 'message-type-triggers/triggers.json', () => [])
  }
  for (const path of want.metadata) {
    const body = path === 'README.md' ? '# Read <b>me</b>\n' : '{ "name": "one",  "version": "1.0.0" }'
    making.files.set(path, Buffer.from(body))
    const kind = path === 'README.md' ? 'readme' : path === 'ipm.json' ? 'ipm-json' : 'package-json'
    kept.push(keptOf(making, kind, path, [[path, body]]))
  }
  return kept
}
