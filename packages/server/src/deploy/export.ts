/**
 * A system as a model: what it is at this moment, in the form of a package, by names alone. No key, token, password or id
 * of a user is in it. Turning the model into files is `format/write.ts`.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import type { ResourceKind } from '@gatehouse/contract/permissions.ts'
import { everything } from '@gatehouse/contract/query.ts'
import { audit } from '../domain/access/audit.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { builtInUserColumns, userTable } from '../domain/accounts/users.ts'
import { type CodeUnit, currentCode } from '../domain/code/code.ts'
import { systemDetails } from '../domain/systems/systems.ts'
import { getItems, listItemIndexes, rowsWhere, selectItems } from '../store/rows.ts'
import type { SystemStore } from '../store/store.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { type CodeKind, listUnits } from '../store/tables/code.ts'
import { findCollection, listCollections } from '../store/tables/collections.ts'
import { listDeployments } from '../store/tables/edges.ts'
import { listAllMemberships, listExtras, listKeptFiles } from '../store/tables/packages.ts'
import { listGrants, listRoles } from '../store/tables/roles.ts'
import { withActive } from './deployments.ts'
import type {
  Extra,
  KeptAsset,
  KeptKind,
  PackageCollection,
  PackageColumn,
  PackageIndex,
  PackageLibrary,
  PackageModel,
  PackageRight,
  PackageRole,
  PackageService,
  PackageUser,
} from './format/model.ts'
import { byCodePoint, byName } from './format/names.ts'
import { unionOf } from './format/roles.ts'
import { kindAndName } from './plan-choice.ts'
import { openedFile } from './sealed.ts'

export type ExportPart = {
  /** Which rows of a collection are wanted, by `item_id`; all without it. */
  rows?: (collection: string) => readonly string[] | 'all'
  /** Users with these e-mails alone. */
  emails?: readonly string[]
}

/** What files of a system's own assets hold beyond what the system knows, as it is stored. */
export type StoredExtra = {
  extra?: Extra
  columns?: Record<string, { primaryKey: boolean; extra: Extra }>
  indexes?: Record<string, Extra>
  limited?: Extra[]
  otherRights?: Extra
  /** A service or library that came without code and so cannot be one here. */
  codeless?: PackageService | PackageLibrary
}

type Extras = (kind: string, name: string) => StoredExtra

/** The system as it leaves the node, and a row in the audit that it did. For developers, whom the door has let in. */
export async function exportedModel(scope: SystemScope, part: ExportPart = {}): Promise<PackageModel> {
  const model = await systemModel(scope, part)
  await scope.data.transaction(async (tx) => {
    const rows = model.collections.reduce((sum, collection) => sum + collection.rows.length, 0)
    const details = { users: model.users.length, rows }
    audit(tx, scope, { kind: 'export', action: 'export', subject: scope.system.name, details })
  })
  return model
}

/** For developers of the system, whom the door has let in. */
export async function systemModel(scope: SystemScope, part: ExportPart = {}): Promise<PackageModel> {
  const { data } = scope
  const stored = new Map((await listExtras(data)).map(({ kind, name, extra }) => [kindAndName(kind, name), extra]))
  const extras: Extras = (kind, name) => stored.get(kindAndName(kind, name)) ?? {}
  const details = await systemDetails(scope)
  const { users, userColumns, emailById } = await readUsers(data, extras, part)
  const services = await readServices(scope, extras, emailById)
  const libraries = await readLibraries(scope, extras)
  for (const { codeless } of stored.values() as Iterable<StoredExtra>) {
    if (codeless === undefined) continue
    const list: { name: string }[] = 'params' in codeless ? services : libraries
    if (!list.some(({ name }) => name === codeless.name)) list.push(codeless)
  }
  return {
    system: {
      name: details.name,
      description: details.description,
      platformUrl: scope.publicUrl(),
      messagingUrl: '',
      extra: extras('system', '').extra ?? {},
    },
    services: services.sort(byName),
    libraries: libraries.sort(byName),
    collections: await readCollections(data, extras, part),
    roles: await readRoles(data, extras),
    grants: [],
    userTable: { columns: userColumns, extra: extras('user-columns', '').extra ?? {} },
    users,
    kept: await readKept(scope),
  }
}

