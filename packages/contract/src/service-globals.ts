/**
 * What services see beside JavaScript itself: globals, their members, and what the objects made by them can do, each with a
 * line for people. Editors complete from it; docs/services.md tells more. What exists but is not built stands in
 * `serviceGlobalsNotBuilt`. A test compares both with the library that runs.
 */

export type Members = Readonly<Record<string, string>>

export type ServiceGlobal = {
  /** The native library that must be required; undefined: always there. */
  library?: string
  about: string
  members?: Members
  /** Constructors among the members, or '' for what the global itself makes: the methods of their objects. */
  objects?: Readonly<Record<string, Members>>
}

const conditions = {
  equalTo: '(column, value) keeps rows where the column equals the value',
  notEqualTo: '(column, value) keeps rows where it differs',
  greaterThan: '(column, value) keeps rows above the value',
  greaterThanEqualTo: '(column, value) keeps rows from the value up',
  lessThan: '(column, value) keeps rows below the value',
  lessThanEqualTo: '(column, value) keeps rows up to the value',
  matches: '(column, pattern) keeps rows that match a regular expression',
  andFilter: '(operator, column, value) adds a condition by its operator',
  or: '(query) also keeps the rows of another query',
  columns: '([names]) answers these columns alone',
  ascending: '(column) sorts upwards',
  descending: '(column) sorts downwards',
  setPage: '(size, number) chooses a page; number 0 is every row',
} as const

