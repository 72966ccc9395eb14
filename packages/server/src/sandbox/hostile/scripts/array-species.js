// Has arrays that came from the node make further arrays by a constructor of its own.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
// dialect: modern
function service(req, resp) {
  const reached = []
  const given = call('echo', { list: [1, [2], { a: 3 }] }).value ?? { list: [1, [2], {}] }
  const list = Array.isArray(given.list) ? given.list : [1, [2], {}]
  const nested = list[1]
  const trap = { length: 0 }
  const made = function () { return trap }
  made[Symbol.species] = made
  list.constructor = made
  Object.defineProperty(Array, Symbol.species, { get: () => made, configurable: true })
  for (const name of ['map', 'filter', 'slice', 'splice', 'concat', 'flat', 'flatMap']) {
    try { list[name]((one) => one) } catch {}
    try { call('echo', { list }) } catch {}
    try { log(list, trap) } catch {}
  }
  for (const key of Reflect.ownKeys(trap)) {
    const one = trap[key]
    if (typeof one === 'function' && one.constructor.constructor('return this')() !== globalThis) reached.push(String(key))
  }
  for (const one of [given, list, nested]) if (Object.getPrototypeOf(one) !== Object.prototype && Object.getPrototypeOf(one) !== Array.prototype) reached.push('another prototype')
  resp.success(reached)
}
