// A built-in that no timeout ends: what has only a length is turned round.
// ends: timed-out|too-much|crashed
function service(req, resp) {
  resp.success(Array.prototype.reverse.call({ length: 9007199254740991 }).length)
}
