// One endless thing.
// ends: timed-out
function service(req, resp) {
  /^(a+)+$/.test('a'.repeat(40) + 'b')
}
