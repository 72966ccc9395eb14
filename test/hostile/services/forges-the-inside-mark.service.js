// Says that its request comes from another run, from inside, and from somewhere trusted.
// requires: clearblade,http
// timeout: 20
// ends: success {"refused":12,"asSelf":6}
function forgesTheInsideMark(req, resp) {
  var marks = ['x', '', 'gh_inside_' + new Array(44).join('A'), ['a', 'b'], '__proto__', 'true'], refused = 0, asSelf = 0
  marks.forEach(function (mark) {
    var forged = { 'gatehouse-inside': mark, 'Gatehouse-Inside': mark, 'GATEHOUSE-INSIDE': mark, 'X-Forwarded-For': '127.0.0.1', 'X-Real-IP': '127.0.0.1', Host: 'localhost' }
    function ask(path, more, callback) {
      var headers = Object.assign({}, forged, more)
      Requests().get({ uri: ClearBlade.URI + path, headers: headers }, callback)
    }
    ask('/api/v/1/user/info', {}, function (err) { if (err) refused++ })
    ask('/admin/userinfo', {}, function (err) { if (err) refused++ })
    ask('/api/v/1/user/info', { 'ClearBlade-UserToken': req.userToken }, function (err, text) { if (!err && JSON.parse(text).user_id === req.userid) asSelf++ })
  })
  resp.success({ refused: refused, asSelf: asSelf })
}
