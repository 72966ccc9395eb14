// Too much of one thing.
// ends: answered {"success":true,"value":false}
function service(req, resp) {
  var deep = 1; for (var i = 0; i < 2000; i++) deep = [deep]; resp.success(call('nothing', deep).ok)
}
