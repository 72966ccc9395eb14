// The same, in a developer's run, whose token is worth something in this system alone.
// as: developer
// requires: clearblade,http
// timeout: 20
// ends: success []
function reachesAsDeveloper(req, resp) {
  var other = req.params.other, got = []
  function note(what) { return function (err, data) { if (!err) got.push(what + ' ' + JSON.stringify(data)) } }
  ClearBlade.Collection({ collectionID: other.collection }).fetch(note('rows by id'))
  ClearBlade.Collection(other.collection).create({ text: 'x' }, note('create'))
  ClearBlade.Collection(other.collection).remove(ClearBlade.Query(), note('remove'))
  ClearBlade.Code().execute('secretService', {}, false, note('service'))
  ;[{}, { 'ClearBlade-SystemKey': other.key }, { 'ClearBlade-SystemKey': other.key, 'ClearBlade-SystemSecret': req.systemSecret }].forEach(function (more) {
    ;['UserToken', 'DevToken', 'DeviceToken'].forEach(function (kind) {
      var headers = Object.assign({}, more)
      headers['ClearBlade-' + kind] = req.userToken
      ;['/api/v/1/data/' + other.collection, '/api/v/1/collection/' + other.key + '/Secrets', '/admin/user/' + other.key, '/api/v/1/code/' + other.key + '/secretService', '/admin/v/4/system/' + other.key + '/sign-ins', '/codeadmin/failed/' + other.key, '/admin/user/' + other.key + '/roles', '/admin/allsystems', '/admin/userinfo'].forEach(function (path) {
        Requests().get({ uri: ClearBlade.URI + path, headers: headers }, note('GET ' + path))
        Requests().post({ uri: ClearBlade.URI + path, headers: headers, body: { name: 'x', email: 'x@example.com', password: 'correct horse' } }, note('POST ' + path))
      })
    })
  })
  resp.success(got)
}
