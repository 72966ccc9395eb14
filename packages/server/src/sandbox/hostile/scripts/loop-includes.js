// One endless thing.
// ends: timed-out
function service(req, resp) {
  Array.prototype.includes.call({ length: Math.pow(2, 53) - 1 }, 1)
}
