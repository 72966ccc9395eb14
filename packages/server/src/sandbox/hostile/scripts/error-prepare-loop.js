// Formats its stack for ever.
// ends: timed-out
function service(req, resp) {
  Error.prepareStackTrace = function () { for (;;) {} }
  throw new Error('x')
}
