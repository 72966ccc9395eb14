/** Reads what goes down to an edge, on the platform. Which of it may go is decided by `edge/scope.ts`; nothing is written. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { sql } from 'kysely'
import type { AnyTables } from '../dialect/database.ts'
import { databaseOf, dialectOf, type SystemStore } from '../store.ts'
import { type CollectionRecord, findCollection } from '../tables/collections.ts'
import { listEdgeCodes } from '../tables/edge-recovery-codes.ts'
import { failuresAtEdges, type ToldFailures } from '../tables/failures.ts'
import { getRows } from '../typed-table/read.ts'
import { readIndexes } from '../typed-table/structure.ts'
import type { CodeState, RoleState, TableState, UserState } from './groups.ts'

export type LoggedChange = { position: number; kind: string; id: string; operation: string; columns: string[] }

/** In the order in which they were committed. `missing`: some of what was behind `after` is gone already. */
export async function changesAfter(
  store: SystemStore,
  kinds: readonly string[],
  after: number,
  limit: number,
): Promise<{ changes: LoggedChange[]; missing: boolean }> {
  const rows = await databaseOf(store)
    .selectFrom('changes')
    .select(['position', 'kind', 'id', 'operation', 'columns'])
    // In one statement, so that it is the floor of what is read.
    .select((eb) =>
      eb
        .selectFrom('change_heads')
        .select('floor')
        .where('change_heads.system_key', '=', store.key)
        .$asScalar()
        .as('floor'),
    )
    .where('system_key', '=', store.key)
    .where('position', '>', after)
    .where('kind', 'in', kinds)
    .orderBy('position')
    .limit(limit)
    .execute()
  const changes = rows.map(({ floor: _, ...row }) => ({ ...row, columns: JSON.parse(row.columns) }))
  return { changes, missing: Number(rows[0]?.floor ?? 0) > after }
}

/** Names of edges that are new or described anew since, and whether anything else changed, `others`. */
export async function edgesChangedSince(
  store: SystemStore,
  after: number,
): Promise<{ edges: string[]; others: boolean }> {
  const since = databaseOf(store)
    .selectFrom('changes')
    .where('system_key', '=', store.key)
    .where('position', '>', after)
  const others = await since
    .select('position')
    .where((eb) => eb.or([eb('kind', '!=', 'edge'), eb('operation', '!=', 'put')]))
    .limit(1)
    .execute()
  const edges = await since.select('id').distinct().where('kind', '=', 'edge').where('operation', '=', 'put').execute()
  return { edges: edges.map(({ id }) => id), others: others.length > 0 }
}

