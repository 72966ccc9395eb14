/** Roles and permissions, for a run. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { allBits, bits, type ResourceKind, resourceKind, resourceKinds } from '@gatehouse/contract/permissions.ts'
import { type Condition, isUnfiltered, parseQuery } from '@gatehouse/contract/query.ts'
import { demand } from '../../domain/access/rights.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import {
  allRoles,
  changeMemberships,
  changeRole,
  createRole,
  membersOf,
  type Right,
  removeRole,
  rightsOf,
  rightsOn,
  roleNamed,
  rolesOfUser,
} from '../../domain/accounts/roles.ts'
import { collectionAt } from '../../domain/data/collections.ts'
import type { GrantRecord, RoleRecord } from '../../store/tables/roles.ts'
import { type Args, type HostTable, objectArg, textArg } from './table.ts'

/** One role by name or id, or those that a query with a condition matches. */
async function rolesArg(scope: SystemScope, args: Args): Promise<RoleRecord[]> {
  if (args.role !== undefined) return [await roleArg(scope, args)]
  const query = parseQuery(args.query)
  if (isUnfiltered(query)) throw new GatehouseError('badQuery', 'This needs a role, or a query with a condition.')
  return (await allRoles(scope)).filter((role) =>
    query.any.some((group) => group.every((condition) => matches(role, condition))),
  )
}

const shape = (role: RoleRecord) => ({ role_id: role.id, name: role.name, description: role.description })

const roleArg = (scope: SystemScope, args: Args): Promise<RoleRecord> => roleNamed(scope, textArg(args, 'role'))

/** Roles are few, so a query on them is decided here rather than in the database. */
function matches(role: RoleRecord, condition: Condition): boolean {
  const fields: Record<string, string> = {
    role_id: role.id,
    id: role.id,
    name: role.name,
    description: role.description,
  }
  const actual = fields[condition.column.toLowerCase()]
  if (actual === undefined) throw new GatehouseError('badQuery', `Roles have no column "${condition.column}".`)
  if (condition.operator === 'EQ') return actual === condition.value
  if (condition.operator === 'NEQ') return actual !== condition.value
  throw new GatehouseError('badQuery', 'Roles are searched with EQ and NEQ.')
}

async function permissionArg(scope: SystemScope, given: unknown): Promise<Right> {
  const { type, name, level } = (typeof given === 'object' && given !== null ? given : {}) as Args
  const kind = typeof type === 'string' ? resourceKind(type) : undefined
  if (kind === undefined) throw new GatehouseError('badRole', `The resource type ${JSON.stringify(type)} is not known.`)
  if (!Number.isInteger(level) || (level as number) < 0 || (level as number) > allBits) {
    throw new GatehouseError('badRole', 'level must be a sum of 1 (read), 2 (create), 4 (update) and 8 (delete).')
  }
  return { kind, item: await itemOf(scope, kind, name), level: level as number }
}

async function itemOf(scope: SystemScope, kind: ResourceKind, name: unknown): Promise<string> {
  if (!resourceKinds[kind].items) return ''
  if (typeof name !== 'string' || name === '')
    throw new GatehouseError('badRole', `A permission on ${kind} needs a name.`)
  return kind === 'collections' ? (await collectionAt(scope, { nameOrId: name })).id : name
}

const permissionsArg = (scope: SystemScope, args: Args): Promise<Right[]> => {
  const list = Array.isArray(args.permissions) ? args.permissions : [args.permissions]
  return Promise.all(list.map((one) => permissionArg(scope, one)))
}

const grantShape = ({ roleId, kind, item, level }: GrantRecord) => ({
  id: `${roleId}/${kind}/${item}`,
  type: resourceKinds[kind as ResourceKind].write,
  name: item,
  level,
  role_id: roleId,
})

/** Raises or lowers single bits of rights that a role has. */
async function shift(scope: SystemScope, args: Args, change: (held: number, bits: number) => number): Promise<null> {
  const role = await roleArg(scope, args)
  const held = await rightsOf(scope, [role.id])
  let wanted: Right[]
  if (args.permissions !== undefined) wanted = await permissionsArg(scope, args)
  else {
    const grant = held.find((one) => grantShape(one).id === args.permission_id)
    if (grant === undefined || !Number.isInteger(args.level))
      throw new GatehouseError('badRole', 'There is no such permission.')
    wanted = [{ kind: grant.kind as ResourceKind, item: grant.item, level: args.level as number }]
  }
  const rights = wanted.map((right) => {
    const now = held.find((one) => one.kind === right.kind && one.item === right.item)?.level ?? 0
    return { ...right, level: change(now, right.level) & allBits }
  })
  await changeRole(scope, role, { rights })
  return null
}

