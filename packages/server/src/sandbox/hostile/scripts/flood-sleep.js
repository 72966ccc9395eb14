// Too much of one thing.
// ends: too-much
function service(req, resp) {
  for (;;) start('sleep', { ms: 1e9 })
}
