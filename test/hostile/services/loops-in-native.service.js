// Long work inside built-ins.
// timeout: 1
// ends: failed execution timeout|more memory|ended
function loopsInNative(req, resp) {
  new Array(1e9).fill(0).sort(function () { return 0 }).join().split("").reverse()
}
