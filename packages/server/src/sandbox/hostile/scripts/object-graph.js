// Walks everything that can be reached from the global object and looks for the isolate's own tools.
// ends: answered {"success":true,"value":[]}
function service(req, resp) {
  var seen = new Set(), open = [globalThis, req, resp, start('sleep', { ms: 1 })], reached = []
  var wanted = /^(isolate|context|applySync|copySync|derefInto|deref|runSync|evalSync|createContext|createSnapshot|compileScript|ExternalCopy|Reference|Isolate|NativeModule|hostCall|hostStart|hostAnswer|hostFault|setEntryArguments|dlopen)$/
  while (open.length) {
    var thing = open.pop()
    if (thing === null || (typeof thing !== 'object' && typeof thing !== 'function') || seen.has(thing)) continue
    seen.add(thing)
    open.push(Object.getPrototypeOf(thing))
    Reflect.ownKeys(thing).forEach(function (key) {
      if (wanted.test(String(key))) reached.push(String(key))
      var d = Object.getOwnPropertyDescriptor(thing, key)
      if (!d) return
      open.push(d.value, d.get, d.set)
    })
  }
  if (seen.size < 500) reached.push('the walk itself failed')
  resp.success(reached)
}
