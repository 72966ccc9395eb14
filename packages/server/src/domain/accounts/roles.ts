/** Roles of a system: their rights, and who holds them. Nobody but a developer gives away a right he does not hold. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import {
  allBits,
  bits,
  defaultRoles,
  type ResourceKind,
  resourceKind,
  resourceKindNames,
  resourceKinds,
} from '@gatehouse/contract/permissions.ts'
import { hexId } from '../../base/ids.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { findCollection, listCollections } from '../../store/tables/collections.ts'
import {
  addMembership,
  deleteRole,
  type GrantRecord,
  insertRole,
  listGrants,
  listMembers,
  listMemberships,
  listRoles,
  putGrant,
  type RoleRecord,
  removeMembership,
  updateRole,
} from '../../store/tables/roles.ts'
import { demand, heldRights } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'

/** Role assignment as written on the wire: ids or names (cb-cli sends names, the two-factor package ids). */
export type RoleChanges = { add?: unknown; delete?: unknown }

export type Right = { kind: ResourceKind; item: string; level: number }

/** The role with this id or name; throws noSuchRole. */
export async function roleNamed(scope: SystemScope, idOrName: string): Promise<RoleRecord> {
  const roles = await listRoles(scope.data)
  const role = roles.find((one) => one.id === idOrName) ?? roles.find((one) => one.name === idOrName)
  if (role === undefined) throw new GatehouseError('noSuchRole', `There is no role "${idOrName}" in this system.`)
  return role
}

export async function allRoles(scope: SystemScope): Promise<RoleRecord[]> {
  await demand(scope, { kind: 'roles', level: bits.read }, 'read roles')
  return listRoles(scope.data)
}

export async function rolesOfUser(scope: SystemScope, userId: string): Promise<RoleRecord[]> {
  const own = scope.caller.kind === 'user' && scope.caller.userId === userId
  if (!own) await demand(scope, { kind: 'roles', level: bits.read }, 'read roles')
  return listMemberships(scope.data, userId)
}

export async function membersOf(scope: SystemScope, role: RoleRecord): Promise<string[]> {
  await demand(scope, { kind: 'roles', level: bits.read }, 'read roles')
  return listMembers(scope.data, role.id)
}

export async function rightsOf(scope: SystemScope, roleIds: string[]): Promise<GrantRecord[]> {
  return listGrants(scope.data, { roleIds })
}

export async function rightsOn(scope: SystemScope, kind: ResourceKind, item: string): Promise<GrantRecord[]> {
  await demand(scope, { kind: 'roles', level: bits.read }, 'read roles')
  return listGrants(scope.data, { kind, item })
}

export async function createRole(
  scope: SystemScope,
  input: { name: unknown; description: unknown; rights: Right[] },
): Promise<string> {
  await demand(scope, { kind: 'roles', level: bits.create }, 'create roles')
  const { name, description } = input
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200) {
    throw new GatehouseError('badRole', 'A role needs a name of 1 to 200 characters.')
  }
  await demandHeld(scope, input.rights)
  const id = hexId()
  await scope.data.transaction(async (tx) => {
    if ((await listRoles(tx)).some((role) => role.name === name || role.id === name)) {
      throw new GatehouseError('badRole', `There is a role "${name}" in this system already.`)
    }
    const createdAt = scope.clock.now()
    await insertRole(tx, { id, name, description: typeof description === 'string' ? description : '', createdAt })
    for (const right of input.rights) await putGrant(tx, { roleId: id, ...right })
  })
  return id
}

/** Merges item by item: what is not named stays as it is (rest-api.md §2.5). */
export async function changeRole(
  scope: SystemScope,
  role: RoleRecord,
  changes: { name?: string; description?: string; rights: Right[] },
): Promise<void> {
  await demand(scope, { kind: 'roles', level: bits.update }, 'change roles')
  await demandHeld(scope, changes.rights)
  const { name, description } = changes
  const rename = name !== undefined && name !== role.name
  if (rename && isDefaultRole(role.id)) {
    throw new GatehouseError('badRole', `The default role ${role.name} keeps its name.`)
  }
  await scope.data.transaction(async (tx) => {
    if (rename && (await listRoles(tx)).some((other) => other.name === name)) {
      throw new GatehouseError('badRole', `There is a role "${name}" in this system already.`)
    }
    if (rename || description !== undefined) {
      await updateRole(tx, role.id, { ...(rename && { name }), ...(description !== undefined && { description }) })
    }
    for (const right of changes.rights) await putGrant(tx, { roleId: role.id, ...right })
  })
}

export async function removeRole(scope: SystemScope, role: RoleRecord): Promise<void> {
  await demand(scope, { kind: 'roles', level: bits.delete }, 'delete roles')
  if (isDefaultRole(role.id)) throw new GatehouseError('badRole', `The default role ${role.name} stays.`)
  await scope.data.transaction((tx) => deleteRole(tx, role.id))
}

const isDefaultRole = (id: string): boolean => (defaultRoles as readonly string[]).includes(id)

