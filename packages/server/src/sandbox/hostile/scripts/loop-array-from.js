// A built-in that no timeout ends: an array as long as arrays get, out of nothing.
// ends: timed-out|too-much|crashed
function service(req, resp) {
  resp.success(Array.from({ length: 4294967295 }, function () { return 0 }).length)
}
