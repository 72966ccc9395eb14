// Throws an error of many megabytes.
// ends: threw
function service(req, resp) {
  var e = new Error('x'.repeat(8 << 20))
  e.name = 'n'.repeat(1 << 20)
  e.stack = 's\n'.repeat(1 << 20)
  throw e
}
