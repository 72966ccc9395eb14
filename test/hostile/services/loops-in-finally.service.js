// A loop that begins again when it is ended.
// timeout: 1
// ends: failed execution timeout|more memory|ended
function loopsInFinally(req, resp) {
  (function again() { try { for (;;) {} } finally { again() } })()
}
