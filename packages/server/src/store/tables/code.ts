/** Services and libraries with all their versions. */
import { prepared } from '../prepared.ts'
import type { Tables } from '../schema.ts'
import { databaseOf, type SystemStore, writerOf } from '../store.ts'

export type CodeKind = 'service' | 'library'

export type CodeUnitRecord = {
  kind: CodeKind
  name: string
  currentVersion: number
  latestVersion: number
  settings: Record<string, unknown>
  createdAt: number
  updatedAt: number
}

export type CodeVersionRecord = {
  kind: CodeKind
  name: string
  version: number
  source: string
  /** What the engine runs; null where the source does not compile, and then `problem` says why. */
  compiled: string | null
  problem: { message: string; line: number; column: number } | null
  dialect: 'classic' | 'modern'
  /** Names of required libraries, in order. */
  dependencies: string[]
  createdAt: number
  createdBy: string
}

export async function insertUnit(store: SystemStore, unit: CodeUnitRecord): Promise<void> {
  await writerOf(store)
    .insertInto('code_units')
    .values({
      system_key: store.key,
      kind: unit.kind,
      name: unit.name,
      current_version: unit.currentVersion,
      latest_version: unit.latestVersion,
      settings: JSON.stringify(unit.settings),
      created_at: unit.createdAt,
      updated_at: unit.updatedAt,
    })
    .execute()
  store.record({ kind: unit.kind, id: unit.name, operation: 'put', columns: ['settings', 'version'] })
}

/** Whether a service runs as this user, whose id is hexadecimal digits. */
export async function isRunAs(store: SystemStore, userId: string): Promise<boolean> {
  const [row] = await runningAs(store, { key: store.key, pattern: `%"run_user":"${userId}"%` })
  return row !== undefined
}

const runningAs = prepared((db, { key, pattern }: { key: string; pattern: string }) =>
  db
    .selectFrom('code_units')
    .select('name')
    .where('system_key', '=', key)
    .where('kind', '=', 'service')
    .where('settings', 'like', pattern)
    .limit(1),
)

export async function updateUnit(
  store: SystemStore,
  unit: { kind: CodeKind; name: string },
  changes: { currentVersion?: number; latestVersion?: number; settings?: Record<string, unknown>; updatedAt: number },
): Promise<void> {
  const { currentVersion, latestVersion, settings, updatedAt } = changes
  const changed = await writerOf(store)
    .updateTable('code_units')
    .set({
      updated_at: updatedAt,
      ...(currentVersion !== undefined && { current_version: currentVersion }),
      ...(latestVersion !== undefined && { latest_version: latestVersion }),
      ...(settings !== undefined && { settings: JSON.stringify(settings) }),
    })
    .where('system_key', '=', store.key)
    .where('kind', '=', unit.kind)
    .where('name', '=', unit.name)
    .returning('name')
    .execute()
  const columns = [
    ...(settings === undefined ? [] : ['settings']),
    ...(currentVersion === undefined ? [] : ['version']),
  ]
  if (changed.length > 0) store.record({ kind: unit.kind, id: unit.name, operation: 'put', columns })
}

export async function deleteUnit(store: SystemStore, unit: { kind: CodeKind; name: string }): Promise<boolean> {
  const db = writerOf(store)
  const gone = await db
    .deleteFrom('code_units')
    .where('system_key', '=', store.key)
    .where('kind', '=', unit.kind)
    .where('name', '=', unit.name)
    .returning('name')
    .execute()
  await db
    .deleteFrom('code_versions')
    .where('system_key', '=', store.key)
    .where('kind', '=', unit.kind)
    .where('name', '=', unit.name)
    .execute()
  if (gone.length > 0) store.record({ kind: unit.kind, id: unit.name, operation: 'delete', columns: [] })
  return gone.length > 0
}

const unitFromRow = (row: Tables['code_units']): CodeUnitRecord => ({
  kind: row.kind as CodeKind,
  name: row.name,
  currentVersion: row.current_version,
  latestVersion: row.latest_version,
  settings: JSON.parse(row.settings),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

export async function findUnit(store: SystemStore, kind: CodeKind, name: string): Promise<CodeUnitRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('code_units')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && unitFromRow(row)
}

export async function listUnits(store: SystemStore, kind: CodeKind): Promise<CodeUnitRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('code_units')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .orderBy('name')
    .execute()
  return rows.map(unitFromRow)
}

export async function insertVersion(store: SystemStore, version: CodeVersionRecord): Promise<void> {
  await writerOf(store)
    .insertInto('code_versions')
    .values({
      system_key: store.key,
      kind: version.kind,
      name: version.name,
      version: version.version,
      source: version.source,
      compiled: version.compiled,
      problem: version.problem === null ? null : JSON.stringify(version.problem),
      dialect: version.dialect,
      dependencies: version.dependencies.join(','),
      created_at: version.createdAt,
      created_by: version.createdBy,
    })
    .execute()
}

const versionFromRow = (row: Tables['code_versions']): CodeVersionRecord => ({
  kind: row.kind as CodeKind,
  name: row.name,
  version: row.version,
  source: row.source,
  compiled: row.compiled,
  problem: row.problem === null ? null : JSON.parse(row.problem),
  dialect: row.dialect as 'classic' | 'modern',
  dependencies: row.dependencies === '' ? [] : row.dependencies.split(','),
  createdAt: row.created_at,
  createdBy: row.created_by,
})

export async function findVersion(
  store: SystemStore,
  kind: CodeKind,
  name: string,
  version: number,
): Promise<CodeVersionRecord | undefined> {
  const row = await databaseOf(store)
    .selectFrom('code_versions')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && versionFromRow(row)
}

/** Newest first, without the texts. */
export async function listVersions(
  store: SystemStore,
  kind: CodeKind,
  name: string,
): Promise<{ version: number; createdAt: number; createdBy: string }[]> {
  return databaseOf(store)
    .selectFrom('code_versions')
    .select(['version', 'created_at as createdAt', 'created_by as createdBy'])
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .execute()
}
