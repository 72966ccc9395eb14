// Too much of one thing.
// ends: timed-out|out-of-memory|threw|crashed
function service(req, resp) {
  var a = [1, 1, 1, 1]; for (var i = 0; i < 30; i++) a = [a, a, a, a]; resp.success(a)
}
