// Puts an Error of its own in the place of the global one, where formatters of stacks look for prepareStackTrace.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
function service(req, resp) {
  var reached = [], Real = Error, holder = { toJSON: function toJSON() { null.x } }
  function mine() {}
  globalThis.Error = Object.assign(function Error() {}, {
    prepareStackTrace: function (error, sites) {
      for (var i = 0; i < sites.length; i++) {
        var site = sites[i], self = site.getThis && site.getThis(), f = site.getFunction && site.getFunction()
        if (self && self !== globalThis && self !== holder) reached.push('this')
        if (f && f !== service && f !== mine && !/^(toJSON|toString)$/.test(f.name)) reached.push('function ' + f.name)
      }
      return 'x'
    },
  })
  ;[Real, TypeError, RangeError].forEach(function (E) { E.prepareStackTrace = globalThis.Error.prepareStackTrace })
  try { null.x } catch (e) { mine(e.stack) }
  try { call('nothing', holder) } catch (e) { mine(e.stack) }
  try { call(1, 2) } catch (e) { mine(e.stack) }
  try { resp.success.call(null, holder) } catch (e) { mine(e.stack) }
  resp.success(reached)
}
