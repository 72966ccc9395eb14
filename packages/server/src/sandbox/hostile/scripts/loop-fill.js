// One endless thing.
// ends: timed-out|out-of-memory
function service(req, resp) {
  Array.prototype.fill.call({ length: 4294967295 }, 1)
}
