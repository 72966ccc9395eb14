// Too much of one thing.
// ends: too-much
function service(req, resp) {
  for (;;) start('nothing', 1)
}
