// Has the engine's own formatter of stacks throw, in the hope that what it throws is of another world.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
// dialect: modern
function service(req, resp) {
  const reached = []
  const look = (thing) => {
    for (let level = thing, i = 0; level && i < 10; level = Object.getPrototypeOf(level), i++) {
      const make = level.constructor
      if (typeof make !== 'function') continue
      const global = make.constructor('return this')()
      if (global !== globalThis || typeof global.process !== 'undefined') reached.push('another global')
    }
  }
  const odd = [Symbol('x'), { toString() { throw 1 } }, 1n, new Proxy({}, { get() { throw 2 } }), null]
  for (const prepare of [undefined, null, 1, (error, sites) => { look(error); look(sites); look(sites[0]); throw new Error('again') }]) {
    Error.prepareStackTrace = prepare
    for (const name of odd) {
      for (const part of ['name', 'message']) {
        try { const error = new Error('x'); error[part] = name; Error.captureStackTrace(error); look(error.stack); String(error) } catch (thrown) { look(thrown) }
        try { call('nothing', { get a() { const error = new Error('x'); error[part] = name; throw error } }) } catch (thrown) { look(thrown) }
      }
    }
  }
  Error.prepareStackTrace = undefined
  const fails = async (name) => { const error = new Error(); error.name = name; return error.stack }
  Promise.allSettled(odd.map((name) => fails(name).catch((thrown) => look(thrown)))).then(() => resp.success(reached))
}
