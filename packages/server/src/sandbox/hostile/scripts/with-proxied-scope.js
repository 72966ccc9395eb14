// Looks into the scope that code is compiled in: every name that is asked for is written down.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
function service(req, resp) {
  var reached = []
  var scope = new Proxy({}, {
    has: function (target, name) { return typeof name === 'string' && !/^(reached|name|scope|found)$/.test(name) },
    get: function (target, name) { return name === Symbol.unscopables ? undefined : globalThis[name] },
  })
  var names = ['process', 'require', 'module', 'exports', '__filename', '__dirname', 'global', 'ivm', 'isolate', 'context', 'host', 'hostCall', 'send', 'frames', 'fs', '$0', '$1', 'arguments']
  names.forEach(function (name) {
    var found = new Function('scope', 'with (scope) { return typeof ' + name + ' }')(scope)
    if (found !== 'undefined' && name !== 'arguments') reached.push(name)
    try { if ((0, eval)('typeof ' + name) !== 'undefined' && name !== 'arguments') reached.push('eval ' + name) } catch (e) {}
  })
  for (var f = service, i = 0; f && i < 20; i++) {
    try { f = f.caller } catch (e) { break }
    if (f) reached.push('caller ' + f.name)
  }
  resp.success(reached)
}
