/**
 * The library `clearblade`: data, users, services and the small helpers of the global `ClearBlade`. Who it acts as lives in
 * session.js, roles in roles.js, what is not built in not-yet.js. Every call blocks; its callback has run when it returns.
 */
export function installClearBlade(library) {
  const { own, calls, query, http, render, logDebug, run, session: current } = library
  const currentSession = current.current
  const { collectionOf, needCollection, wireOf } = query
  const { ask, respond } = calls

  /** What an object keeps from when it was made: session, user, and what its constructor was given. */
  const kept = new own.WeakMap()

  function keptBy(object) {
    const found = own.isObject(object) ? own.weakGet(kept, object) : undefined
    if (found === undefined) throw new own.TypeError('This method was called without its object.')
    return found
  }

  /** What all objects of this library show of the session they were made in. */
  const base = {
    get user() {
      return keptBy(this).user
    },
    get URI() {
      return ClearBlade.URI
    },
    get systemKey() {
      return ClearBlade.systemKey
    },
    get systemSecret() {
      return ClearBlade.systemSecret
    },
  }

  /**
   * A constructor that works with and without `new`. Its prototype should descend from `base`; `prepare(object, args)`
   * answers what else the object keeps, and may add properties to it.
   */
  function factory(prototype, prepare) {
    function make(...args) {
      const object = own.create(prototype)
      const { session, user } = currentSession()
      own.weakSet(kept, object, { session, user, collection: prepare?.(object, args) })
      return object
    }
    make.prototype = prototype
    return make
  }

  const done = () => 'success'

  const queryBase = query.queryMethods((object) => {
    if (!own.isObject(object.query)) object.query = {}
    return object.query
  }, base)

  const Query = factory(
    {
      __proto__: queryBase,
      fetch(callback) {
        const { session, collection } = keptBy(this)
        ask(callback, 'data.fetch', session, () => ({ collection: needCollection(collection), query: wireOf(this) }))
        return this
      },
      update(changes, callback) {
        const { session, collection } = keptBy(this)
        const makeArgs = () => ({ collection: needCollection(collection), query: wireOf(this), changes })
        ask(callback, 'data.update', session, makeArgs, done)
        return this
      },
      remove(callback) {
        const { session, collection } = keptBy(this)
        const makeArgs = () => ({ collection: needCollection(collection), query: wireOf(this) })
        ask(callback, 'data.remove', session, makeArgs, done)
        return this
      },
    },
    (object, args) => {
      object.query = {}
      if (own.isObject(args[0]) && args[0].limit !== undefined) object.query.PAGESIZE = args[0].limit
      return collectionOf(args[0], 'id')
    },
  )

  const Collection = factory(
    {
      __proto__: base,
      fetch(filter, callback) {
        const { session, collection } = keptBy(this)
        const alone = typeof filter === 'function'
        ask(alone ? filter : callback, 'data.fetch', session, () => ({
          collection: needCollection(collection),
          query: alone ? undefined : wireOf(filter),
        }))
      },
      create(items, callback) {
        const { session, collection } = keptBy(this)
        ask(callback, 'data.create', session, () => {
          if (!own.isObject(items)) throw calls.badRequest('create needs an object, or a list of objects.')
          return { collection: needCollection(collection), rows: own.isArray(items) ? items : [items] }
        })
      },
      update(filter, changes, callback) {
        const { session, collection } = keptBy(this)
        const makeArgs = () => ({ collection: needCollection(collection), query: wireOf(filter), changes })
        ask(callback, 'data.update', session, makeArgs, done)
      },
      remove(filter, callback) {
        const { session, collection } = keptBy(this)
        const alone = typeof filter === 'function'
        const makeArgs = () => ({
          collection: needCollection(collection),
          query: alone ? undefined : wireOf(filter),
        })
        ask(alone ? filter : callback, 'data.remove', session, makeArgs, done)
      },
      count(filter, callback) {
        const { session, collection } = keptBy(this)
        const alone = typeof filter === 'function'
        ask(alone ? filter : callback, 'data.count', session, () => ({
          collection: needCollection(collection),
          query: alone ? undefined : wireOf(filter),
        }))
      },
      columns(callback) {
        const { session, collection } = keptBy(this)
        ask(callback, 'data.columns', session, () => ({ collection: needCollection(collection) }))
      },
      addColumn(column, callback) {
        const { session, collection } = keptBy(this)
        ask(callback, 'data.addColumn', session, () => ({ collection: needCollection(collection), column }), done)
      },
      dropColumn(name, callback) {
        const { session, collection } = keptBy(this)
        ask(callback, 'data.dropColumn', session, () => ({ collection: needCollection(collection), name }), done)
      },
      deleteCollection(callback) {
        const { session, collection } = keptBy(this)
        ask(callback, 'data.deleteCollection', session, () => ({ collection: needCollection(collection) }), done)
      },
    },
    (_object, args) => collectionOf(args[0], 'id'),
  )

  /** One row; the callbacks are optional. */
  const Item = factory(
    {
      __proto__: base,
      save(callback) {
        const { session, collection } = keptBy(this)
        const { data } = this
        if (data.item_id === undefined) {
          ask(
            callback,
            'data.create',
            session,
            () => ({ collection: needCollection(collection), rows: [data] }),
            (rows) => {
              data.item_id = rows[0].item_id
              return data
            },
          )
          return
        }
        const changes = own.assign({}, data)
        delete changes.item_id
        const makeArgs = () => ({ collection: needCollection(collection), query: byItem(data), changes })
        ask(callback, 'data.update', session, makeArgs, () => data)
      },
      refresh(callback) {
        const { session, collection } = keptBy(this)
        const makeArgs = () => ({ collection: needCollection(collection), query: byItem(this.data) })
        ask(callback, 'data.fetch', session, makeArgs, (page) => own.assign(this.data, page.DATA[0]))
      },
      destroy(callback) {
        const { session, collection } = keptBy(this)
        const makeArgs = () => ({ collection: needCollection(collection), query: byItem(this.data) })
        ask(callback, 'data.remove', session, makeArgs, done)
      },
    },
    (object, args) => {
      object.data = own.isObject(args[0]) ? args[0] : {}
      return collectionOf(args[1], 'id')
    },
  )

  const byItem = (data) => ({ FILTERS: [[{ EQ: [{ item_id: data.item_id ?? null }] }]] })

  const User = factory({
    __proto__: base,
    getUser(callback) {
      ask(callback, 'users.self', keptBy(this).session, () => ({}))
    },
    setUser(changes, callback) {
      ask(callback, 'users.setSelf', keptBy(this).session, () => ({ changes }), done)
    },
    allUsers(filter, callback) {
      const alone = typeof filter === 'function'
      ask(alone ? filter : callback, 'users.fetch', keptBy(this).session, () => ({
        query: alone ? undefined : wireOf(filter),
      }))
    },
    setUsers(filter, changes, callback) {
      ask(callback, 'users.update', keptBy(this).session, () => ({ query: wireOf(filter), changes }))
    },
    count(filter, callback) {
      const alone = typeof filter === 'function'
      ask(alone ? filter : callback, 'users.count', keptBy(this).session, () => ({
        query: alone ? undefined : wireOf(filter),
      }))
    },
  })

  /** The callee's envelope as JSON text, as services parse it. */
  function envelopeText(value) {
    const envelope = { success: value.success, results: value.results }
    if (value.logs !== undefined) envelope.logs = own.isArray(value.logs) ? own.join(value.logs, '\n') : value.logs
    return own.stringify(envelope)
  }

  const Code = factory({
    __proto__: base,
    execute(name, params, logging, callback) {
      const { session } = keptBy(this)
      const last = typeof callback === 'function' ? callback : calls.callbackOf([params, logging])
      const reply = calls.perform('code.execute', session, () => ({
        name: own.String(name),
        params: own.isObject(params) ? params : {},
        logging: logging === true,
      }))
      if (!reply.ok) respond(last, true, calls.failure(reply.error))
      // A callee that answered with resp.error is a failed call; its envelope is still the data.
      else respond(last, reply.value.success !== true, envelopeText(reply.value))
    },
    getAllServices(callback) {
      ask(callback, 'code.list', keptBy(this).session, () => ({}))
    },
  })

  const isText = (value) => typeof value === 'string' && value !== ''

  const { methods } = current

  // One literal: properties added one by one would cost every run.
  const ClearBlade = {
    systemKey: '',
    systemSecret: '',
    URI: '',
    get user() {
      return currentSession().user
    },
    set user(user) {
      current.become(user)
    },
    init: methods.init,
    setUser: methods.setUser,
    loginUser: methods.loginUser,
    registerUser: methods.registerUser,
    loginAnon: methods.loginAnon,
    reauthUser: methods.reauthUser,
    isCurrentUserAuthenticated: methods.isCurrentUserAuthenticated,
    logoutUser: methods.logoutUser,
    deleteUser: methods.deleteUser,
    deleteUsers: methods.deleteUsers,

    Query,
    Collection,
    Item,
    User,
    Code,

    newCollection(name, callback) {
      ask(callback, 'data.newCollection', currentSession().session, () => ({ name }))
    },
    getAllCollections(callback) {
      ask(callback, 'data.allCollections', currentSession().session, () => ({}))
    },

    isEdge: () => library.facts.isEdge === true,
    edgeId: () => (typeof library.facts.edgeId === 'string' ? library.facts.edgeId : ''),
    about: () => ({ product: 'Gatehouse', version: own.String(library.facts.version ?? '') }),

    addToQuery(object, key, value) {
      object.query[key] = value
    },
    addFilterToQuery(object, operator, key, value) {
      object.andFilter(operator, key, value)
    },
    addSortToQuery(object, direction, column) {
      query.addSort(object.query, own.toUpperCase(own.String(direction)), column)
    },
    parseQuery: (object) => own.encodeURIComponent(own.stringify(wireOf(object) ?? {})),
    parseOperationQuery: (object) => own.encodeURIComponent(own.stringify(wireOf(object)?.FILTERS ?? [])),

    isObjectEmpty: (object) => !own.isObject(object) || own.keys(object).length === 0,
    makeKVPair: (key, value) => ({ [key]: value }),
    logger: (text) => logDebug(render(text)),
    execute: (error, response, callback) => respond(callback, error, response),
    validateEmailPassword(email, password) {
      if (!isText(email)) throw new own.Error('Email must be given as a text.')
      if (!isText(password)) throw new own.Error('Password must be given as a text.')
    },
    http: () => ({ Request: () => http.Requests() }),
  }

  library.atBegin(({ platformUrl }) => {
    ClearBlade.systemKey = run.req.systemKey
    ClearBlade.systemSecret = run.req.systemSecret
    if (typeof platformUrl !== 'string') return
    ClearBlade.URI = platformUrl[platformUrl.length - 1] === '/' ? own.slice(platformUrl, 0, -1) : platformUrl
  })
  own.defineGlobal('ClearBlade', ClearBlade)
  library.ClearBlade = ClearBlade
  library.factory = factory
  library.base = base
  library.keptBy = keptBy
}
