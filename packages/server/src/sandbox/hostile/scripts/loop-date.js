// One endless thing.
// ends: timed-out
function service(req, resp) {
  while (Date.now() > 0) {}
}
