// A loop in the trap that decides whether a scope has a name.
// ends: timed-out|too-much
function service(req, resp) {
  var scope = new Proxy({}, { has: function () { for (;;) try { throw 1 } catch (e) { continue } } })
  resp.success(new Function('scope', 'with (scope) { return anything }')(scope))
}
