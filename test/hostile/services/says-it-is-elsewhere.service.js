// Says of its requests that they go to another host, came from another machine, and mean another method or path.
// requires: clearblade,http
// timeout: 20
// ends: success {"got":[],"asSelf":15}
function saysItIsElsewhere(req, resp) {
  var got = [], asSelf = 0, other = req.params.other
  var lies = [
    { Host: other.key + '.localhost' }, { host: 'localhost:' + req.params.nodePort }, { 'X-Forwarded-Host': other.key + '.localhost' }, { 'X-Forwarded-For': '127.0.0.1' }, { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Port': '443' },
    { Forwarded: 'for=127.0.0.1;host=localhost;proto=http' }, { 'X-Real-IP': '127.0.0.1' }, { 'X-Original-URL': '/metrics' }, { 'X-Rewrite-URL': '/metrics' }, { 'X-HTTP-Method-Override': 'DELETE' },
    { 'X-Client-IP': '::1', 'True-Client-IP': '::1', 'CF-Connecting-IP': '::1' }, { Connection: 'X-Forwarded-For, ClearBlade-UserToken' }, { 'Transfer-Encoding': 'chunked', 'Content-Length': '0' }, { Upgrade: 'h2c', Connection: 'Upgrade' }, { Origin: 'http://localhost:' + req.params.nodePort },
  ]
  lies.forEach(function (lie) {
    Requests().get({ uri: ClearBlade.URI + '/metrics', headers: lie }, function (err, text) { if (!err) got.push('metrics ' + JSON.stringify(lie)) })
    Requests().get({ uri: ClearBlade.URI + '/setup?key=x', headers: lie }, function (err, text) { if (!err) got.push('setup ' + JSON.stringify(lie)) })
    Requests().post({ uri: ClearBlade.URI + '/admin/reg', headers: lie, body: { email: 'made@example.com', password: 'correct horse battery' } }, function (err) { if (!err) got.push('reg ' + JSON.stringify(lie)) })
    Requests().get({ uri: ClearBlade.URI + '/api/v/1/collection/' + other.key + '/Secrets', headers: Object.assign({ 'ClearBlade-UserToken': req.userToken }, lie) }, function (err, text) { if (!err) got.push('other ' + text) })
    Requests().get({ uri: ClearBlade.URI + '/api/v/1/user/info', headers: Object.assign({ 'ClearBlade-UserToken': req.userToken }, lie) }, function (err, text) { if (!err && JSON.parse(text).user_id === req.userid) asSelf++ })
  })
  resp.success({ got: got, asSelf: asSelf })
}
