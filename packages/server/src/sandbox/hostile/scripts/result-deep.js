// Too much of one thing.
// ends: too-much
function service(req, resp) {
  var deep = 1; for (var i = 0; i < 2000; i++) deep = [deep]; resp.success(deep)
}
