/**
 * `ClearBlade.Roles()` and `ClearBlade.Permissions()`. Blocking, callback last. Roles of devices are refused until there are devices.
 */
export function installRoles(library) {
  library.own.lazily(library.ClearBlade, ['Roles', 'Permissions'], () => makeRoles(library))
}

function makeRoles(library) {
  const { calls, query, factory, base, keptBy } = library
  const { wireOf } = query
  const { ask } = calls
  const done = () => 'success'
  const idOf = (value) => value.role_id
  const devices = calls.refusing(() => calls.notYet('devices'))

  const Roles = factory({
    __proto__: base,
    create(info, callback) {
      const makeArgs = () => ({ name: info?.name, description: info?.description })
      ask(callback, 'roles.create', keptBy(this).session, makeArgs, idOf)
    },
    update(role, changes, callback) {
      ask(callback, 'roles.update', keptBy(this).session, () => ({ role, changes }), done)
    },
    delete(role, callback) {
      ask(callback, 'roles.delete', keptBy(this).session, () => ({ role }), done)
    },
    get(filter, callback) {
      const alone = typeof filter === 'function'
      ask(alone ? filter : callback, 'roles.read', keptBy(this).session, () => ({
        query: alone ? undefined : wireOf(filter),
      }))
    },
    getById(id, callback) {
      const makeArgs = () => ({ query: { FILTERS: [[{ EQ: [{ role_id: id ?? null }] }]] } })
      ask(callback, 'roles.read', keptBy(this).session, makeArgs)
    },
    getByName(name, callback) {
      const makeArgs = () => ({ query: { FILTERS: [[{ EQ: [{ name: name ?? null }] }]] } })
      ask(callback, 'roles.read', keptBy(this).session, makeArgs)
    },
    addRoleToUser(user_id, role, callback) {
      ask(callback, 'roles.addToUser', keptBy(this).session, () => ({ user_id, role }), done)
    },
    getRolesForUser(user_id, callback) {
      ask(callback, 'roles.ofUser', keptBy(this).session, () => ({ user_id }))
    },
    removeRoleFromUser(user_id, role, callback) {
      ask(callback, 'roles.removeFromUser', keptBy(this).session, () => ({ user_id, role }), done)
    },
    addRoleToDevice: devices,
    getRolesForDevice: devices,
    removeRoleFromDevice: devices,
    duplicateRole(info, role, callback) {
      const makeArgs = () => ({ role, name: info?.name, description: info?.description })
      ask(callback, 'roles.duplicate', keptBy(this).session, makeArgs, idOf)
    },
  })

  const Permissions = factory({
    __proto__: base,
    addPermissionToRole(role, permission, callback) {
      const makeArgs = () => ({
        role,
        permissions: [
          { type: permission?.resourceType, name: permission?.resourceName, level: permission?.requestType },
        ],
      })
      ask(callback, 'roles.increasePermissions', keptBy(this).session, makeArgs, done)
    },
    getPermissionsForRole(role, callback) {
      ask(callback, 'roles.permissions', keptBy(this).session, () => ({ role }))
    },
    getPermissionsForResource(type, name, callback) {
      ask(callback, 'roles.permissionsOfResource', keptBy(this).session, () => ({ type, name }))
    },
    increasePermissionsForRole(role, permission_id, level, callback) {
      ask(callback, 'roles.increasePermissions', keptBy(this).session, () => ({ role, permission_id, level }), done)
    },
    decreasePermissionsForRole(role, permission_id, level, callback) {
      ask(callback, 'roles.decreasePermissions', keptBy(this).session, () => ({ role, permission_id, level }), done)
    },
    removePermissionsForRole(role, callback) {
      ask(callback, 'roles.removeAllPermissions', keptBy(this).session, () => ({ role }), done)
    },
    removePermissionsForResource(type, name, callback) {
      ask(callback, 'roles.removeResourcePermissions', keptBy(this).session, () => ({ type, name }), done)
    },
  })

  return { Roles, Permissions }
}
