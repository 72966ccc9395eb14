// Waits far longer than it may compute, which is no offence.
// ends: answered {"success":true,"value":"rested"}
function service(req, resp) {
  for (var i = 0; i < 4; i++) call('sleep', { ms: 150 })
  resp.success('rested')
}
