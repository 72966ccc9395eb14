// One endless thing.
// ends: timed-out
function service(req, resp) {
  (function again() { Promise.resolve().then(again) })()
}
