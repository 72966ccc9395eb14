// Takes all the memory it can get.
// ends: out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  var a = []; for (;;) try { var b = new ArrayBuffer(0, { maxByteLength: 1 << 26 }); b.resize(1 << 26); new Uint8Array(b).fill(7); a.push(b) } catch (e) {}
}
