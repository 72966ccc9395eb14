/** Portals on their way to an edge: read on the platform as they are published, and written on the edge in the link's transaction. */
import { databaseOf, type SystemStore } from '../store.ts'
import { listKeptFiles, listKeptSizes } from '../tables/packages.ts'
import type { Group, PortalState, Range } from './groups.ts'

export const portalLimits = {
  /** Of all its files: a message of the link has twice as much. What is larger stays on the platform. */
  bytes: 16 * 1024 * 1024,
  /** Characters of its name: the cursor of an edge holds one. */
  name: 200,
} as const

/** By name, in no order; `fits` where it can go to an edge. One with a sealed file cannot be read there. */
export async function listPortalSizes(store: SystemStore): Promise<{ name: string; fits: boolean }[]> {
  const files = (await listKeptSizes(store)).filter(({ kind }) => kind === 'portal')
  return [...Map.groupBy(files, ({ name }) => name)].map(([name, of]) => {
    const bytes = of.reduce((sum, file) => sum + file.bytes, 0)
    const fits = bytes <= portalLimits.bytes && name.length <= portalLimits.name && !of.some((file) => file.sensitive)
    return { name, fits }
  })
}

/** Undefined where there is none of this name. */
export async function readPortalFiles(store: SystemStore, name: string): Promise<PortalState | undefined> {
  const files = await listKeptFiles(store, { kind: 'portal', name })
  if (files.length === 0) return undefined
  return { name, files: files.map(({ path, bytes }) => ({ path, bytes: bytes.toString('base64') })) }
}

/** Of an edge. */
export async function listPortalNames(tx: SystemStore): Promise<string[]> {
  const kept = databaseOf(tx).selectFrom('kept_assets').select('name').distinct().where('system_key', '=', tx.key)
  return (await kept.where('kind', '=', 'portal').execute()).map(({ name }) => name)
}

/** Of an edge, those between the two names. */
export const portalsWithin = async (tx: SystemStore, { after, upTo }: Range): Promise<string[]> =>
  (await listPortalNames(tx)).filter((name) => name > after && (upTo === null || name <= upTo))

export async function applyPortals(
  tx: SystemStore,
  { put, gone, range }: Extract<Group, { what: 'portals' }>,
): Promise<void> {
  const db = databaseOf(tx)
  const held = range === null ? [] : await portalsWithin(tx, range)
  for (const name of new Set([...gone, ...held, ...put.map((one) => one.name)])) {
    await db
      .deleteFrom('kept_assets')
      .where('system_key', '=', tx.key)
      .where('kind', '=', 'portal')
      .where('name', '=', name)
      .execute()
  }
  for (const { name, files } of put) {
    for (const { path, bytes } of files) {
      // A path belongs to one portal: another that had it has it no more, which comes with a change of its own.
      await db.deleteFrom('kept_assets').where('system_key', '=', tx.key).where('path', '=', path).execute()
      await db
        .insertInto('kept_assets')
        .values({ system_key: tx.key, path, kind: 'portal', name, sensitive: 0, bytes: Buffer.from(bytes, 'base64') })
        .execute()
    }
  }
}
