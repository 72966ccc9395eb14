/**
 * `log` and `console`: renders values for people, never throws. With logging off every call is a no-op.
 */
export function installLog(library, native) {
  const { own } = library

  const describeError = (error) => {
    const { stack } = error
    return typeof stack === 'string' && stack !== '' ? stack : `${own.String(error.name)}: ${own.String(error.message)}`
  }

  /** One value as text: strings as they are, objects as JSON, errors with their stack. */
  function render(value) {
    try {
      if (typeof value === 'string') return value
      if (typeof value === 'function') return own.functionText(value)
      if (!own.isObject(value)) return own.String(value)
      if (value instanceof own.Error) return describeError(value)
      const json = own.stringify(value)
      return json === undefined ? own.String(value) : json
    } catch (problem) {
      if (native.ended()) throw problem
      return own.isArray(value) ? '[list that JSON cannot hold]' : '[object that JSON cannot hold]'
    }
  }

  const logger =
    (level) =>
    (...values) => {
      if (library.facts.logging) native.log(level, own.join(own.each(values, render), ' '))
    }

  const info = logger('info')
  const nothing = () => {}
  const error = logger('error')

  own.defineGlobal('console', {
    log: info,
    info,
    debug: logger('debug'),
    warn: logger('warn'),
    error,
    alert: logger('alert'),
    trace: logger('debug'),
    dir: (value) => info(value),
    assert: (condition, ...values) => {
      if (!condition) own.apply(error, undefined, own.concat(['Assertion failed'], values))
    },
    group: nothing,
    groupEnd: nothing,
    time: nothing,
    timeEnd: nothing,
  })
  library.onlyWhen(['log'], () => own.defineGlobal('log', (...values) => own.apply(info, undefined, values)))

  library.render = render
  library.logDebug = logger('debug')
}
