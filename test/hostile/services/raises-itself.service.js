// A user without rights gives himself some.
// requires: clearblade,http
// timeout: 10
// ends: success []
function raisesItself(req, resp) {
  var got = []
  function note(what) { return function (err, data) { if (!err) got.push(what + ' ' + JSON.stringify(data)) } }
  function tried(what, work) { try { work(note(what)) } catch (e) {} }
  var me = req.userid, user = ClearBlade.User()
  tried('password', function (cb) { user.setUser({ password: 'another one' }, cb) })
  tried('email', function (cb) { user.setUser({ email: 'admin@example.com' }, cb) })
  tried('id', function (cb) { user.setUser({ user_id: 'x' }, cb) })
  tried('token', function (cb) { user.setUser({ cb_token: 'x', cb_service_account: true }, cb) })
  tried('roles', function (cb) { user.setUser({ roles: ['Administrator'] }, cb) })
  tried('others', function (cb) { user.setUsers(ClearBlade.Query(), { email: 'x' }, cb) })
  tried('all', function (cb) { user.allUsers(ClearBlade.Query(), cb) })
  tried('collection', function (cb) { ClearBlade.newCollection('Mine', cb) })
  tried('database', function (cb) { ClearBlade.Database().query('select * from accounts', cb) })
  ;['PUT', 'POST', 'DELETE'].forEach(function (method) {
    ;['/admin/user/' + req.systemKey, '/admin/user/' + req.systemKey + '/roles', '/admin/v/4/systemmanagement', '/api/v/4/user/manage', '/admin/code/v/1/' + req.systemKey + '/raisesItself', '/api/v/3/code/' + req.systemKey].forEach(function (path) {
      ;['ClearBlade-UserToken', 'ClearBlade-DevToken'].forEach(function (name) {
        var headers = {}
        headers[name] = req.userToken
        var body = { id: req.systemKey, user: me, auth_service: '', changes: { roles: { add: ['Administrator'] }, password: 'another one', services: [] }, code: 'resp.success(1)' }
        Requests()[method.toLowerCase()]({ uri: ClearBlade.URI + path, headers: headers, body: body }, note(method + ' ' + path))
      })
    })
  })
  resp.success(got)
}
