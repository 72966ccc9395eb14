// Replaces its own entry while it is loaded, to see who calls it and with what.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
// dialect: modern
var reached = []
var look = (thing) => {
  if (typeof thing === 'function' && thing.constructor.constructor('return this')() !== globalThis) reached.push('another global')
}
function service() {}
service = new Proxy(function (req, resp) { resp.success(reached) }, {
  apply(target, self, given) {
    look(self)
    for (const one of given) { look(one); look(one?.constructor); for (const key of Reflect.ownKeys(Object(one))) look(one[key]) }
    return Reflect.apply(target, self, given)
  },
  get(target, name) { reached.push(`asked for ${String(name)}`); return target[name] },
})
Object.defineProperty(globalThis, 'req', { get() { reached.push('req was read'); return {} }, configurable: true })
