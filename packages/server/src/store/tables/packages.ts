/**
 * What packages brought and the system does not use itself: kept assets as files, what is left over of the files of its
 * own assets, and which packages are installed. Of it portals alone go to edges, so they alone are in the change log.
 */
import { sql } from 'kysely'
import { databaseOf, type SystemStore, writerOf } from '../store.ts'

export type KeptFile = { path: string; kind: string; name: string; sensitive: boolean; bytes: Buffer }

/** Replaces the files of each asset named in `files` by those given. */
export async function putKeptFiles(store: SystemStore, files: readonly KeptFile[]): Promise<void> {
  const db = writerOf(store)
  const assets = new Map(files.map((file) => [JSON.stringify([file.kind, file.name]), file]))
  for (const { kind, name } of assets.values()) {
    await deleteFiles(store, kind, name)
    if (kind === 'portal') store.record({ kind, id: name, operation: 'put', columns: ['files'] })
  }
  for (let start = 0; start < files.length; start += 100) {
    const values = files.slice(start, start + 100).map((file) => ({
      system_key: store.key,
      path: file.path,
      kind: file.kind,
      name: file.name,
      sensitive: file.sensitive ? 1 : 0,
      bytes: file.bytes,
    }))
    await db.insertInto('kept_assets').values(values).execute()
  }
}

/** All of them, or those of one kind, one name, one path. */
export async function listKeptFiles(
  store: SystemStore,
  only: { kind?: string; name?: string; path?: string } = {},
): Promise<KeptFile[]> {
  let query = databaseOf(store)
    .selectFrom('kept_assets')
    .select(['path', 'kind', 'name', 'sensitive', 'bytes'])
    .where('system_key', '=', store.key)
  for (const column of ['kind', 'name', 'path'] as const) {
    const wanted = only[column]
    if (wanted !== undefined) query = query.where(column, '=', wanted)
  }
  const rows = await query.execute()
  // Databases order texts as their language has it.
  return rows
    .map(({ sensitive, ...row }) => ({ ...row, sensitive: sensitive === 1 }))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}

/** The same without what is in the files, which may be large: only how many bytes. */
export async function listKeptSizes(store: SystemStore): Promise<(Omit<KeptFile, 'bytes'> & { bytes: number })[]> {
  const rows = await databaseOf(store)
    .selectFrom('kept_assets')
    .select(['path', 'kind', 'name', 'sensitive', sql<number | string>`length(bytes)`.as('size')])
    .where('system_key', '=', store.key)
    .execute()
  return rows
    .map(({ sensitive, size, ...row }) => ({ ...row, sensitive: sensitive === 1, bytes: Number(size) }))
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}

/** False where there is none of that kind and name. */
export async function deleteKeptFiles(store: SystemStore, kind: string, name: string): Promise<boolean> {
  const deleted = await deleteFiles(store, kind, name)
  if (deleted && kind === 'portal') store.record({ kind, id: name, operation: 'delete', columns: [] })
  return deleted
}

async function deleteFiles(store: SystemStore, kind: string, name: string): Promise<boolean> {
  const { numDeletedRows } = await writerOf(store)
    .deleteFrom('kept_assets')
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

export type AssetExtra = { kind: string; name: string; extra: Record<string, unknown> }

/** An empty extra takes away what was there. */
export async function putExtras(store: SystemStore, extras: readonly AssetExtra[]): Promise<void> {
  const db = writerOf(store)
  for (const { kind, name, extra } of extras) {
    if (Object.keys(extra).length === 0) {
      await db
        .deleteFrom('asset_extras')
        .where('system_key', '=', store.key)
        .where('kind', '=', kind)
        .where('name', '=', name)
        .execute()
    } else {
      const text = JSON.stringify(extra)
      await db
        .insertInto('asset_extras')
        .values({ system_key: store.key, kind, name, extra: text })
        .onConflict((conflict) => conflict.columns(['system_key', 'kind', 'name']).doUpdateSet({ extra: text }))
        .execute()
    }
  }
}

export async function listExtras(store: SystemStore): Promise<AssetExtra[]> {
  const rows = await databaseOf(store)
    .selectFrom('asset_extras')
    .select(['kind', 'name', 'extra'])
    .where('system_key', '=', store.key)
    .execute()
  return rows.map(({ kind, name, extra }) => ({ kind, name, extra: JSON.parse(extra) }))
}

export type InstalledRecord = {
  id: string
  name: string
  source: Record<string, unknown>
  contentHash: string
  installedAt: number
  installedBy: string
}

/** With its files as they were packed, its README as it was written, and what undoing it needs, where that can be done. */
export type InstalledPackage = InstalledRecord & { files: Buffer; readme: string; undo: Buffer | null }

export async function putInstalled(store: SystemStore, installed: InstalledPackage): Promise<void> {
  const { id, name, contentHash, installedAt, installedBy, files, readme, undo } = installed
  const values = {
    source: JSON.stringify(installed.source),
    content_hash: contentHash,
    files,
    readme,
    undo,
    installed_at: installedAt,
    installed_by: installedBy,
  }
  await writerOf(store)
    .insertInto('installed_packages')
    .values({ id, system_key: store.key, name, ...values })
    .onConflict((conflict) => conflict.columns(['system_key', 'name']).doUpdateSet(values))
    .execute()
}

const recordColumns = ['id', 'name', 'source', 'content_hash', 'installed_at', 'installed_by'] as const

const recordIn = (row: {
  id: string
  name: string
  source: string
  content_hash: string
  installed_at: number
  installed_by: string
}): InstalledRecord => ({
  id: row.id,
  name: row.name,
  source: JSON.parse(row.source),
  contentHash: row.content_hash,
  installedAt: row.installed_at,
  installedBy: row.installed_by,
})

/** Oldest first, without their files. */
export async function listInstalled(store: SystemStore): Promise<(InstalledRecord & { canUndo: boolean })[]> {
  const rows = await databaseOf(store)
    .selectFrom('installed_packages')
    .select(recordColumns)
    .select((eb) => eb('undo', 'is not', null).as('canUndo'))
    .where('system_key', '=', store.key)
    .orderBy('installed_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...recordIn(row), canUndo: Boolean(row.canUndo) }))
}

export async function findInstalled(store: SystemStore, name: string): Promise<InstalledPackage | undefined> {
  const row = await databaseOf(store)
    .selectFrom('installed_packages')
    .select([...recordColumns, 'files', 'readme', 'undo'])
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && { ...recordIn(row), files: row.files, readme: row.readme, undo: row.undo }
}

export async function deleteInstalled(store: SystemStore, name: string): Promise<void> {
  await writerOf(store)
    .deleteFrom('installed_packages')
    .where('system_key', '=', store.key)
    .where('name', '=', name)
    .execute()
}

/** Who holds which role, by its name: all of a system at once. */
export async function listAllMemberships(store: SystemStore): Promise<{ userId: string; role: string }[]> {
  const rows = await databaseOf(store)
    .selectFrom('memberships')
    .innerJoin('roles', (join) =>
      join.onRef('roles.id', '=', 'memberships.role_id').onRef('roles.system_key', '=', 'memberships.system_key'),
    )
    .select(['memberships.user_id as userId', 'roles.name as role'])
    .where('memberships.system_key', '=', store.key)
    .execute()
  return rows
}
