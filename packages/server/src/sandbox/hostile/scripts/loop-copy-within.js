// One endless thing.
// ends: timed-out
function service(req, resp) {
  Array.prototype.copyWithin.call({ length: Math.pow(2, 53) - 1 }, 0, 1)
}
