/** Roles, the rights they give, and who holds them. */
import type { Tables } from '../schema.ts'
import { databaseOf, type SystemStore, writerOf } from '../store.ts'

/** `privileged`: through a session that was made at the other end of a link to an edge this role does not count. */
export type RoleRecord = { id: string; name: string; description: string; createdAt: number; privileged: boolean }

type RoleRow = Tables['roles']

/** Whatever a row says. */
const alwaysPrivileged = 'Administrator'

const fromRow = (row: Omit<RoleRow, 'system_key'>): RoleRecord => ({
  ...{ id: row.id, name: row.name, description: row.description, createdAt: row.created_at },
  privileged: row.privileged === 1 || row.id === alwaysPrivileged,
})

/** A right of a role: a resource kind, an item of it (`''` for kinds without items), and the permission bits. */
export type GrantRecord = { roleId: string; kind: string; item: string; level: number }

export async function insertRole(
  store: SystemStore,
  role: Omit<RoleRecord, 'privileged'> & { privileged?: boolean },
): Promise<void> {
  await writerOf(store)
    .insertInto('roles')
    .values({
      system_key: store.key,
      id: role.id,
      name: role.name,
      description: role.description,
      created_at: role.createdAt,
      privileged: role.privileged === true ? 1 : 0,
    })
    .execute()
  store.record({ kind: 'role', id: role.id, operation: 'put', columns: ['name', 'description'] })
}

export async function listRoles(store: SystemStore): Promise<RoleRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('roles')
    .selectAll()
    .where('system_key', '=', store.key)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(fromRow)
}

export async function updateRole(
  store: SystemStore,
  id: string,
  { privileged, ...texts }: { name?: string; description?: string; privileged?: boolean },
): Promise<void> {
  const changes = { ...texts, ...(privileged !== undefined && { privileged: privileged ? 1 : 0 }) }
  const changed = await writerOf(store)
    .updateTable('roles')
    .set(changes)
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .returning('id')
    .execute()
  if (changed.length > 0) store.record({ kind: 'role', id, operation: 'put', columns: Object.keys(changes) })
}

export async function deleteRole(store: SystemStore, id: string): Promise<void> {
  const db = writerOf(store)
  const members = await db
    .deleteFrom('memberships')
    .where('system_key', '=', store.key)
    .where('role_id', '=', id)
    .returning('user_id')
    .execute()
  for (const { user_id } of members) {
    store.record({ kind: 'membership', id: `${user_id}/${id}`, operation: 'delete', columns: ['member'] })
  }
  const grants = await db
    .deleteFrom('grants')
    .where('system_key', '=', store.key)
    .where('role_id', '=', id)
    .returning(['kind', 'item'])
    .execute()
  for (const { kind, item } of grants) {
    store.record({ kind: 'grant', id: `${id}/${kind}/${item}`, operation: 'delete', columns: ['level'] })
  }
  const gone = await db
    .deleteFrom('roles')
    .where('system_key', '=', store.key)
    .where('id', '=', id)
    .returning('id')
    .execute()
  if (gone.length > 0) store.record({ kind: 'role', id, operation: 'delete', columns: [] })
}

export async function listGrants(
  store: SystemStore,
  of: { roleIds: string[] } | { userId: string } | { kind: string; item: string },
): Promise<GrantRecord[]> {
  const query = databaseOf(store)
    .selectFrom('grants')
    .select(['role_id as roleId', 'kind', 'item', 'level'])
    .where('grants.system_key', '=', store.key)
  if ('roleIds' in of) {
    return of.roleIds.length === 0 ? [] : query.where('role_id', 'in', of.roleIds).execute()
  }
  if ('kind' in of) return query.where('kind', '=', of.kind).where('item', '=', of.item).execute()
  return query
    .where('role_id', 'in', (eb) =>
      eb
        .selectFrom('memberships')
        .select('memberships.role_id')
        .where('memberships.system_key', '=', store.key)
        .where('memberships.user_id', '=', of.userId),
    )
    .execute()
}

/** Level 0 takes the right away. */
export async function putGrant(store: SystemStore, grant: GrantRecord): Promise<void> {
  const db = writerOf(store)
  const { roleId, kind, item, level } = grant
  const written =
    level === 0
      ? await db
          .deleteFrom('grants')
          .where('system_key', '=', store.key)
          .where('role_id', '=', roleId)
          .where('kind', '=', kind)
          .where('item', '=', item)
          .returning('role_id')
          .execute()
      : await db
          .insertInto('grants')
          .values({ system_key: store.key, role_id: roleId, kind, item, level })
          .onConflict((conflict) => conflict.columns(['system_key', 'role_id', 'kind', 'item']).doUpdateSet({ level }))
          .returning('role_id')
          .execute()
  if (written.length === 0) return
  const operation = level === 0 ? 'delete' : 'put'
  store.record({ kind: 'grant', id: `${roleId}/${kind}/${item}`, operation, columns: ['level'] })
}

/** When the thing itself goes, so do the rights on it. */
export async function deleteGrantsOn(store: SystemStore, kind: string, item: string): Promise<void> {
  const gone = await writerOf(store)
    .deleteFrom('grants')
    .where('system_key', '=', store.key)
    .where('kind', '=', kind)
    .where('item', '=', item)
    .returning('role_id')
    .execute()
  for (const { role_id } of gone) {
    store.record({ kind: 'grant', id: `${role_id}/${kind}/${item}`, operation: 'delete', columns: ['level'] })
  }
}

export async function listMemberships(store: SystemStore, userId: string): Promise<RoleRecord[]> {
  const rows = await databaseOf(store)
    .selectFrom('memberships')
    .innerJoin('roles', (join) =>
      join.onRef('roles.id', '=', 'memberships.role_id').onRef('roles.system_key', '=', 'memberships.system_key'),
    )
    .select(['roles.id', 'roles.name', 'roles.description', 'roles.created_at', 'roles.privileged'])
    .where('memberships.system_key', '=', store.key)
    .where('memberships.user_id', '=', userId)
    .orderBy('roles.created_at')
    .orderBy('roles.id')
    .execute()
  return rows.map(fromRow)
}

export async function listMembers(store: SystemStore, roleId: string): Promise<string[]> {
  const rows = await databaseOf(store)
    .selectFrom('memberships')
    .select('user_id')
    .where('system_key', '=', store.key)
    .where('role_id', '=', roleId)
    .execute()
  return rows.map((row) => row.user_id)
}

export async function addMembership(store: SystemStore, userId: string, roleId: string): Promise<void> {
  const added = await writerOf(store)
    .insertInto('memberships')
    .values({ system_key: store.key, user_id: userId, role_id: roleId })
    .onConflict((conflict) => conflict.columns(['system_key', 'user_id', 'role_id']).doNothing())
    .returning('role_id')
    .execute()
  if (added.length > 0)
    store.record({ kind: 'membership', id: `${userId}/${roleId}`, operation: 'put', columns: ['member'] })
}

export async function removeMembership(store: SystemStore, userId: string, roleId?: string): Promise<void> {
  let query = writerOf(store)
    .deleteFrom('memberships')
    .where('system_key', '=', store.key)
    .where('user_id', '=', userId)
  if (roleId !== undefined) query = query.where('role_id', '=', roleId)
  for (const row of await query.returning('role_id').execute()) {
    store.record({ kind: 'membership', id: `${userId}/${row.role_id}`, operation: 'delete', columns: ['member'] })
  }
}
