// One endless thing.
// ends: timed-out
function service(req, resp) {
  [3, 2, 1].sort(function () { for (;;) {} })
}
