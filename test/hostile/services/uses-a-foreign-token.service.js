// Acts with tokens that are not its own: another system's, a made-up one, words with a meaning inside the node.
// requires: clearblade,http
// timeout: 10
// ends: success []
function usesAForeignToken(req, resp) {
  var got = []
  req.params.tokens.forEach(function (token) {
    function note(what) { return function (err, data) { if (!err) got.push(what + ' ' + token.slice(0, 6) + ' ' + JSON.stringify(data)) } }
    ClearBlade.init({ systemKey: req.systemKey, systemSecret: req.systemSecret, useUser: { email: 'x@example.com', authToken: token }, callback: function () {} })
    try { ClearBlade.User().getUser(note('getUser')) } catch (e) {}
    try { ClearBlade.Collection({ collectionName: 'Own' }).fetch(note('fetch')) } catch (e) {}
    try { ClearBlade.Code().execute('usesAForeignToken', { tokens: [] }, false, note('execute')) } catch (e) {}
    ;['ClearBlade-UserToken', 'ClearBlade-DevToken', 'ClearBlade-DeviceToken'].forEach(function (name) {
      var headers = { 'ClearBlade-SystemKey': req.systemKey, 'ClearBlade-SystemSecret': req.systemSecret }
      headers[name] = token
      Requests().get({ uri: ClearBlade.URI + '/api/v/1/user/info', headers: headers }, note('info'))
      Requests().get({ uri: ClearBlade.URI + '/admin/user/' + req.systemKey, headers: headers }, note('users'))
      Requests().get({ uri: ClearBlade.URI + '/api/v/1/collection/' + req.systemKey + '/Own', headers: headers }, note('rows'))
    })
  })
  resp.success(got)
}
