/** Systems with their settings, as rows. What a setting means is decided in `domain/systems`. */
import { prepared } from '../prepared.ts'
import { databaseOf, dialectOf, type Store, type SystemStore, writerOf } from '../store.ts'

export type SystemRow = {
  key: string
  secret: string
  name: string
  description: string
  ownerId: string
  settings: Record<string, unknown>
  revision: number
  createdAt: number
}

export async function insertSystem(store: Store, system: SystemRow & { incarnation: string }): Promise<void> {
  const db = writerOf(store)
  await db
    .insertInto('systems')
    .values({
      key: system.key,
      secret: system.secret,
      name: system.name,
      description: system.description,
      owner_id: system.ownerId,
      settings: JSON.stringify(system.settings),
      revision: system.revision,
      created_at: system.createdAt,
    })
    .execute()
  await db
    .insertInto('change_heads')
    .values({
      system_key: system.key,
      incarnation: system.incarnation,
      position: 0,
      stamp_ms: 0,
      stamp_count: 0,
      chain: '',
    })
    .execute()
}

type StoredSystem = {
  key: string
  secret: string
  name: string
  description: string
  owner_id: string
  settings: string
  revision: number
  created_at: number
}

const fromRow = (row: StoredSystem): SystemRow => ({
  key: row.key,
  secret: row.secret,
  name: row.name,
  description: row.description,
  ownerId: row.owner_id,
  settings: JSON.parse(row.settings),
  revision: row.revision,
  createdAt: row.created_at,
})

export async function findSystem(store: Store, key: string): Promise<SystemRow | undefined> {
  const [row] = await systemOf(store, { key })
  return row && fromRow(row)
}

const systemOf = prepared((db, { key }: { key: string }) => db.selectFrom('systems').selectAll().where('key', '=', key))

/** As `findSystem`, and holds the row as it is until the transaction ends: what is decided by it stays decided. */
export async function holdSystem(store: SystemStore): Promise<SystemRow | undefined> {
  // SQLite has one writer, so there a transaction holds everything.
  const [row] = await (dialectOf(store).kind === 'postgres' ? heldSystem : systemOf)(store, { key: store.key })
  return row && fromRow(row)
}

const heldSystem = prepared((db, { key }: { key: string }) =>
  db.selectFrom('systems').selectAll().where('key', '=', key).forShare(),
)

/** Those that the developer owns, and those that are shared with him. */
export async function listSystems(store: Store, developerId: string): Promise<SystemRow[]> {
  const rows = await databaseOf(store)
    .selectFrom('systems')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('owner_id', '=', developerId),
        eb(
          'key',
          'in',
          eb.selectFrom('system_developers').select('system_key').where('developer_id', '=', developerId),
        ),
      ]),
    )
    .orderBy('created_at')
    .orderBy('key')
    .execute()
  return rows.map(fromRow)
}

export async function updateSystem(
  store: SystemStore,
  changes: Partial<Pick<SystemRow, 'name' | 'description' | 'secret' | 'settings' | 'ownerId'>>,
): Promise<void> {
  const { settings, ownerId, ...plain } = changes
  await writerOf(store)
    .updateTable('systems')
    .set({
      ...plain,
      ...(ownerId !== undefined && { owner_id: ownerId }),
      ...(settings !== undefined && { settings: JSON.stringify(settings) }),
    })
    .where('key', '=', store.key)
    .execute()
  store.record({ kind: 'settings', id: store.key, operation: 'put', columns: Object.keys(changes) })
}

/** Locks the system's row until the transaction ends, so that two changes of its settings cannot lose one another. */
export async function lockSystem(store: SystemStore): Promise<SystemRow | undefined> {
  const row = await writerOf(store)
    .updateTable('systems')
    .set((eb) => ({ revision: eb.ref('revision') }))
    .where('key', '=', store.key)
    .returningAll()
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Removes everything that belongs to the system but its physical tables, which the caller drops first. */
export async function deleteSystemRows(store: SystemStore): Promise<void> {
  const db = writerOf(store)
  await db
    .deleteFrom('collection_columns')
    .where('collection_id', 'in', (eb) => eb.selectFrom('collections').select('id').where('system_key', '=', store.key))
    .execute()
  for (const table of [
    'collections',
    'system_developers',
    'sessions',
    'accounts',
    'roles',
    'grants',
    'memberships',
    'code_units',
    'code_versions',
    'proofs',
    'failures',
    'sign_in_traces',
    'recorded_sign_ins',
    'failed_runs',
    'run_logs',
    'kept_assets',
    'asset_extras',
    'installed_packages',
    'secrets',
    'inbox_messages',
    'messages',
    'authenticators',
    'challenges',
    'recovery_codes',
    'enrolments',
    'password_resets',
    'pending_authenticators',
    'safe_versions',
    'version_outcomes',
    'notices',
    'remembered_devices',
    'portal_drafts',
    'send_counts',
    'edges',
    'deployments',
    'edge_recovery_codes',
    'edge_users',
    'edge_times',
    'outbox_heads',
    'outbox',
    'edge_cursors',
    'edge_reviews',
    'edge_requests',
    'taken_steps',
    'taken_counts',
    'session_ends',
    'synced_collections',
    'set_aside',
    'copied',
    'sync_seen',
    'row_stamps',
    'sync_folds',
    'sync_conflicts',
    'changes',
    'change_heads',
  ] as const) {
    await db.deleteFrom(table).where('system_key', '=', store.key).execute()
  }
  await db.deleteFrom('systems').where('key', '=', store.key).execute()
}