/** How many rows changed since, `most` at most; of collections only those that are named, whole or row by row (`COLLECTION/KEY`). */
export async function countChanged(
  store: SystemStore,
  kinds: readonly string[],
  {
    after,
    collections,
    rows = [],
    most,
  }: { after: number; collections: readonly string[]; rows?: readonly string[]; most: number },
): Promise<number> {
  const changed = databaseOf(store)
    .selectFrom('changes')
    .select(['kind', 'id'])
    .distinct()
    .where('system_key', '=', store.key)
    .where('position', '>', after)
    .where('kind', 'in', kinds)
    .where((eb) =>
      eb.or([
        eb('kind', 'not in', ['item', 'collection']),
        // An id of a row begins with that of its collection; '0' follows '/'.
        ...collections.flatMap((id) => [eb('id', '=', id), eb.and([eb('id', '>', `${id}/`), eb('id', '<', `${id}0`)])]),
        ...(rows.length > 0 ? [eb('id', 'in', rows)] : []),
      ]),
    )
    .limit(most)
  const { count } = await databaseOf(store)
    .selectFrom(changed.as('changed'))
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Undefined where the system is gone. */
export async function logHead(
  store: SystemStore,
): Promise<
  | { incarnation: string; position: number; floor: number; stamp: [ms: number, count: number]; revision: number }
  | undefined
> {
  const row = await databaseOf(store)
    .selectFrom('change_heads')
    .innerJoin('systems', 'systems.key', 'change_heads.system_key')
    .select([
      'change_heads.incarnation',
      'change_heads.position',
      'change_heads.floor',
      'systems.revision',
      'stamp_ms',
      'stamp_count',
    ])
    .where('change_heads.system_key', '=', store.key)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { stamp_ms: ms, stamp_count: count, ...head } = row
  return { ...head, stamp: [ms, count] }
}

export async function readTable(store: SystemStore, found: CollectionRecord): Promise<TableState> {
  const indexes = await readIndexes(databaseOf(store) as AnyTables, dialectOf(store), found.table)
  const { id, name, kind, createdAt } = found
  return {
    ...{ id, name, kind, createdAt, columns: [...found.table.columns] },
    indexes: indexes.filter(({ primary }) => !primary).map(({ column, unique }) => ({ column, unique })),
  }
}

export const userTable = async (store: SystemStore): Promise<CollectionRecord> =>
  (await findCollection(store, { kind: 'users' }))!

/** Keys of the next rows in order of key. */
export async function keysAfter(
  store: SystemStore,
  { table }: CollectionRecord,
  after: string,
  limit: number,
): Promise<string[]> {
  const key = sql.id(table.key)
  const where = after === '' ? sql`` : sql`where ${key} > ${after}`
  const { rows } = await sql<{ k: string }>`select ${key} as k from ${sql.id(table.table)} ${where}
    order by ${key} limit ${sql.lit(limit)}`.execute(databaseOf(store))
  return rows.map(({ k }) => String(k))
}

/** Those that are there, by key. */
export const readRows = (store: SystemStore, { table }: CollectionRecord, keys: readonly string[]): Promise<Row[]> =>
  getRows(databaseOf(store), dialectOf(store), table, keys)

/** As the platform knows them: what is the same for all edges. */
export type ReadUser = Omit<UserState, 'offlineLimit' | 'failures'> & { failures: ToldFailures[] }

/** Of those users that are there, with all their roles; seeds as they are sealed here. */
export async function readUsers(store: SystemStore, ids: readonly string[]): Promise<ReadUser[]> {
  if (ids.length === 0) return []
  const db = databaseOf(store)
  const of = <T extends 'accounts' | 'memberships' | 'authenticators'>(table: T) =>
    db
      .selectFrom(table as 'accounts')
      .where('system_key', '=', store.key)
      .where('user_id', 'in', [...ids])
  const table = await userTable(store)
  const rows = new Map((await readRows(store, table, ids)).map((row) => [String(row.user_id), row]))
  const accounts = await of('accounts').selectAll().execute()
  const memberships = await db
    .selectFrom('memberships')
    .select(['user_id', 'role_id'])
    .where('system_key', '=', store.key)
    .where('user_id', 'in', [...ids])
    .execute()
  const held = await db
    .selectFrom('authenticators')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('user_id', 'in', [...ids])
    .where('kind', 'in', ['totp', 'passkey', 'phone'])
    .execute()
  const sets = await listEdgeCodes(store, ids)
  const failures = await failuresAtEdges(store.node, store.key, ids)
  return accounts.flatMap((account) => {
    const row = rows.get(account.user_id)
    if (row === undefined) return []
    return {
      ...{ id: account.user_id, row, emailKey: account.email_key },
      ...{ passwordHash: account.password_hash, passwordVoid: account.password_void },
      ...{ passwordStamp: account.password_stamp, passwordWeak: account.password_weak === 1 },
      ...{ disabled: account.disabled === 1, createdAt: account.created_at },
      roles: memberships.filter(({ user_id }) => user_id === account.user_id).map(({ role_id }) => role_id),
      apps: held
        .filter(({ user_id, kind }) => user_id === account.user_id && kind === 'totp')
        .map((app) => ({
          ...{ id: app.id, label: app.label, sealed: app.sealed, state: app.state },
          ...{ boundAt: app.bound_at, boundBy: app.bound_by, lastStep: app.last_step },
        })),
      passkeys: held
        .filter(({ user_id, kind }) => user_id === account.user_id && kind === 'passkey')
        .map((one) => ({
          ...{ id: one.id, label: one.label, sealed: one.sealed, state: one.state, boundAt: one.bound_at },
          ...{ credentialHash: '', rpId: one.rp_id ?? '', signCount: one.sign_count, backedUp: one.backed_up === 1 },
        })),
      phones: held
        .filter(({ user_id, kind, state }) => user_id === account.user_id && kind === 'phone' && state === 'bound')
        .map(({ id, label, bound_at: boundAt, sealed }) => ({ id, label, boundAt, sealed })),
      failures: failures.filter(({ accountId }) => accountId === account.user_id),
      codes: sets
        .filter(({ userId }) => userId === account.user_id)
        .map(({ id, edge, codes, madeAt }) => ({ id, edge, codes, madeAt })),
    }
  })
}

export async function readRoles(store: SystemStore, ids: readonly string[]): Promise<RoleState[]> {
  if (ids.length === 0) return []
  const db = databaseOf(store)
  const roles = await db
    .selectFrom('roles')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('id', 'in', [...ids])
    .execute()
  const grants = await db
    .selectFrom('grants')
    .selectAll()
    .where('system_key', '=', store.key)
    .where('role_id', 'in', [...ids])
    .execute()
  return roles.map((role) => ({
    ...{ id: role.id, name: role.name, description: role.description, createdAt: role.created_at },
    privileged: role.privileged === 1,
    grants: grants.filter(({ role_id }) => role_id === role.id).map(({ kind, item, level }) => ({ kind, item, level })),
  }))
}

/** The current version of each that is there. */
export async function readCode(
  store: SystemStore,
  kind: 'service' | 'library',
  names: readonly string[],
): Promise<CodeState[]> {
  const found: CodeState[] = []
  for (const name of names) {
    const row = await databaseOf(store)
      .selectFrom('code_units as unit')
      .innerJoin('code_versions as version', (join) =>
        join
          .onRef('version.system_key', '=', 'unit.system_key')
          .onRef('version.kind', '=', 'unit.kind')
          .onRef('version.name', '=', 'unit.name')
          .onRef('version.version', '=', 'unit.current_version'),
      )
      .leftJoin('safe_versions as safe', (join) =>
        join.onRef('safe.system_key', '=', 'unit.system_key').onRef('safe.service', '=', 'unit.name'),
      )
      .select(['unit.settings', 'unit.updated_at', 'version.version', 'version.source', 'version.compiled'])
      .select(['version.problem', 'version.dialect', 'version.dependencies', 'version.created_at'])
      .select(['safe.code', 'safe.assembly'])
      .where('unit.system_key', '=', store.key)
      .where('unit.kind', '=', kind)
      .where('unit.name', '=', name)
      .executeTakeFirst()
    if (row === undefined) continue
    const { settings, created_at: createdAt, updated_at: updatedAt, code, assembly, ...version } = row
    const safe = kind === 'service' && code !== null && assembly !== null ? { code, assembly } : null
    found.push({ name, settings: JSON.parse(settings), ...version, createdAt, updatedAt, safe })
  }
  return found
}
