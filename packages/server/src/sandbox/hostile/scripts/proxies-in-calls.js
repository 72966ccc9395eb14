// Hands over proxies and getters that answer otherwise the second time, throw functions, or call again meanwhile.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
// dialect: modern
function service(req, resp) {
  const reached = []
  const seen = new Set()
  const look = (thing) => {
    if (typeof thing === 'function' && thing.constructor.constructor('return this')() !== globalThis) reached.push('another global')
  }
  const handler = new Proxy({}, {
    get: (_, trap) => (...given) => {
      seen.add(trap)
      for (const one of given) { look(one); if (one && typeof one === 'object' && one !== target && one !== angry) look(one.constructor) }
      if (trap === 'ownKeys') return ['a']
      if (trap === 'getOwnPropertyDescriptor') return { value: (f) => f, enumerable: true, configurable: true }
      throw (f) => f.constructor('return this')()
    },
  })
  const target = {}
  const angry = new Proxy(target, handler)
  let turns = 0
  const turning = { get a() { turns += 1; return turns % 2 ? 'x' : { toJSON() { return call('echo', { inner: turns }) } } }, toJSON: undefined }
  const again = { toJSON() { try { resp.nothing?.() } catch {} ; return call('echo', { b: 1 }) } }
  for (const one of [angry, turning, again, [angry], { angry }, new Map([[angry, angry]]), function f() {}, Symbol('x'), 2n ** 70n]) {
    for (const use of [() => call('echo', one), () => call(one, 1), () => log(one), () => start('echo', one).catch(look), () => call('echo', { [Symbol.toPrimitive]: one })]) {
      try { look(use()) } catch (thrown) { look(thrown) }
    }
  }
  resp.success(reached)
}
