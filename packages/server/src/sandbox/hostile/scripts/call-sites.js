// Looks for library functions and objects in the stack frames of its own error.
// ends: answered {"success":true,"value":[]}
function service(req, resp) {
  var reached = []
  Error.prepareStackTrace = function (error, sites) { return sites }
  function look(sites) {
    if (!Array.isArray(sites)) return
    sites.forEach(function (site) {
      var f = site.getFunction && site.getFunction()
      var t = site.getThis && site.getThis()
      if (f && mine.indexOf(f) < 0) reached.push('function ' + f.name)
      if (t && t !== globalThis && mine.indexOf(t) < 0) reached.push('this ' + Object.prototype.toString.call(t))
    })
  }
  function inner() { look(new Error('x').stack) }
  function toJSON() { inner(); return 1 }
  var holder = { toJSON: toJSON }
  var teller = { toString: function () { inner(); return 'x' } }
  var thrower = { toJSON: function () { throw new Error('y') } }
  var mine = [holder, teller, thrower, teller.toString, thrower.toJSON, service, inner, toJSON, look]
  inner()
  call('nothing', holder)
  try { call('nothing', thrower) } catch (e) { look(e.stack) }
  try { log(teller) } catch (e) { look(e.stack) }
  Error.prepareStackTrace = undefined
  resp.success(reached)
}
