// Too much of one thing.
// ends: too-much
function service(req, resp) {
  for (;;) try { start('nothing', 1) } catch (e) {}
}