async function demandHeld(scope: SystemScope, rights: Right[]): Promise<void> {
  const held = await heldRights(scope)
  const tooMuch = rights.find((right) => (right.level & ~held(right.kind, right.item)) !== 0)
  if (tooMuch !== undefined) {
    const what = tooMuch.item === '' ? tooMuch.kind : `${tooMuch.kind} "${tooMuch.item}"`
    throw new GatehouseError('permissionDenied', `You may not give a right on ${what} that you do not hold yourself.`)
  }
}

/** Adds a user to roles and takes him out of others; by id or name. */
export async function changeMemberships(scope: SystemScope, userId: string, changes: RoleChanges): Promise<void> {
  const names = (value: unknown): string[] => {
    if (value === undefined || value === null) return []
    if (!Array.isArray(value) || value.some((name) => typeof name !== 'string')) {
      throw new GatehouseError('badRole', 'roles.add and roles.delete are lists of role ids or names.')
    }
    return value
  }
  const add = await Promise.all(names(changes.add).map((name) => roleNamed(scope, name)))
  const remove = await Promise.all(names(changes.delete).map((name) => roleNamed(scope, name)))
  const held = scope.caller.kind === 'developer' ? undefined : await heldRights(scope)
  await scope.data.transaction(async (tx) => {
    if ((await findAccount(tx, { userId })) === undefined) {
      throw new GatehouseError('noSuchUser', 'There is no such user.')
    }
    for (const role of add) {
      if (held !== undefined) {
        const rights = await listGrants(tx, { roleIds: [role.id] })
        if (rights.some((right) => (right.level & ~held(right.kind as ResourceKind, right.item)) !== 0)) {
          throw new GatehouseError(
            'permissionDenied',
            `You may not give the role "${role.name}": it has rights that you do not hold.`,
          )
        }
      }
      await addMembership(tx, userId, role.id)
    }
    for (const role of remove) await removeMembership(tx, userId, role.id)
  })
}

/**
 * Reads the rights out of a role's `changes` as they are written on the wire: arrays of `{itemInfo: {id?, name?},
 * permissions}` for kinds with items, `{permissions}` for the others. Names of collections become ids. Throws badRole.
 */
export async function readRights(scope: SystemScope, changes: Record<string, unknown>): Promise<Right[]> {
  const rights: Right[] = []
  for (const [key, value] of Object.entries(changes)) {
    const kind = resourceKind(key)
    if (kind === undefined || value === null || value === undefined) continue
    // The Go SDK sends `edges` as a list with one element (rest-api.md §2.5).
    const entries = Array.isArray(value) ? value : [value]
    for (const entry of entries) rights.push(await readRight(scope, kind, key, entry))
  }
  return rights
}

async function readRight(scope: SystemScope, kind: ResourceKind, key: string, entry: unknown): Promise<Right> {
  const { itemInfo, permissions } = (typeof entry === 'object' && entry !== null ? entry : {}) as {
    itemInfo?: { id?: unknown; name?: unknown }
    permissions?: unknown
  }
  if (!Number.isInteger(permissions) || (permissions as number) < 0 || (permissions as number) > allBits) {
    throw new GatehouseError(
      'badRole',
      `${key}: permissions must be a sum of 1 (read), 2 (create), 4 (update) and 8 (delete).`,
    )
  }
  const level = permissions as number
  if (!resourceKinds[kind].items) return { kind, item: '', level }
  const id = itemInfo?.id
  const name = itemInfo?.name
  if (kind === 'collections') {
    const collection =
      (typeof id === 'string' && id !== '' ? await findCollection(scope.data, { id }) : undefined) ??
      (typeof name === 'string' && name !== '' ? await findCollection(scope.data, { name }) : undefined)
    if (collection === undefined)
      throw new GatehouseError('badRole', `${key}: there is no collection ${String(name ?? id)}.`)
    return { kind, item: collection.id, level }
  }
  const item = typeof name === 'string' && name !== '' ? name : id
  if (typeof item !== 'string' || item === '') throw new GatehouseError('badRole', `${key}: itemInfo needs a name.`)
  return { kind, item, level }
}

/** The read shape of a role: `{ID, Name, Description, Permissions}`. */
export async function roleShapes(scope: SystemScope, roles: RoleRecord[]): Promise<Record<string, unknown>[]> {
  const grants = await listGrants(scope.data, { roleIds: roles.map((role) => role.id) })
  const collectionNames = new Map((await listCollections(scope.data)).map((one) => [one.id, one.name]))
  return roles.map((role) => {
    const own = grants.filter((grant) => grant.roleId === role.id)
    const permissions = Object.fromEntries(
      resourceKindNames.map((kind) => {
        const ofKind = own.filter((grant) => grant.kind === kind)
        const { read, items } = resourceKinds[kind]
        if (!items) return [read, { Level: ofKind[0]?.level ?? 0 }]
        if (kind === 'collections') {
          return [
            read,
            ofKind.map(({ item, level }) => ({
              ID: item,
              Name: collectionNames.get(item) ?? '',
              Level: level,
              Columns: null,
              Items: null,
            })),
          ]
        }
        const withKey = kind === 'services' || kind === 'portals' ? { SystemKey: scope.system.key } : {}
        return [read, ofKind.map(({ item, level }) => ({ Name: item, ...withKey, Level: level }))]
      }),
    )
    return { ID: role.id, Name: role.name, Description: role.description, Permissions: permissions }
  })
}
