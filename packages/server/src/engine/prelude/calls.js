/**
 * How every part of the library talks to the node and back to the developer's callbacks: blocking calls, promises, the
 * shape of an error, and the refusals of what is not built. Knows no area by itself.
 */
export function installCalls(library, native) {
  const { own } = library

  /** A refusal made by the library itself; travels like one of the node, and is an ordinary Error where it is thrown. */
  class Refusal extends own.Error {
    #error
    constructor(code, message, detail) {
      super(detail)
      this.code = code
      this.#error = { code, message, detail }
    }
    get error() {
      return this.#error
    }
  }
  const notYet = (area) => new Refusal(120, 'Not available yet', `not available yet: ${area}`)
  const notOffered = (what) => new Refusal(121, 'Not offered', `not offered: ${what}`)
  const badRequest = (detail) => new Refusal(100, 'Bad request', detail)

  const messageOf = (problem) => {
    try {
      const message = own.isObject(problem) ? problem.message : problem
      return typeof message === 'string' ? message : own.String(message)
    } catch {
      return 'unknown problem'
    }
  }

  /** The reply for something thrown while a call was being prepared: the run's end passes, all else is a refusal. */
  function replyOf(problem) {
    if (native.ended()) throw problem
    if (problem instanceof Refusal) return { ok: false, error: problem.error }
    return { ok: false, error: badRequest(messageOf(problem)).error }
  }

  /**
   * One blocking call. `makeArgs` may throw a Refusal; it and the serialising may run the developer's code (`toJSON`).
   * `session` undefined: the run's identity.
   */
  function perform(name, session, makeArgs) {
    try {
      const args = makeArgs()
      if (session !== undefined) args.session = session
      return native.call(name, args)
    } catch (problem) {
      return replyOf(problem)
    }
  }

  const textOfError = (error) => error.detail || error.message || 'The call failed.'

  /** What a `clearblade` callback gets as data beside err true: prints as its detail, serialises as the wire's envelope. */
  function failure(error) {
    const data = { error: own.assign({}, error) }
    own.hidden(data, 'toString', () => textOfError(error))
    return data
  }

  /** The same as an exception or a rejection: `message` is the detail, `code` the application code. */
  function exception(error) {
    const problem = new own.Error(textOfError(error))
    problem.code = error.code
    return problem
  }

  /** Calls back if there is something to call. Exceptions of the callback pass through. */
  function respond(callback, err, data) {
    if (typeof callback === 'function') own.apply(callback, undefined, [err, data])
  }

  /** Blocking call with a `clearblade` callback, which has run when this returns. */
  function ask(callback, name, session, makeArgs, shape) {
    const reply = perform(name, session, makeArgs)
    if (!reply.ok) respond(callback, true, failure(reply.error))
    else respond(callback, false, shape === undefined ? reply.value : shape(reply.value))
  }

  /** Blocking call whose value is returned and whose refusal is thrown. */
  function demand(name, session, makeArgs) {
    const reply = perform(name, session, makeArgs)
    if (!reply.ok) throw exception(reply.error)
    return reply.value
  }

  /** The same without blocking: a promise of the shaped value. */
  function begin(name, session, makeArgs, shape) {
    return new own.Promise((resolve, reject) => {
      let started
      try {
        const args = makeArgs()
        if (session !== undefined) args.session = session
        started = native.start(name, args)
      } catch (problem) {
        reject(exception(replyOf(problem).error))
        return
      }
      own.settled(
        started,
        (reply) => {
          if (!reply.ok) {
            reject(exception(reply.error))
            return
          }
          try {
            resolve(shape === undefined ? reply.value : shape(reply.value))
          } catch (problem) {
            reject(problem)
          }
        },
        reject,
      )
    })
  }

  /** The last argument if it is a function: services leave out optional arguments before the callback. */
  function callbackOf(args) {
    for (let i = args.length - 1; i >= 0; i--) if (typeof args[i] === 'function') return args[i]
    return undefined
  }

  /** Tells the developer why nothing happened where no callback can. */
  function warn(text) {
    if (library.facts.logging) native.log('warn', text)
  }

  /** Fails through the callback; without one, in the log. */
  function refuse(callback, refusal) {
    if (typeof callback === 'function') respond(callback, true, failure(refusal.error))
    else warn(textOfError(refusal.error))
  }

  /** A method that always fails through its callback. `why` makes the refusal. */
  const refusing =
    (why) =>
    (...args) =>
      refuse(callbackOf(args), why())

  /** A method that always answers with a rejected promise. */
  const rejecting = (why) => () => own.reject(why())

  /** A function that always throws. */
  const throwing = (why) => () => {
    throw why()
  }

  /** An object all of whose named methods are `method`. */
  function objectOf(names, method) {
    const object = {}
    for (let i = 0; i < names.length; i++) object[names[i]] = method
    return object
  }

  library.calls = {
    Refusal,
    ask,
    badRequest,
    begin,
    callbackOf,
    demand,
    exception,
    failure,
    messageOf,
    notOffered,
    notYet,
    objectOf,
    perform,
    refuse,
    refusing,
    rejecting,
    replyOf,
    respond,
    textOfError,
    throwing,
    warn,
  }
}
