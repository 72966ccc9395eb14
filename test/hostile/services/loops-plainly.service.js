// A loop.
// timeout: 1
// ends: failed execution timeout|more memory|ended
function loopsPlainly(req, resp) {
  while (true) {}
}
