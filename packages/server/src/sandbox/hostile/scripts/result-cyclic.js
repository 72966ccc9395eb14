// Too much of one thing.
// ends: threw
function service(req, resp) {
  var a = {}; a.a = a; resp.success(a)
}
