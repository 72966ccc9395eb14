// Calls itself again and again at every depth: 8 to the power of 50 runs.
// requires: clearblade
// timeout: 2
// ends: failed execution timeout
function multiplies(req, resp) {
  for (var i = 0; i < 50; i++) ClearBlade.Code().execute('multiplies', {}, false, function () {})
  resp.success('all')
}