const read = (scope: SystemScope) => demand(scope, { kind: 'roles', level: bits.read }, 'read roles')

export const roleCalls: HostTable = {
  'roles.read': async ({ scope, args }) => {
    const query = parseQuery(args.query)
    const roles = await allRoles(scope)
    const found = roles.filter(
      (role) =>
        query.any.length === 0 || query.any.some((group) => group.every((condition) => matches(role, condition))),
    )
    return found.map(shape)
  },
  'roles.create': async ({ scope, args }) => ({
    role_id: await createRole(scope, { name: args.name, description: args.description, rights: [] }),
  }),
  'roles.update': async ({ scope, args }) => {
    const { name, description } = objectArg(args, 'changes')
    for (const role of await rolesArg(scope, args)) {
      await changeRole(scope, role, {
        rights: [],
        ...(typeof name === 'string' && { name }),
        ...(typeof description === 'string' && { description }),
      })
    }
    return null
  },
  'roles.delete': async ({ scope, args }) => {
    for (const role of await rolesArg(scope, args)) await removeRole(scope, role)
    return null
  },
  'roles.duplicate': async ({ scope, args }) => {
    const role = await roleArg(scope, args)
    const rights = (await rightsOf(scope, [role.id])).map(({ kind, item, level }) => ({
      kind: kind as ResourceKind,
      item,
      level,
    }))
    return { role_id: await createRole(scope, { name: args.name, description: args.description, rights }) }
  },
  'roles.addToUser': async ({ scope, args }) => {
    await demand(scope, { kind: 'manageusers', level: bits.update }, 'manage users')
    await changeMemberships(scope, textArg(args, 'user_id'), { add: [textArg(args, 'role')] })
    return null
  },
  'roles.removeFromUser': async ({ scope, args }) => {
    await demand(scope, { kind: 'manageusers', level: bits.update }, 'manage users')
    await changeMemberships(scope, textArg(args, 'user_id'), { delete: [textArg(args, 'role')] })
    return null
  },
  'roles.ofUser': async ({ scope, args }) => {
    const userId = textArg(args, 'user_id')
    const roles = await rolesOfUser(scope, userId)
    // The name is ours: who may know that he holds a role may know what it is called.
    return roles.map(({ id, name }) => ({ role_id: id, name, user_id: userId, user_role_id: `${userId}/${id}` }))
  },
  'roles.users': async ({ scope, args }) => membersOf(scope, await roleArg(scope, args)),
  'roles.permissions': async ({ scope, args }) => {
    await read(scope)
    return (await rightsOf(scope, [(await roleArg(scope, args)).id])).map(grantShape)
  },
  'roles.permissionsOfResource': async ({ scope, args }) => {
    const kind = resourceKind(textArg(args, 'type'))
    if (kind === undefined) throw new GatehouseError('badRole', 'The resource type is not known.')
    return (await rightsOn(scope, kind, await itemOf(scope, kind, args.name))).map(grantShape)
  },
  'roles.setPermissions': async ({ scope, args }) => {
    await changeRole(scope, await roleArg(scope, args), { rights: await permissionsArg(scope, args) })
    return null
  },
  'roles.increasePermissions': ({ scope, args }) => shift(scope, args, (held, more) => held | more),
  'roles.decreasePermissions': ({ scope, args }) => shift(scope, args, (held, less) => held & ~less),
  'roles.removeAllPermissions': async ({ scope, args }) => {
    const role = await roleArg(scope, args)
    const rights = (await rightsOf(scope, [role.id])).map(({ kind, item }) => ({
      kind: kind as ResourceKind,
      item,
      level: 0,
    }))
    await changeRole(scope, role, { rights })
    return null
  },
  'roles.removeResourcePermissions': async ({ scope, args }) => {
    const kind = resourceKind(textArg(args, 'type'))
    if (kind === undefined) throw new GatehouseError('badRole', 'The resource type is not known.')
    const item = await itemOf(scope, kind, args.name)
    for (const grant of await rightsOn(scope, kind, item)) {
      await changeRole(scope, await roleNamed(scope, grant.roleId), { rights: [{ kind, item, level: 0 }] })
    }
    return null
  },
}
