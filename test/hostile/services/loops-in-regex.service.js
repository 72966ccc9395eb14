// A pattern that takes for ever.
// timeout: 1
// ends: failed execution timeout|more memory|ended
function loopsInRegex(req, resp) {
  /^(([a-z])+.)+[A-Z]([a-z])+$/.test("a".repeat(200))
}
