// One endless thing.
// dialect: modern
// ends: timed-out|threw|out-of-memory
function service(req, resp) {
  var n = 3n; for (;;) n = n * n
}
