// An answer of a hundred thousand lists within lists.
// timeout: 5
// ends: failed larger than it may be|RangeError
function answersTooDeep(req, resp) {
  var a = []
  for (var i = 0; i < 100000; i++) a = [a]
  resp.success(a)
}
