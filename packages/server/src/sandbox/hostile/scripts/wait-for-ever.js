// One endless thing.
// ends: timed-out
function service(req, resp) {
  call('sleep', { ms: 1e9 })
}
