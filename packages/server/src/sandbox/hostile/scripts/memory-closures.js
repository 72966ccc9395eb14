// Takes all the memory it can get.
// ends: out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  function f(g) { return function () { return g } } var g; for (;;) g = f(g)
}
