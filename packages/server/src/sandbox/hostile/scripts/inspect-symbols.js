// Gives things that are logged and answered the methods by which Node shows objects, to be handed its tools.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
// dialect: modern
function service(req, resp) {
  const reached = []
  const names = ['nodejs.util.inspect.custom', 'nodejs.util.promisify.custom', 'nodejs.dispose', 'nodejs.rejection', 'nodejs.stream.readable']
  const thing = { valueOf: undefined, constructor: undefined }
  for (const name of names) {
    const method = (...given) => { reached.push(`${name} was called with ${given.length}`); return 'x' }
    for (const symbol of [Symbol.for(name), Symbol.for({ toString: () => name }), Symbol.for([name])]) {
      thing[symbol] = method
      Object.prototype[symbol] = method
      Error.prototype[symbol] = method
      Date.prototype[symbol] = method
    }
  }
  log(thing, new Date(0), new Error('x'), [thing], new Map([[thing, thing]]))
  for (const one of [thing, new Date(0), new Error('x')]) { try { call('echo', one) } catch {} ; try { call(String(one), one) } catch {} }
  try { const error = new Error('x'); error.inspect = thing; error.toString = undefined; call('echo', { get a() { throw error } }) } catch {}
  resp.success(reached)
}