export const serviceGlobals: Readonly<Record<string, ServiceGlobal>> = {
  req: {
    about: 'The request: who called, with what',
    members: {
      params: 'The body of the call, an object',
      systemKey: 'Key of this system',
      systemSecret: 'Secret of this system',
      userid: 'Id of whom the run acts as',
      userEmail: 'E-mail of whom the run acts as',
      userToken: 'A token good inside this run alone',
      caller: '{userid, userEmail, userToken} of who called',
      isLogging: 'Whether this run is logged',
      service_instance_id: 'Id of this run',
      context: '{door, proven, claimed} of a sign-in, for the auth service alone',
    },
  },
  resp: {
    about: 'The answer; the first one ends the run',
    members: {
      success: '(value) answers {success: true, results: value} and ends the run',
      error: '(value) answers {success: false, results: value} and ends the run',
      send: '(value) answers the bare value and ends the run',
      set: '({name: value}) sets headers for send',
      status: '(code) sets the status for send',
    },
  },
  ClearBlade: {
    library: 'clearblade',
    about: 'Data, users, roles and services; calls block, callbacks are (err, data)',
    members: {
      init: '({request: req}) acts as the run; with email, password and callback it signs a user in',
      setUser: '(email, authToken, userId) acts as the holder of a token',
      loginUser: '(email, password, callback) acts as this user',
      registerUser: '(email, password, callback) makes a user',
      loginAnon: '(callback) acts as the anonymous user',
      reauthUser: '(userToken, refreshToken, callback) renews a session',
      isCurrentUserAuthenticated: '(callback) whether the session is good',
      logoutUser: '(callback) ends the session',
      deleteUser: '(email, callback) deletes a user',
      deleteUsers: '([emails], callback) deletes users',
      Query: '({collectionName}) a query of rows',
      Collection: '({collectionName}) a collection',
      Item: '(data, {collectionName}) one row',
      User: '() users of the system',
      Code: '() other services',
      Roles: '() roles of the system',
      Permissions: '() rights of roles',
      newCollection: '(name, callback) makes a collection',
      getAllCollections: '(callback) names and ids of the collections',
      isEdge: '() whether this runs on an edge',
      edgeId: '() name of the edge',
      about: '() product and version',
      addToQuery: '(query, key, value) sets a part of a query',
      addFilterToQuery: '(query, operator, column, value) adds a condition',
      addSortToQuery: '(query, direction, column) adds an order',
      parseQuery: '(query) the query as it travels in a URL',
      parseOperationQuery: '(query) its conditions as they travel in a URL',
      isObjectEmpty: '(object) whether it has no keys',
      makeKVPair: '(key, value) an object with one key',
      logger: '(text) logs for debugging',
      execute: '(error, response, callback) calls the callback',
      validateEmailPassword: '(email, password) throws where one is missing',
      http: '() requests to other servers',
      user: 'Who the session is of',
      URI: 'Address of the platform',
      systemKey: 'Key of this system',
      systemSecret: 'Secret of this system',
    },
    objects: {
      Query: {
        ...conditions,
        fetch: '(callback) reads the rows: data.DATA',
        update: '(changes, callback) changes the rows that match',
        remove: '(callback) deletes the rows that match',
      },
      Collection: {
        fetch: '(query, callback) reads rows: data.DATA',
        create: '(rows, callback) makes one row or a list of rows',
        update: '(query, changes, callback) changes the rows that match',
        remove: '(query, callback) deletes the rows that match',
        count: '(query, callback) how many rows match',
        columns: '(callback) names and types of the columns',
        addColumn: '({name, type}, callback) adds a column',
        dropColumn: '(name, callback) takes a column away',
        deleteCollection: '(callback) deletes the collection with its rows',
      },
      Item: {
        save: '(callback) writes the row',
        refresh: '(callback) reads the row again',
        destroy: '(callback) deletes the row',
      },
      User: {
        getUser: '(callback) the own record',
        setUser: '(changes, callback) changes the own record',
        allUsers: '(query, callback) users: data.Data',
        setUsers: '(query, changes, callback) changes users',
        count: '(query, callback) how many users match',
      },
      Code: {
        execute: '(name, params, logging, callback) runs another service; data is JSON text',
        getAllServices: '(callback) names of the services',
      },
      Roles: {
        create: '({name, description}, callback) makes a role',
        update: '(role, changes, callback) changes a role',
        delete: '(role, callback) deletes a role',
        get: '(query, callback) roles that match',
        getById: '(id, callback) the role with this id',
        getByName: '(name, callback) the role with this name',
        addRoleToUser: '(userId, role, callback) gives a role to a user',
        getRolesForUser: '(userId, callback) roles of a user',
        removeRoleFromUser: '(userId, role, callback) takes a role from a user',
        duplicateRole: '({name}, role, callback) copies a role',
      },
      Permissions: {
        addPermissionToRole: '(role, {resourceType, resourceName, requestType}, callback) gives a right',
        getPermissionsForRole: '(role, callback) rights of a role',
        getPermissionsForResource: '(type, name, callback) who has rights on something',
        increasePermissionsForRole: '(role, permissionId, level, callback) adds to a right',
        decreasePermissionsForRole: '(role, permissionId, level, callback) takes from a right',
        removePermissionsForRole: '(role, callback) takes all rights of a role',
        removePermissionsForResource: '(type, name, callback) takes all rights on something',
      },
    },
  },
  ClearBladeAsync: {
    library: 'clearblade_async',
    about: 'The same with promises; acts as the run',
    members: {
      Query: '() a query of rows',
      Collection: '(name) a collection',
      Users: '() users of the system',
      Auth: '() signing in',
      Roles: '() roles of the system',
      Role: '(id) one role',
      Code: '() other services',
      Permissions: 'Levels: READ, CREATE, UPDATE, DELETE',
      newCollection: '(name) makes a collection',
    },
    objects: {
      Query: conditions,
      Collection: {
        fetch: '(query) promises rows: {DATA, TOTAL}',
        create: '(rows) makes one row or a list of rows',
        bulkCreate: '(columns, rows) makes rows from lists of values',
        update: '(query, changes) changes the rows that match',
        upsert: '(row, conflictColumn) makes a row, or changes the one with the same value',
        remove: '(query) deletes the rows that match',
        count: '(query) how many rows match',
        columns: '() names and types of the columns',
        addColumn: '({name, type}) adds a column',
        dropColumn: '(name) takes a column away',
        createIndex: '(column) makes an index',
        createUniqueIndex: '(column) makes a unique index',
        deleteCollection: '() deletes the collection with its rows',
      },
      Users: {
        create: '({email, password, …}) makes a user; promises the id',
        read: '(query) promises users',
        update: '(query, changes) changes users',
        delete: '(query) deletes users',
        count: '(query) how many users match',
      },
      Auth: {
        authAnon: '() promises an anonymous session',
        authUser: '(email, password) promises a session of a user',
        reauth: '(refreshToken) renews a session',
        userIDFromToken: '(token) promises whose token it is',
      },
      Roles: {
        create: '({name, description}) makes a role',
        read: '(query) promises roles',
        update: '(query, changes) changes roles',
        delete: '(query) deletes roles',
        grantedTo: '(userId) promises ids of the roles of a user',
      },
      Role: {
        duplicate: '({name}) copies the role',
        permissions: '() promises its rights',
        setPermissions: '(permissions) sets rights',
        increasePermissions: '(permissions) adds rights',
        decreasePermissions: '(permissions) takes rights',
        removeAllPermissions: '() takes all rights',
        applyTo: '(userId) gives the role to a user',
        stripFrom: '(userId) takes the role from a user',
        users: '() promises ids of its users',
      },
      Code: {
        execute: '(name, params, logging) runs another service; promises its answer',
        getAllServices: '() promises names of the services',
      },
    },
  },
  Requests: {
    library: 'http',
    about: '() requests to other servers; calls block',
    objects: {
      '': {
        get: '({uri, headers, auth, qs, timeout}, callback)',
        post: '({uri, body, form, headers, auth}, callback)',
        put: '({uri, body, headers, auth}, callback)',
        delete: '({uri, headers, auth}, callback)',
      },
    },
  },
  log: { library: 'log', about: '(…values) writes to the log of the run' },
  crypto: {
    library: 'crypto',
    about: 'Hashes, tokens, encodings, keys',
    members: {
      createHash: '(name) md5, sha1, sha256 or sha512; then update and digest',
      encode: '(encoding, data) hex, base64, binary or gzip',
      decode: '(encoding, data) base64, hex or gzip, as bytes',
      hmac: '(data, key, algorithm) as bytes',
      create_jwt: '(claims, algorithm, key) a signed JSON Web Token',
      importKey: "('PEM', text) promises a key",
      generateKey: '({name, modulusLength, namedCurve}) promises a pair of keys',
      exportKey: "('PEM', key) promises its text",
      getRandomValues: '(array) fills a typed array',
      randomUUID: '() a random UUID',
    },
  },
  util: {
    library: 'jsutil',
    about: 'Values as text',
    members: {
      inspect: '(value) the value as text',
      format: '(pattern, …values) %s text, %d number, %j JSON',
    },
  },
  Messages: {
    library: 'messages',
    about: 'Text messages to phones',
    members: {
      send: '({to, body}, callback) sends a message',
      where: '() where messages of this system go',
    },
  },
  signin: {
    library: 'signin',
    about: 'Who is in, and second factors; for the auth service alone',
    members: {
      grant: '({user_id, options}, callback) a session for a user',
      challenge: '({authToken, message}, callback) asks for a code',
      resend: '({challenge_id, message}, callback) sends another code',
      answer: '({challenge_id, code}, callback) checks a code',
      remember: '({authToken, days}, callback) remembers the device of a sign-in with a second factor',
      knownDevice: '({authToken, device_token, days}, callback) takes a remembered device for the second factor',
    },
  },
  console: {
    about: 'The log of the run',
    members: {
      log: '(…values)',
      info: '(…values)',
      debug: '(…values)',
      warn: '(…values)',
      error: '(…values)',
      alert: '(…values)',
      trace: '(…values)',
      dir: '(value)',
      assert: '(condition, …values) logs where the condition does not hold',
      group: 'Does nothing',
      groupEnd: 'Does nothing',
      time: 'Does nothing',
      timeEnd: 'Does nothing',
    },
  },
  fetch: { about: '(url, options) a request to another server' },
  Headers: { about: 'Headers of a request or an answer' },
  Response: { about: 'Answer of fetch' },
  AbortController: { about: 'Stops a fetch' },
  AbortSignal: { about: 'Signal of an AbortController' },
  setTimeout: { about: '(function, ms) calls later, within the run' },
  setInterval: { about: '(function, ms) calls again and again, within the run' },
  clearTimeout: { about: '(id)' },
  clearInterval: { about: '(id)' },
  sleep: { about: '(ms) waits' },
  newUUID: { about: '() a random UUID' },
  cbmeta: { about: 'The system and the platform this runs on' },
  logStdErr: { about: '(…values) logs for debugging' },
  TextEncoder: { about: 'Text to bytes' },
  TextDecoder: { about: 'Bytes to text' },
  performance: {
    about: 'A clock',
    members: { now: '() milliseconds since the run began', timeOrigin: 'When it began' },
  },
  cb_node: { about: 'Parts of Node.js for bundled libraries' },
}

