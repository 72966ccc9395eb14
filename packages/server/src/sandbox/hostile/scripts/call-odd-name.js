// Too much of one thing.
// ends: answered {"success":true,"value":[false,false,true]}
function service(req, resp) {
  resp.success([call('x'.repeat(1000), 1).ok, call({}, 1).ok, call('__proto__', 1).ok])
}
