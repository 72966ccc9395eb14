/**
 * Queries of both libraries and their wire form. Two shapes of state are understood: the wire's (`FILTERS`, `SORT`, …),
 * which older services and client-made queries use, and the platform's newer one (`Queries`, `Order`, …).
 */
export function installQuery(library) {
  const { own, calls } = library

  const operators = {
    __proto__: null,
    '=': 'EQ',
    '==': 'EQ',
    '!=': 'NEQ',
    '/=': 'NEQ',
    '<>': 'NEQ',
    '>': 'GT',
    '>=': 'GTE',
    '<': 'LT',
    '<=': 'LTE',
    '~': 'RE',
    matches: 'RE',
  }
  const operatorOf = (text) => operators[text] ?? own.toUpperCase(own.String(text))

  /** JSON drops what it cannot hold; a condition that vanished would widen the query, so it compares with null instead. */
  function comparable(value) {
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return null
    return value
  }

  /** Whether a state is in the newer shape. */
  const isNewer = (state) => state.FILTERS === undefined && (own.isArray(state.Queries) || own.isArray(state.Order))

  function groupsOf(state) {
    const name = isNewer(state) ? 'Queries' : 'FILTERS'
    if (state[name] === undefined || state[name] === null) state[name] = []
    if (!own.isArray(state[name])) throw new own.TypeError(`The ${name} of a query must be a list of lists.`)
    return state[name]
  }

  /** Adds a condition to every alternative: conditions are ANDed, also with what a client's query brought along. */
  function addCondition(state, operator, field, value) {
    const groups = groupsOf(state)
    const op = operatorOf(operator)
    if (groups.length === 0) own.push(groups, [])
    for (let i = 0; i < groups.length; i++) {
      if (!own.isArray(groups[i])) throw new own.TypeError('The conditions of a query must be lists.')
      own.push(
        groups[i],
        isNewer(state)
          ? { Operator: op, Field: own.String(field), Value: value }
          : { [op]: [{ [own.String(field)]: comparable(value) }] },
      )
    }
  }

  function addSort(state, direction, field) {
    if (isNewer(state)) {
      if (!own.isArray(state.Order)) state.Order = []
      own.push(state.Order, { SortOrder: direction === 'ASC', OrderKey: field })
    } else {
      if (!own.isArray(state.SORT)) state.SORT = []
      own.push(state.SORT, { [direction]: field })
    }
  }

  function setColumns(state, names) {
    state[isNewer(state) ? 'Columns' : 'SELECTCOLUMNS'] = names
  }

  function setPage(state, size, number) {
    const page = number === undefined ? 1 : own.Number(number)
    if (isNewer(state)) {
      state.PageSize = own.Number(size)
      state.PageNumber = page
    } else {
      state.PAGESIZE = own.Number(size)
      state.PAGENUM = page
    }
  }

  const pageOf = (state) => (isNewer(state) ? state.PageNumber : state.PAGENUM)

  /** Copies conditions, keeping those whose value JSON would drop. */
  function wireFilters(filters) {
    if (!own.isArray(filters)) return filters
    return own.each(filters, (group) => {
      if (!own.isArray(group)) return group
      return own.each(group, (condition) => {
        if (!own.isObject(condition)) return condition
        const copy = {}
        own.each(own.keys(condition), (op) => {
          const pairs = condition[op]
          copy[op] = own.isArray(pairs) ? own.each(pairs, wirePair) : wirePair(pairs)
        })
        return copy
      })
    })
  }

  function wirePair(pair) {
    if (!own.isObject(pair)) return pair
    const copy = {}
    own.each(own.keys(pair), (field) => {
      copy[field] = comparable(pair[field])
    })
    return copy
  }

  function wireOfNewer(state) {
    const wire = {}
    if (own.isArray(state.Queries)) {
      wire.FILTERS = own.each(state.Queries, (group) =>
        own.isArray(group)
          ? own.each(group, (condition) =>
              own.isObject(condition)
                ? { [operatorOf(condition.Operator)]: [{ [own.String(condition.Field)]: comparable(condition.Value) }] }
                : condition,
            )
          : group,
      )
    }
    if (own.isArray(state.Order)) {
      wire.SORT = own.each(state.Order, (order) =>
        own.isObject(order) ? { [order.SortOrder ? 'ASC' : 'DESC']: order.OrderKey } : order,
      )
    }
    if (own.isArray(state.Columns) && state.Columns.length > 0) wire.SELECTCOLUMNS = state.Columns
    if (state.PageSize) wire.PAGESIZE = state.PageSize
    if (state.PageNumber) wire.PAGENUM = state.PageNumber
    if (own.isArray(state.GroupBy) && state.GroupBy.length > 0) wire.GROUPBY = state.GroupBy
    if (typeof state.Distinct === 'string' && state.Distinct !== '') wire.DISTINCT = state.Distinct
    if (state.RawQuery) wire.RAWQUERY = state.RawQuery
    return wire
  }

  const wireNames = ['FILTERS', 'SORT', 'SELECTCOLUMNS', 'PAGESIZE', 'PAGENUM', 'GROUPBY', 'DISTINCT', 'RAWQUERY']
  const newerNames = [
    'Queries',
    'Order',
    'Columns',
    'PageSize',
    'PageNumber',
    'GroupBy',
    'Distinct',
    'RawQuery',
    'PrimaryKey',
  ]

  function mentions(state, names) {
    for (let i = 0; i < names.length; i++) if (state[names[i]] !== undefined) return true
    return false
  }

  /** Queries on which `setPage(…, 0)` was called: they mean every row. A client's own object cannot say so. */
  const everyRow = new own.WeakMap()

  /**
   * A query argument in wire form; undefined where none was given. Throws a refusal for an object that is no query: taken
   * for "no conditions" it would reach every row.
   */
  function wireOf(query) {
    if (query === undefined || query === null) return undefined
    if (own.isArray(query)) return { FILTERS: wireFilters(query) }
    if (!own.isObject(query)) throw calls.badRequest('The query is not a Query object.')
    const state = own.isObject(query.query) ? query.query : query
    if (own.isArray(state)) return { FILTERS: wireFilters(state) }
    let wire
    if (mentions(state, wireNames)) {
      wire = {}
      own.each(wireNames, (name) => {
        if (state[name] !== undefined && state[name] !== null) wire[name] = state[name]
      })
      if (wire.FILTERS !== undefined) wire.FILTERS = wireFilters(wire.FILTERS)
    } else if (mentions(state, newerNames)) {
      wire = wireOfNewer(state)
    } else if (state === query && own.keys(state).length > 0) {
      throw calls.badRequest('The query is not a Query object.')
    } else if (state !== query && own.keys(state).length > 0) {
      throw calls.badRequest('The query property of the Query is neither of the known forms.')
    } else {
      wire = {}
    }
    if (wire.RAWQUERY !== undefined) throw calls.notOffered('raw queries')
    if (own.weakGet(everyRow, query) === true && own.Number(pageOf(state)) === 0) {
      wire.ALL = true
      delete wire.PAGESIZE
      delete wire.PAGENUM
    }
    // A page or size of 0 counts as not given, except after setPage.
    if (wire.PAGESIZE === 0) delete wire.PAGESIZE
    if (wire.PAGENUM === 0) delete wire.PAGENUM
    return wire
  }

  /** What both libraries' queries can do; `stateOf(query)` finds the object the conditions live in. */
  function queryMethods(stateOf, parent) {
    const condition = (operator) =>
      function (field, value) {
        addCondition(stateOf(this), operator, field, value)
        return this
      }
    return {
      __proto__: parent ?? null,
      equalTo: condition('EQ'),
      notEqualTo: condition('NEQ'),
      greaterThan: condition('GT'),
      greaterThanEqualTo: condition('GTE'),
      lessThan: condition('LT'),
      lessThanEqualTo: condition('LTE'),
      matches: condition('RE'),
      andFilter(operator, field, value) {
        addCondition(stateOf(this), operator, field, value)
        return this
      },
      or(other) {
        const mine = groupsOf(stateOf(this))
        const theirs = wireOf(other)?.FILTERS
        if (!own.isArray(theirs)) return this
        const newer = isNewer(stateOf(this))
        own.each(theirs, (group) => own.push(mine, newer ? newerGroup(group) : group))
        return this
      },
      columns(names) {
        setColumns(stateOf(this), typeof names === 'string' ? [names] : names)
        return this
      },
      ascending(field) {
        addSort(stateOf(this), 'ASC', field)
        return this
      },
      descending(field) {
        addSort(stateOf(this), 'DESC', field)
        return this
      },
      setPage(size, number) {
        setPage(stateOf(this), size, number)
        own.weakSet(everyRow, this, number !== undefined && own.Number(number) === 0)
        return this
      },
      rawQuery(text) {
        const state = stateOf(this)
        state[isNewer(state) ? 'RawQuery' : 'RAWQUERY'] = text
        return this
      },
    }
  }

  function newerGroup(group) {
    const result = []
    own.each(group, (condition) =>
      own.each(own.keys(condition), (op) =>
        own.each(own.isArray(condition[op]) ? condition[op] : [condition[op]], (pair) =>
          own.each(own.keys(pair), (field) => own.push(result, { Operator: op, Field: field, Value: pair[field] })),
        ),
      ),
    )
    return result
  }

  /** `{collectionName}`, `{collectionID}`, `{collection}` or an id, as the node takes it; undefined if nothing is named. */
  function collectionOf(options, ofString) {
    if (typeof options === 'string') return { [ofString]: options }
    if (!own.isObject(options)) return undefined
    if (typeof options.collectionName === 'string') return { name: options.collectionName }
    if (typeof options.collectionID === 'string') return { id: options.collectionID }
    if (typeof options.collection === 'string') return { id: options.collection }
    return undefined
  }

  function needCollection(collection) {
    if (collection === undefined) throw calls.badRequest('No collection is named: give collectionName or collectionID.')
    return collection
  }

  library.query = { addCondition, addSort, collectionOf, needCollection, queryMethods, wireOf }
}
