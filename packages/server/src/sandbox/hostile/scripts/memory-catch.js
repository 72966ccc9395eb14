// Takes all the memory it can get.
// ends: out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  var a = []; for (;;) try { a.push(new Uint8Array(1 << 20).fill(1)) } catch (e) {}
}
