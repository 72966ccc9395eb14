// The same in a rejection that nobody handles.
// ends: timed-out
function service(req, resp) {
  var e = new Error('x')
  Object.defineProperty(e, 'message', { get: function () { for (;;) {} } })
  Promise.reject(e)
}
