// Too much of one thing.
// ends: answered {"success":true,"value":[false,4,true]}
function service(req, resp) {
  var refused = 0
  ;[{}, 1, null, { toString: function () { return 'x' } }].forEach(function (name) { try { call(name, 1) } catch (e) { refused++ } })
  resp.success([call('x'.repeat(1000), 1).ok, refused, call('__proto__', 1).ok])
}
