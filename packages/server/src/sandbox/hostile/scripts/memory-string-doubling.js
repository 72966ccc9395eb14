// Takes all the memory it can get.
// ends: out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  var s = 'xy'; for (;;) { s += s; s.charCodeAt(s.length - 1); JSON.stringify(s) }
}
