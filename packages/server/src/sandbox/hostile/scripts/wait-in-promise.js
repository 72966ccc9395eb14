// One endless thing.
// ends: timed-out
function service(req, resp) {
  start('sleep', { ms: 1e9 })
}
