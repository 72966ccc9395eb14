/**
 * `setTimeout`, `setInterval` and their clearing. The run stays alive while a timer is pending; an exception in a callback
 * ends the run like any uncaught one.
 */
export function installTimers(library, native) {
  const { own, milliseconds } = library
  /** Pending timers by id; a cleared one is gone from here and its wake-up does nothing. */
  const pending = new own.Map()
  let lastId = 0

  function wait(id, timer) {
    own.then(native.start('sleep', { ms: own.max(1, timer.ms) }), () => {
      if (own.mapGet(pending, id) !== timer) return
      if (!timer.repeat) own.mapDelete(pending, id)
      own.apply(timer.callback, undefined, timer.args)
      if (own.mapGet(pending, id) === timer) wait(id, timer)
    })
  }

  function schedule(callback, ms, args, repeat) {
    if (typeof callback !== 'function') throw new own.TypeError('A timer needs a function to call.')
    const id = ++lastId
    const timer = { callback, ms: milliseconds(ms), args, repeat }
    own.mapSet(pending, id, timer)
    wait(id, timer)
    return id
  }

  const clear = (id) => {
    own.mapDelete(pending, id)
  }

  own.defineGlobal('setTimeout', (callback, ms, ...args) => schedule(callback, ms, args, false))
  own.defineGlobal('setInterval', (callback, ms, ...args) => schedule(callback, ms, args, true))
  own.defineGlobal('clearTimeout', clear)
  own.defineGlobal('clearInterval', clear)
}
