// One endless thing.
// ends: timed-out|out-of-memory|threw
function service(req, resp) {
  var endless = {}; endless[Symbol.iterator] = function () { return { next: function () { return { value: 1, done: false } } } }; new Set(endless)
}
