// Asks its own node for inboxes, messages, pages and lists that are for developers, with every token it can get.
// requires: clearblade,http
// timeout: 20
// ends: success []
function asksForWhatIsTheNodes(req, resp) {
  var got = [], own = req.systemKey, other = req.params.other.key
  var paths = ['/2010-04-01/Accounts/inbox/Messages.json', '/openapi.json', '/console/', '/portal/', '/packages/', '/console-api/portal/createURL?systemKey=' + own + '&name=x', '/api/about']
  ;[own, other].forEach(function (key) {
    ;['inbox', 'sending', 'sign-ins', 'secrets', 'accounts', 'packages', 'auth-service/recorded'].forEach(function (what) { paths.push('/admin/v/4/system/' + key + '/' + what) })
    paths.push('/admin/v/4/session/' + key + '/user', '/admin/user/' + key, '/codeadmin/failed/' + key, '/admin/v/4/systemmanagement?id=' + key)
  })
  paths.push('/admin/allsystems', '/admin/userinfo', '/admin/v/4/catalogues', '/admin/settings', '/admin/platform')
  ;[{}, { 'ClearBlade-UserToken': req.userToken }, { 'ClearBlade-DevToken': req.userToken }].forEach(function (headers) {
    paths.forEach(function (path) {
      Requests().get({ uri: ClearBlade.URI + path, headers: headers }, function (err, text) { if (!err) got.push(path + ' ' + String(text).slice(0, 80)) })
    })
  })
  resp.success(got)
}
