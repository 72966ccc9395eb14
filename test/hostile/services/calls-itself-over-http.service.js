// Calls itself through the public URL, to be a new caller each time.
// requires: clearblade,http
// timeout: 20
// ends: success 8
function callsItselfOverHttp(req, resp) {
  var depth = req.params.depth || 0
  Requests().post({
    uri: ClearBlade.URI + '/api/v/1/code/' + req.systemKey + '/callsItselfOverHttp',
    headers: { 'ClearBlade-UserToken': req.userToken },
    body: { depth: depth + 1 },
  }, function (err, text) {
    var answer = err ? {} : JSON.parse(text)
    resp.success(answer.success ? answer.results : depth)
  })
}
