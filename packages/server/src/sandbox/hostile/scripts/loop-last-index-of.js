// A built-in that no timeout ends: what has only a length is searched from its end.
// ends: timed-out|too-much|crashed
function service(req, resp) {
  resp.success(Array.prototype.lastIndexOf.call({ length: 9007199254740991 }, 1) + Array.prototype.indexOf.call({ length: 9007199254740991 }, 1))
}
