// Takes all the memory it can get.
// ends: out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  var a = []; for (;;) a.push('x'.repeat(1000) + a.length)
}
