/**
 * The library `clearblade_async`: the global `ClearBladeAsync`, whose operations answer promises. It has no `init` and acts
 * as the run's identity, whatever `ClearBlade` did.
 */
export function installClearBladeAsync(library) {
  library.own.lazyGlobals(['ClearBladeAsync'], () => ({ ClearBladeAsync: makeClearBladeAsync(library) }))
}

function makeClearBladeAsync(library) {
  const { own, calls, query } = library
  const { begin, notYet, notOffered, objectOf, rejecting } = calls
  const { collectionOf, needCollection, queryMethods, wireOf } = query

  /** A call as the run's identity. */
  const start = (name, makeArgs, shape) => begin(name, undefined, makeArgs, shape)
  const nothing = () => undefined

  const listOf = (value) => (own.isArray(value) ? value : [value])

  /** A maker of objects, with and without `new`, that all share one prototype. */
  function factory(prototype, prepare) {
    function make(...args) {
      const object = own.create(prototype)
      prepare?.(object, args)
      return object
    }
    make.prototype = prototype
    return make
  }

  const notBuilt = (area, names) =>
    factory(
      objectOf(
        names,
        rejecting(() => notYet(area)),
      ),
    )

  const Query = factory(
    queryMethods((object) => object),
    (object) => {
      object.Queries = []
      object.Order = []
      object.Columns = []
      object.PageSize = 0
      object.PageNumber = 0
    },
  )

  const collections = new own.WeakMap()
  const of = (object) => needCollection(own.weakGet(collections, object))

  /** `update(changes)` and `update(query, changes)`. */
  const split = (first, second) =>
    second === undefined ? { changes: first } : { query: wireOf(first), changes: second }

  const aggregates = rejecting(() => notYet('continuous aggregates'))

  const Collection = factory(
    {
      fetch(filter) {
        const page = (value) => {
          const result = own.assign({}, value)
          // Unlike the blocking library, TOTAL is documented as the number of rows in DATA.
          if (own.isArray(result.DATA)) result.TOTAL = result.DATA.length
          own.hidden(
            result,
            'stream',
            calls.throwing(() => notYet('streams')),
          )
          return result
        }
        return start('data.fetch', () => ({ collection: of(this), query: wireOf(filter) }), page)
      },
      create(items) {
        return start('data.create', () => {
          if (!own.isObject(items)) throw calls.badRequest('create needs an object, or a list of objects.')
          return { collection: of(this), rows: listOf(items) }
        })
      },
      bulkCreate(columns, rows) {
        const makeArgs = () => {
          if (!own.isArray(columns) || !own.isArray(rows)) throw calls.badRequest('bulkCreate needs columns and rows.')
          const objects = own.each(rows, (row) => {
            const object = {}
            own.each(columns, (column, i) => {
              object[column] = row[i]
            })
            return object
          })
          return { collection: of(this), rows: objects }
        }
        return start('data.create', makeArgs, nothing)
      },
      update(first, second) {
        const makeArgs = () => own.assign({ collection: of(this), rows: true }, split(first, second))
        return start('data.update', makeArgs, (value) => value.rows ?? [])
      },
      upsert(row, conflictColumn) {
        return start('data.upsert', () => ({ collection: of(this), row, conflictColumn }))
      },
      remove(filter) {
        return start('data.remove', () => ({ collection: of(this), query: wireOf(filter) }), nothing)
      },
      count(filter) {
        return start('data.count', () => ({ collection: of(this), query: wireOf(filter) }))
      },
      columns() {
        return start('data.columns', () => ({ collection: of(this) }))
      },
      addColumn(column) {
        return start('data.addColumn', () => ({ collection: of(this), column }), nothing)
      },
      dropColumn(name) {
        return start('data.dropColumn', () => ({ collection: of(this), name }), nothing)
      },
      createIndex(column) {
        return start('data.createIndex', () => ({ collection: of(this), column, unique: false }), nothing)
      },
      createUniqueIndex(column) {
        return start('data.createIndex', () => ({ collection: of(this), column, unique: true }), nothing)
      },
      deleteCollection() {
        return start('data.deleteCollection', () => ({ collection: of(this) }), nothing)
      },
      createContinuousAggregate: aggregates,
      fetchAggregate: aggregates,
      fetchAggregateRaw: aggregates,
      dropContinuousAggregate: aggregates,
    },
    (object, args) => {
      own.weakSet(collections, object, collectionOf(args[0], 'nameOrId'))
    },
  )

  const Users = factory({
    create: (info) =>
      start(
        'users.create',
        () => ({ info }),
        (value) => value.user_id,
      ),
    read: (filter) =>
      start(
        'users.fetch',
        () => ({ query: wireOf(filter) }),
        (value) => value.Data,
      ),
    update: (filter, changes) => start('users.update', () => ({ query: wireOf(filter), changes }), nothing),
    delete: (filter) => start('users.delete', () => ({ query: wireOf(filter) }), nothing),
    count: (filter) => start('users.count', () => ({ query: wireOf(filter) })),
    userConnections: rejecting(() => notYet('messaging')),
  })

  const tokens = (value) => ({
    auth_token: value.authToken,
    refresh_token: value.refreshToken ?? '',
    expiry: value.expiry ?? 0,
  })
  const Auth = factory({
    authAnon: () => start('auth.anonymous', () => ({}), tokens),
    authUser: (email, password) => start('auth.password', () => ({ email, password }), tokens),
    authDevice: rejecting(() => notYet('devices')),
    reauth: (refreshToken) => start('auth.reauth', () => ({ refreshToken }), tokens),
    impersonateUser: rejecting(() => notYet('impersonation')),
    userIDFromToken: (token) => start('auth.userIdFromToken', () => ({ token })),
  })

  const Roles = factory({
    create: (info) =>
      start(
        'roles.create',
        () => ({ name: info?.name, description: info?.description }),
        (value) => value.role_id,
      ),
    read: (filter) => start('roles.read', () => ({ query: wireOf(filter) })),
    update: (filter, changes) => start('roles.update', () => ({ query: wireOf(filter), changes }), nothing),
    delete: (filter) => start('roles.delete', () => ({ query: wireOf(filter) }), nothing),
    grantedTo: (user_id) =>
      start(
        'roles.ofUser',
        () => ({ user_id }),
        (rows) => own.each(rows, (row) => row.role_id),
      ),
  })

  const roleIds = new own.WeakMap()
  const role = (object) => own.weakGet(roleIds, object)
  const permissionCall = (name) =>
    function (permissions) {
      return start(name, () => ({ role: role(this), permissions: listOf(permissions) }), nothing)
    }
  const Role = factory(
    {
      duplicate(info) {
        const makeArgs = () => ({ role: role(this), name: info?.name, description: info?.description })
        return start('roles.duplicate', makeArgs, (value) => value.role_id)
      },
      permissions() {
        return start('roles.permissions', () => ({ role: role(this) }))
      },
      setPermissions: permissionCall('roles.setPermissions'),
      increasePermissions: permissionCall('roles.increasePermissions'),
      decreasePermissions: permissionCall('roles.decreasePermissions'),
      removeAllPermissions() {
        return start('roles.removeAllPermissions', () => ({ role: role(this) }), nothing)
      },
      applyTo(user_id) {
        return start('roles.addToUser', () => ({ user_id, role: role(this) }), nothing)
      },
      stripFrom(user_id) {
        return start('roles.removeFromUser', () => ({ user_id, role: role(this) }), nothing)
      },
      users() {
        return start('roles.users', () => ({ role: role(this) }))
      },
      devices: rejecting(() => notYet('devices')),
    },
    (object, args) => {
      own.weakSet(roleIds, object, args[0])
    },
  )

  /** The callee's envelope; prints as its JSON text, since the blocking library hands it out so. */
  function envelope(value) {
    if (value.success !== true) {
      const { results } = value
      const problem = new own.Error(
        typeof results === 'string' ? results : (own.stringify(results) ?? 'The service failed.'),
      )
      problem.results = results
      throw problem
    }
    const result = own.assign({}, value)
    own.hidden(result, 'toString', () => own.stringify(result))
    return result
  }
  const Code = factory({
    execute: (name, params, logging) =>
      start(
        'code.execute',
        () => ({ name: own.String(name), params: own.isObject(params) ? params : {}, logging: logging === true }),
        envelope,
      ),
    getAllServices: () => start('code.list', () => ({})),
  })

  const database = ['query', 'exec', 'transaction', 'performOperation']
  function Database(options) {
    const external = own.isObject(options) && options.externalDBName
    const object = objectOf(
      database,
      rejecting(() => (external ? notYet('external databases') : notOffered('raw SQL'))),
    )
    object.statement = (statement, ...args) => ({ statement, args })
    return object
  }

  const rows = ['create', 'read', 'update', 'delete']
  const CustomSync = notBuilt('custom sync', ['sync'])
  own.assign(CustomSync.prototype, { Platform: 'platform', AllEdges: 'all_edges', Now: 'now' })
  const files = notBuilt('file stores', ['read', 'write', 'delete', 'move', 'copy', 'list', 'rename', 'stat'])

  return {
    Query,
    Collection,
    Users,
    Auth,
    Roles,
    Role,
    Code,
    Database,
    Permissions: { READ: 1, CREATE: 2, UPDATE: 4, DELETE: 8 },
    newCollection: (name) =>
      start(
        'data.newCollection',
        () => ({ name }),
        (value) => ({ name: value.name, id: value.collectionID }),
      ),

    Devices: notBuilt('devices', own.concat(rows, ['connectedDevices', 'deviceConnections', 'connectedDeviceCount'])),
    DevicePublicKeys: notBuilt('devices', own.concat(rows, ['replace'])),
    Cache: notBuilt('cache', ['set', 'setnx', 'get', 'getAll', 'delete', 'flush', 'keys']),
    Lock: notBuilt('lock', ['lock', 'unlock', 'rlock', 'runlock']),
    Triggers: notBuilt('triggers', rows),
    Timers: notBuilt('timers', rows),
    Edges: notBuilt('edges', rows),
    Secret: notBuilt('secrets', own.concat(rows, ['readWithQuery', 'deleteWithQuery'])),
    FS: notBuilt('file stores', [
      'readDir',
      'readFile',
      'writeFile',
      'renameFile',
      'copyFile',
      'deleteFile',
      'stat',
      'syncFileToEdge',
    ]),
    File: files,
    FileStore: files,
    Preloader: notBuilt('preloader', ['listen']),
    CustomSync,
    Adapters: notBuilt('adapters', own.concat(rows, ['list'])),
    Adapter: notBuilt('adapters', [
      'read',
      'update',
      'delete',
      'createFile',
      'readFile',
      'listFiles',
      'updateFile',
      'deleteFile',
      'control',
    ]),
    MessageHistory: notBuilt('messaging', ['read']),
    GoogleCloudLogger: notBuilt('cloud logging', ['adminAuditLog', 'deviceEventLog']),
    GoogleCloudMonitoring: notBuilt('cloud monitoring', [
      'reportActiveDevicesMetric',
      'reportBillingBytesCountMetric',
      'reportErrorCountMetric',
      'reportOperationCountMetric',
      'reportReceivedBytesCountMetric',
      'reportSentBytesCountMetric',
    ]),
    DataUsage: notBuilt('data usage', ['reportHTTPDataUsage']),
  }
}
