// Takes all the memory it can get, and catches what would end it.
// timeout: 5
// ends: failed more memory|ended with its engine|execution timeout|RangeError
function bombsMemoryWithArrays(req, resp) {
  var a = []
  for (;;) try { a.push(new Array(1e6).fill(a.length)) } catch (e) {}
}
