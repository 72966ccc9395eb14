/**
 * `setTimeout`, `setInterval` and their clearing. The run stays alive while a timer is pending; an exception in a callback
 * ends the run like any uncaught one.
 */
export function installTimers(library, native) {
  const { own, milliseconds } = library
  /** Pending timers by id; a cleared one is gone from here and its wake-up does nothing. */
  const pending = new own.Map()
  let lastId = 0
  let began = 0
  library.atBegin(() => {
    began = own.now()
  })

  /**
   * Waits for the timer's time in slices: a wait cannot be taken back and keeps the run alive, so one long wait would hold
   * a run whose timer was cleared. The slices grow with the run's age, which bounds how many there are.
   */
  function wait(id, timer) {
    const now = own.now()
    const slice = own.max(250, (now - began) / 4)
    const ms = own.max(1, own.min(timer.due - now, slice))
    own.settled(native.start('sleep', { ms }), () => {
      if (own.mapGet(pending, id) !== timer) return
      if (own.now() < timer.due) {
        wait(id, timer)
        return
      }
      if (!timer.repeat) own.mapDelete(pending, id)
      own.apply(timer.callback, undefined, timer.args)
      if (own.mapGet(pending, id) !== timer) return
      timer.due = own.now() + timer.ms
      wait(id, timer)
    })
  }

  function schedule(callback, ms, args, repeat) {
    if (typeof callback !== 'function') throw new own.TypeError('A timer needs a function to call.')
    const id = ++lastId
    const delay = own.max(1, milliseconds(ms))
    const timer = { callback, ms: delay, due: own.now() + delay, args, repeat }
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