/** Native libraries in the order in which they are offered. */
export const builtLibraries: Members = {
  clearblade: 'ClearBlade: data, users, roles, services; blocking',
  clearblade_async: 'ClearBladeAsync: the same with promises',
  http: 'Requests(): requests to other servers',
  log: 'log()',
  crypto: 'crypto: hashes, tokens, keys',
  jsutil: 'util.inspect, util.format',
  messages: 'Messages.send: text messages',
  signin: 'signin: sessions and second factors',
}

/** Native libraries that load, but whose use is refused. */
export const librariesNotBuilt = [
  'mqtt',
  'mailer',
  'file_writer',
  'clearblade_ai',
  'net_cb',
  'oauth2_lib',
  'geo',
  'websockets',
  'grpc',
] as const

const devicesOfRoles = ['addRoleToDevice', 'getRolesForDevice', 'removeRoleFromDevice']

/** Members that exist and whose use is refused, by `global` or `global.object`. */
export const serviceGlobalsNotBuilt: Readonly<Record<string, readonly string[]>> = {
  ClearBlade: [
    ...['Messaging', 'Device', 'Cache', 'Lock', 'Timer', 'Trigger', 'Deployment', 'Database'],
    ...['getAllDevicesForSystem', 'getDeviceByName', 'createDevice', 'updateDevice', 'deleteDevice'],
    ...['connectedDevices', 'deviceConnections', 'connectedDeviceCount'],
  ],
  'ClearBlade.Query': ['rawQuery'],
  'ClearBlade.Roles': devicesOfRoles,
  ClearBladeAsync: [
    ...['Database', 'Devices', 'DevicePublicKeys', 'Cache', 'Lock', 'Triggers', 'Timers', 'Edges', 'Secret', 'FS'],
    ...['File', 'FileStore', 'Preloader', 'CustomSync', 'Adapters', 'Adapter', 'MessageHistory'],
    ...['GoogleCloudLogger', 'GoogleCloudMonitoring', 'DataUsage'],
  ],
  'ClearBladeAsync.Query': ['rawQuery'],
  'ClearBladeAsync.Collection': [
    ...['createContinuousAggregate', 'fetchAggregate', 'fetchAggregateRaw', 'dropContinuousAggregate'],
  ],
  'ClearBladeAsync.Users': ['userConnections'],
  'ClearBladeAsync.Auth': ['authDevice', 'impersonateUser'],
  'ClearBladeAsync.Role': ['devices'],
  crypto: ['generateX509Certificate', 'PlatformMtlsCertificate', 'PlatformMtlsPrivateKey'],
  resp: ['writable'],
}
