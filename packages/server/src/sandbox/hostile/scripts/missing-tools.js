// Looks for the built-ins that are dangerous here, also through eval, and tries to replace the guard.
// ends: answered {"success":true,"value":[]}
function service(req, resp) {
  var reached = []
  ;['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', 'WeakRef', 'console', 'process', 'require', 'module', 'window', 'setImmediate', 'MessageChannel', 'ShadowRealm'].forEach(function (name) {
    if ((0, eval)('typeof ' + name) !== 'undefined') reached.push(name)
    if (new Function('return typeof ' + name)() !== 'undefined') reached.push(name)
  })
  var guard = Object.getOwnPropertyNames(globalThis).filter(function (name) { return /guard/.test(name) })[0]
  var before = globalThis[guard]
  globalThis[guard] = function () {}
  try { delete globalThis[guard] } catch (e) {}
  try { Object.defineProperty(globalThis, guard, { value: 1 }); reached.push('redefined') } catch (e) {}
  try { before.x = 1; if (before.x) reached.push('guard is open') } catch (e) {}
  if (globalThis[guard] !== before) reached.push('guard replaced')
  resp.success(reached)
}
