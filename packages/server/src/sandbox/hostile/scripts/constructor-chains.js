// Climbs from every function it is given to a Function constructor of somewhere else.
// ends: answered {"success":true,"value":[]}
function service(req, resp) {
  var reached = []
  var things = [resp.success, resp.error, log, call, start, Math.random, req, resp, start('sleep', { ms: 1 })]
  things.forEach(function (thing) {
    for (var level = thing, i = 0; level && i < 10; level = Object.getPrototypeOf(level), i++) {
      var make = level.constructor
      if (typeof make !== 'function' || typeof make.constructor !== 'function') continue
      var global = make.constructor('return this')()
      if (global !== globalThis) reached.push('another global')
      ;['process', 'require', 'module', 'Buffer', 'ivm', 'global'].forEach(function (name) {
        if (typeof global[name] !== 'undefined') reached.push(name)
      })
    }
  })
  resp.success(reached)
}
