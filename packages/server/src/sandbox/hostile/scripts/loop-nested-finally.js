// One endless thing.
// ends: timed-out
function service(req, resp) {
  function f() { try { f() } finally { f() } } for (;;) try { f() } catch (e) {}
}
