// Takes memory outside the heap.
// timeout: 5
// ends: failed more memory|ended with its engine|execution timeout|RangeError
function bombsMemoryWithBuffers(req, resp) {
  var a = []
  for (;;) a.push(new Uint8Array(1 << 24).fill(1))
}
