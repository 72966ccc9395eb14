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
      if (f && f !== service && f !== inner && f !== toJSON && f !== look && !/callback|anonymous/.test(f.name) && f.name !== '') reached.push('function ' + f.name)
      if (t && t !== globalThis && t !== holder && !Array.isArray(t)) reached.push('this ' + String(t))
    })
  }
  function inner() { look(new Error('x').stack) }
  function toJSON() { inner(); return 1 }
  var holder = { toJSON: toJSON }
  inner()
  call('nothing', holder)
  try { call('nothing', { toJSON: function () { throw new Error('y') } }) } catch (e) { look(e.stack) }
  try { log({ toString: function () { inner(); return 'x' } }) } catch (e) { look(e.stack) }
  Error.prepareStackTrace = undefined
  resp.success(reached)
}