async function readUnits(scope: SystemScope, kind: CodeKind): Promise<CodeUnit[]> {
  const units: CodeUnit[] = []
  for (const { name } of await listUnits(scope.data, kind)) {
    const unit = await currentCode(scope, kind, name)
    if (unit !== undefined) units.push(unit)
  }
  return units
}

/** Which engine a service is for is one of the keys that cb-cli's files have and most leave out. */
function engineOf(unit: CodeUnit, extra: Extra): Extra {
  const { engine_type: _, ...rest } = extra
  if (unit.version.dialect === 'modern') return { ...rest, engine_type: 1 }
  return 'engine_type' in extra ? { ...rest, engine_type: 0 } : rest
}

const sourceMapOf = (unit: CodeUnit): string | null =>
  unit.settings.source_map === '' ? null : unit.settings.source_map

async function readServices(
  scope: SystemScope,
  extras: Extras,
  emailById: (userId: string) => Promise<string | undefined>,
): Promise<PackageService[]> {
  const services: PackageService[] = []
  for (const unit of await readUnits(scope, 'service')) {
    const { settings } = unit
    const { name } = unit.unit
    const email = settings.run_user === '' ? undefined : await emailById(settings.run_user)
    services.push({
      name,
      code: unit.version.source,
      sourceMap: sourceMapOf(unit),
      params: settings.params,
      dependencies: unit.version.dependencies,
      runAs: email === undefined ? null : { text: email, looksLike: 'email' },
      settings: {
        logging_enabled: settings.logging_enabled,
        execution_timeout: settings.execution_timeout,
        auto_balance: settings.auto_balance,
        auto_restart: settings.auto_restart,
        concurrency: settings.concurrency,
        log_level: settings.log_level,
        log_ttl_minutes: settings.log_ttl_minutes,
        run_on_edge: settings.run_on_edge,
        run_on_platform: settings.run_on_platform,
      },
      extra: engineOf(unit, extras('service', name).extra ?? {}),
    })
  }
  return services
}

async function readLibraries(scope: SystemScope, extras: Extras): Promise<PackageLibrary[]> {
  return (await readUnits(scope, 'library')).map((unit) => ({
    name: unit.unit.name,
    code: unit.version.source,
    sourceMap: sourceMapOf(unit),
    dependencies: unit.version.dependencies,
    description: unit.settings.description,
    api: unit.settings.api,
    visibility: unit.settings.visibility,
    extra: engineOf(unit, extras('library', unit.unit.name).extra ?? {}),
  }))
}

const columnsOf = (columns: readonly { name: string; type: PackageColumn['type'] }[], stored: StoredExtra) =>
  columns.map(({ name, type }): PackageColumn => {
    const known = stored.columns !== undefined && Object.hasOwn(stored.columns, name) ? stored.columns[name] : undefined
    return { name, type, primaryKey: known?.primaryKey ?? false, extra: known?.extra ?? {} }
  })

/** Under which the leftovers of an index are stored. */
export const indexKey = ({ name, type }: { name: string; type: string }): string => `${type} ${name}`

async function readCollections(data: SystemStore, extras: Extras, part: ExportPart): Promise<PackageCollection[]> {
  const collections: PackageCollection[] = []
  for (const { id, name } of await listCollections(data)) {
    const record = await findCollection(data, { id })
    if (record === undefined) continue
    const stored = extras('collection', name)
    const sort = [{ column: 'item_id', direction: 'asc' as const }]
    const wanted = part.rows?.(name) ?? 'all'
    const rows =
      wanted === 'all'
        ? (await selectItems(data, record, { ...everything, sort, pageSize: 'all' })).rows
        : await getItems(data, record, wanted)
    const indexes = await listItemIndexes(data, record)
    collections.push({
      name,
      columns: columnsOf(
        record.table.columns.filter((column) => column.name !== 'item_id'),
        stored,
      ),
      indexes: indexes.map((index) => {
        const extra = stored.indexes?.[indexKey(index)] ?? {}
        return { name: index.name, type: index.type as PackageIndex['type'], extra }
      }),
      rows,
      extra: stored.extra ?? {},
    })
  }
  return collections.sort(byName)
}

