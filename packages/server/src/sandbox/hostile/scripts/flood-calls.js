// Too much of one thing.
// ends: too-much
function service(req, resp) {
  for (;;) call('nothing', 1)
}
