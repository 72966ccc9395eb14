// An answer that holds itself.
// ends: failed circular|cyclic
function answersInCircles(req, resp) {
  var a = []
  a.push(a)
  resp.success(a)
}