async function readRoles(data: SystemStore, extras: Extras): Promise<PackageRole[]> {
  const roles = await listRoles(data)
  const names = new Map((await listCollections(data)).map(({ id, name }) => [id, name]))
  const grants = await listGrants(data, { roleIds: roles.map(({ id }) => id) })
  const byRole = new Map<string, PackageRight[]>(roles.map(({ id }) => [id, []]))
  for (const { roleId, kind, item, level } of grants) {
    const name = kind === 'collections' ? names.get(item) : item
    if (name !== undefined) byRole.get(roleId)?.push({ kind: kind as ResourceKind, item: name, level })
  }
  return roles
    .map(({ id, name, description, privileged }): PackageRole => {
      const { limited = [], otherRights = {}, extra = {} } = extras('role', name)
      const mark = privileged && id !== 'Administrator' ? { privileged } : {}
      return { name, description, ...mark, rights: unionOf(byRole.get(id) ?? []), limited, otherRights, extra }
    })
    .sort(byName)
}

async function readUsers(data: SystemStore, extras: Extras, { emails }: ExportPart) {
  const table = await userTable(data)
  const userColumns = columnsOf(
    table.table.columns.filter(({ name }) => !builtInUserColumns.has(name)),
    extras('user-columns', ''),
  )
  const rowOf = async (userId: string): Promise<Row | undefined> =>
    (await selectItems(data, table, rowsWhere('user_id', userId))).rows[0]
  let rows: Row[]
  if (emails === undefined) rows = (await selectItems(data, table, { ...everything, pageSize: 'all' })).rows
  else {
    const accounts = await Promise.all(emails.map((email) => findAccount(data, { email })))
    const found = await Promise.all(accounts.map((account) => account && rowOf(account.userId)))
    rows = found.filter((row) => row !== undefined)
  }
  const roles = new Map<string, string[]>()
  for (const { userId, role } of await listAllMemberships(data)) {
    const held = roles.get(userId)
    if (held === undefined) roles.set(userId, [role])
    else held.push(role)
  }
  const users = rows.map((row): PackageUser => {
    const email = String(row.email)
    return {
      email,
      columns: Object.fromEntries(userColumns.map(({ name }) => [name, row[name] ?? null])),
      roles: (roles.get(String(row.user_id)) ?? []).sort(byCodePoint),
      serviceAccount: row.cb_service_account === true,
      bringsPassword: false,
      extra: extras('user', email).extra ?? {},
    }
  })
  users.sort((one, other) => byCodePoint(one.email, other.email))
  const emailOfAll = new Map(rows.map((row) => [String(row.user_id), String(row.email)]))
  const emailById = async (userId: string): Promise<string | undefined> => {
    const known = emailOfAll.get(userId)
    if (known !== undefined || emails === undefined) return known
    const row = await rowOf(userId)
    return row && String(row.email)
  }
  return { users, userColumns, emailById }
}

async function readKept(scope: SystemScope): Promise<KeptAsset[]> {
  const assets = new Map<string, KeptAsset>()
  for (const file of await listKeptFiles(scope.data)) {
    const { kind, name, path, bytes, sensitive } = openedFile(scope, file)
    const key = kindAndName(kind, name)
    const held = assets.get(key)
    if (held === undefined) assets.set(key, { kind: kind as KeptKind, name, files: [{ path, bytes }], sensitive })
    else held.files.push({ path, bytes })
  }
  const sorted = [...assets.values()].sort(
    (one, other) => byCodePoint(one.kind, other.kind) || byCodePoint(one.name, other.name),
  )
  for (const { files } of sorted) files.sort((one, other) => byCodePoint(one.path, other.path))
  const isDeployment = ({ kind }: KeptAsset): boolean => kind === 'deployment'
  const deployments = withActive(sorted.filter(isDeployment), await listDeployments(scope.data))
  const others = sorted.filter((asset) => !isDeployment(asset))
  return [...others, ...deployments].sort((one, other) => byCodePoint(one.kind, other.kind))
}
