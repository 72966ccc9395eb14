/**
 * `req` and `resp`: what the entry function is called with, also offered as globals. The run's tokens are asked of the node
 * only when somebody reads them.
 */
export function installAnswer(library, native) {
  const { own } = library

  /**
   * A token read on first use, afterwards an ordinary property. `state.value` is the text once it is known.
   */
  function lazyToken(object, call) {
    const state = { value: undefined, untouched: undefined }
    const settle = (value) => {
      own.defineProperty(object, 'userToken', {
        __proto__: null,
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
      return value
    }
    const read = () => {
      if (state.value === undefined) {
        const reply = native.call(call, {})
        state.value = reply.ok && typeof reply.value === 'string' ? reply.value : ''
      }
      return settle(state.value)
    }
    own.defineProperty(object, 'userToken', {
      __proto__: null,
      get: read,
      set: settle,
      enumerable: true,
      configurable: true,
    })
    /** True while the property is still the getter made here. */
    state.untouched = () => own.getOwnPropertyDescriptor(object, 'userToken')?.get === read
    return state
  }

  const text = (value) => (typeof value === 'string' ? value : '')

  /** What the run is about; the parts after this one read it when they are used. */
  const run = { req: undefined, runToken: undefined }
  library.run = run
  library.atBegin((facts) => {
    const given = own.isObject(facts.req) ? facts.req : {}
    const caller = { userid: text(given.caller?.userid) }
    lazyToken(caller, 'run.callerToken')
    caller.userEmail = text(given.caller?.userEmail)

    const req = {
      params: own.isObject(given.params) ? given.params : {},
      systemKey: text(given.systemKey),
      systemSecret: text(given.systemSecret),
      userEmail: text(given.userEmail),
      userid: text(given.userid),
    }
    run.runToken = lazyToken(req, 'run.token')
    req.isLogging = given.isLogging === true
    req.service_instance_id = text(given.service_instance_id)
    req.caller = caller
    if (own.isObject(given.context)) req.context = given.context
    run.req = req
    own.defineGlobal('req', req)
    native.setEntryArguments(req, resp)
  })

  /** JSON makes `{}` of an Error; a service that answers one wants its text seen. */
  function plainError(error) {
    const plain = { name: own.String(error.name), message: own.String(error.message) }
    const keys = own.keys(error)
    for (let i = 0; i < keys.length; i++) plain[keys[i]] = error[keys[i]]
    return plain
  }

  /** The value as it will be serialised: an Error, or an Error one level down, by name and message. */
  function plainValue(value) {
    if (!own.isObject(value)) return value
    if (value instanceof own.Error) return plainError(value)
    let copy
    if (own.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        if (!(value[i] instanceof own.Error)) continue
        copy ??= own.sliceArray(value)
        copy[i] = plainError(value[i])
      }
      return copy ?? value
    }
    const keys = own.keys(value)
    for (let i = 0; i < keys.length; i++) {
      const item = value[keys[i]]
      if (!(item instanceof own.Error)) continue
      copy ??= own.assign({}, value)
      copy[keys[i]] = plainError(item)
    }
    return copy ?? value
  }

  let status
  let headers

  const unavailable = () => {
    throw library.calls.notYet('streams')
  }

  const resp = {
    success: (value) => native.answer({ success: true, value: plainValue(value) }),
    error: (value) => native.answer({ success: false, value: plainValue(value) }),
    send: (value) => {
      const plain = plainValue(value)
      // JSON has no word for these, and an answer without a body is still one that was sent.
      const answer = {
        send: plain === undefined || typeof plain === 'function' || typeof plain === 'symbol' ? '' : plain,
      }
      if (status !== undefined) answer.status = status
      if (headers !== undefined) answer.headers = headers
      return native.answer(answer)
    },
    set: (values) => {
      if (!own.isObject(values)) throw new own.TypeError('resp.set needs an object of headers.')
      headers ??= {}
      const names = own.keys(values)
      for (let i = 0; i < names.length; i++) headers[names[i]] = own.String(values[names[i]])
    },
    status: (code) => {
      const number = own.Number(code)
      // Below 200 stands what comes before an answer: a client would go on waiting.
      if (!(number >= 200 && number <= 599 && number % 1 === 0)) {
        throw new own.TypeError('resp.status needs a number from 200 to 599.')
      }
      status = number
    },
    writable: { getWriter: unavailable, write: unavailable, close: unavailable },
  }

  own.defineGlobal('resp', resp)
}
