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
import type { Query } from '@gatehouse/contract/query.ts'
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
import { audit } from '../access/audit.ts'
import { demand, heldRights } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'
import { findInList, type ListColumns, pageOf } from './list-query.ts'

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

const columns: ListColumns<RoleRecord> = {
  name: (role) => role.name,
  id: (role) => role.id,
  role_id: (role) => role.id,
  description: (role) => role.description,
}

/** One page of the roles that match. */
export async function findRoles(scope: SystemScope, query: Query): Promise<RoleRecord[]> {
  return pageOf(findInList(await allRoles(scope), columns, query), query)
}

export async function countRoles(scope: SystemScope, query: Query): Promise<number> {
  return findInList(await allRoles(scope), columns, query).length
}

export async function rolesOfUser(scope: SystemScope, userId: string): Promise<RoleRecord[]> {
  const own = scope.caller.kind === 'user' && scope.caller.userId === userId
  if (!own) await demand(scope, { kind: 'roles', level: bits.read }, 'read roles')
  const held = await listMemberships(scope.data, userId)
  const through = own && scope.caller.kind === 'user' ? scope.caller.elsewhere : undefined
  return through === undefined ? held : held.filter(({ id }) => through.roles.includes(id))
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
  input: { name: unknown; description: unknown; rights: Right[]; privileged?: unknown },
): Promise<string> {
  await demand(scope, { kind: 'roles', level: bits.create }, 'create roles')
  const name = checkRoleName(input.name)
  const description = checkDescription(input.description) ?? ''
  await demandHeld(scope, input.rights)
  const privileged = checkPrivileged(scope, '', input.privileged) ?? false
  const id = hexId()
  await scope.data.transaction(async (tx) => {
    if ((await listRoles(tx)).some((role) => role.name === name || role.id === name)) {
      throw new GatehouseError('badRole', `There is a role "${name}" in this system already.`)
    }
    const createdAt = scope.clock.now()
    await insertRole(tx, { id, name, description, createdAt, privileged })
    for (const right of input.rights) await putGrant(tx, { roleId: id, ...right })
    const details = { id, rights: input.rights, ...(privileged && { privileged }) }
    audit(tx, scope, { kind: 'role', action: 'create', subject: name, details })
  })
  return id
}

function checkRoleName(name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200 || /\p{Cc}/u.test(name)) {
    throw new GatehouseError('badRole', 'A role needs a name of 1 to 200 characters.')
  }
  return name
}

const longestDescription = 10_000

function checkDescription(description: unknown): string | undefined {
  if (description === undefined || description === null) return undefined
  if (typeof description !== 'string' || description.length > longestDescription || description.includes('\0')) {
    throw new GatehouseError(
      'badRole',
      `The description of a role is a text of ${longestDescription} characters at most.`,
    )
  }
  return description
}

/**
 * Whether a role is privileged is for developers alone to say: taking the mark off lets it count through more sessions. Everybody
 * holds one of the two that stand for everybody, so those cannot have it. Throws badRole, permissionDenied.
 */
function checkPrivileged(scope: SystemScope, roleId: string, given: unknown): boolean | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'boolean') throw new GatehouseError('badRole', 'privileged must be true or false.')
  if (scope.caller.kind !== 'developer') {
    throw new GatehouseError('permissionDenied', 'Only developers say whether a role is privileged.')
  }
  if (roleId === 'Administrator' && !given) {
    throw new GatehouseError('badRole', 'The role Administrator is always privileged.')
  }
  if ((roleId === 'Authenticated' || roleId === 'Anonymous') && given) {
    throw new GatehouseError('badRole', `The role ${roleId} cannot be privileged: it stands for everybody.`)
  }
  return given
}

export type RoleEdit = { name?: string; description?: string; privileged?: unknown; rights: Right[] }

/** Makes a role from what is written on the wire: `{name, description?, <kind>: …}`. Answers its id. */
export async function addRole(scope: SystemScope, body: Record<string, unknown>): Promise<string> {
  await demand(scope, { kind: 'roles', level: bits.create }, 'create roles')
  const { name, description, privileged, ...rest } = body
  return createRole(scope, { name, description, privileged, rights: await readRights(scope, rest) })
}

/** Changes the role with this id or name by what is written on the wire. Throws noSuchRole, changesMissing, badRole. */
export async function editRole(scope: SystemScope, body: Record<string, unknown>): Promise<void> {
  await demand(scope, { kind: 'roles', level: bits.update }, 'change roles')
  if (typeof body.id !== 'string' || body.id === '') {
    throw new GatehouseError('badRole', 'The body needs "id", the id or the name of a role.')
  }
  const role = await roleNamed(scope, body.id)
  await changeRole(scope, role, await readRoleEdit(scope, body))
}

