// Too much of one thing.
// cpu: 2000
// ends: answered {"success":true,"value":false}
function service(req, resp) {
  resp.success(call('nothing', 'x'.repeat(5 << 20)).ok)
}
