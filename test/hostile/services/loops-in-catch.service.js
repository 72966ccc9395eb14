// A loop that catches what would end it.
// timeout: 1
// ends: failed execution timeout|more memory|ended
function loopsInCatch(req, resp) {
  while (true) { try { throw 1 } catch (e) { continue } }
}