/** Deletes the role with this id or name. Throws noSuchRole, badRole. */
export async function dropRole(scope: SystemScope, idOrName: string): Promise<void> {
  await demand(scope, { kind: 'roles', level: bits.delete }, 'delete roles')
  await removeRole(scope, await roleNamed(scope, idOrName))
}

/**
 * Reads the body of a role's change: `{name?, changes: {description?, privileged?, <kind>: …}}`. The samples of the JavaScript SDK wrap
 * `changes` in another `changes` (rest-api.md §2.5). Throws changesMissing, badRole.
 */
async function readRoleEdit(scope: SystemScope, body: Record<string, unknown>): Promise<RoleEdit> {
  const outer = body.changes ?? {}
  const inner = isObject(outer) && outer.changes !== undefined ? outer.changes : outer
  if (!isObject(inner)) throw new GatehouseError('changesMissing', 'The body needs the object "changes".')
  const name = body.name ?? inner.name
  const description = checkDescription(inner.description ?? body.description)
  const privileged = inner.privileged ?? body.privileged
  if (body.changes === undefined && [name, description, privileged].every((one) => one === undefined)) {
    throw new GatehouseError('changesMissing', 'The body needs the object "changes".')
  }
  return {
    rights: await readRights(scope, inner),
    ...(name !== undefined && name !== null && { name: checkRoleName(name) }),
    ...(description !== undefined && { description }),
    ...(privileged !== undefined && { privileged }),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Merges item by item: what is not named stays as it is (rest-api.md §2.5). */
export async function changeRole(scope: SystemScope, role: RoleRecord, changes: RoleEdit): Promise<void> {
  await demand(scope, { kind: 'roles', level: bits.update }, 'change roles')
  await demandHeld(scope, changes.rights)
  const name = changes.name === undefined ? undefined : checkRoleName(changes.name)
  const description = checkDescription(changes.description)
  const privileged = checkPrivileged(scope, role.id, changes.privileged)
  const remark = privileged !== undefined && privileged !== role.privileged
  const rename = name !== undefined && name !== role.name
  if (rename && isDefaultRole(role.id)) {
    throw new GatehouseError('badRole', `The default role ${role.name} keeps its name.`)
  }
  await scope.data.transaction(async (tx) => {
    const others = (await listRoles(tx)).filter((other) => other.id !== role.id)
    if (rename && others.some((other) => other.name === name || other.id === name)) {
      throw new GatehouseError('badRole', `There is a role "${name}" in this system already.`)
    }
    if (rename || remark || description !== undefined) {
      const texts = { ...(rename && { name }), ...(description !== undefined && { description }) }
      await updateRole(tx, role.id, { ...texts, ...(remark && { privileged }) })
    }
    for (const right of changes.rights) await putGrant(tx, { roleId: role.id, ...right })
    audit(tx, scope, {
      ...{ kind: changes.rights.length > 0 ? 'rights' : 'role', action: 'change', subject: role.name },
      details: {
        id: role.id,
        ...(rename && { name: { from: role.name, to: name } }),
        ...(description !== undefined && { description: 'changed' }),
        ...(remark && { privileged }),
        ...(changes.rights.length > 0 && { rights: changes.rights }),
      },
    })
  })
}

export async function removeRole(scope: SystemScope, role: RoleRecord): Promise<void> {
  await demand(scope, { kind: 'roles', level: bits.delete }, 'delete roles')
  if (isDefaultRole(role.id)) throw new GatehouseError('badRole', `The default role ${role.name} stays.`)
  await scope.data.transaction(async (tx) => {
    await deleteRole(tx, role.id)
    audit(tx, scope, { kind: 'role', action: 'delete', subject: role.name, details: { id: role.id } })
  })
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
    if (add.length + remove.length > 0) {
      const named = (roles: readonly RoleRecord[]) => roles.map(({ name }) => name)
      const details = { added: named(add), removed: named(remove) }
      audit(tx, scope, { kind: 'role', action: 'members', subject: userId, details })
    }
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
    if (rights.length + entries.length > mostRights) {
      throw new GatehouseError('badRole', `One call changes at most ${mostRights} rights of a role.`)
    }
    for (const entry of entries) rights.push(await readRight(scope, kind, key, entry))
  }
  return rights
}

/** Each is looked up and written; keeps one call from holding the database. */
const mostRights = 5_000
const longestItem = 1_000

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
  if (typeof item !== 'string' || item === '' || item.length > longestItem || /\p{Cc}/u.test(item)) {
    throw new GatehouseError('badRole', `${key}: itemInfo needs a name.`)
  }
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
    const { id: ID, name: Name, description: Description, privileged: Privileged } = role
    return { ID, Name, Description, Privileged, Permissions: permissions }
  })
}
