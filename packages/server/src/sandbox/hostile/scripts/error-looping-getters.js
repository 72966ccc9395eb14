// Throws an error whose parts never finish being read.
// ends: timed-out
function service(req, resp) {
  var e = new Error('x')
  ;['name', 'message', 'stack'].forEach(function (key) { Object.defineProperty(e, key, { get: function () { for (;;) {} } }) })
  throw e
}
