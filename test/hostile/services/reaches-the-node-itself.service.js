// Asks its own node for what is not for services, in every spelling.
// requires: clearblade,http
// timeout: 20
// ends: success []
function reachesTheNodeItself(req, resp) {
  var port = req.params.nodePort, got = []
  ;['http://localhost:' + port, 'http://127.0.0.1:' + port, 'http://[::1]:' + port, 'http://0.0.0.0:' + port, 'http://x.localhost:' + port, ClearBlade.URI].forEach(function (origin) {
    ;['/', '/metrics', '/metrics/', '//metrics', '/%6detrics', '/metrics?x=1', '/api/../metrics', '/api/v/../../metrics', '/api/v/1/%2e%2e/%2e%2e/%2e%2e/metrics', '/setup', '/setup?key=x', '/healthz', '/metrics;x', '/metrics%2f', '\\metrics'].forEach(function (path) {
      Requests().get({ uri: origin + path }, function (err, text) { if (!err) got.push(origin + path + ' ' + String(text).slice(0, 60)) })
    })
    ;['/admin/reg', '//admin/reg', '/admin//reg', '/admin/reg/', '/%61dmin/reg', '/admin/%72eg', '/admin/x/../reg', '/api/v/1/../../../admin/reg'].forEach(function (path) {
      Requests().post({ uri: origin + path, body: { email: 'made@example.com', password: 'correct horse battery', fname: '', lname: '', org: '' } }, function (err, text) { if (!err) got.push(path + ' ' + text) })
    })
  })
  resp.success(got)
}
