// Takes all the memory it can get.
// ends: out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  var m = new Map(); for (var i = 0; ; i++) m.set(i, { i: i })
}
