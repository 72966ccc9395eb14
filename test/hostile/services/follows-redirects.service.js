// Is let out to one place, which sends it on to where it may not go.
// requires: clearblade,http
// timeout: 20
// ends: success []
function followsRedirects(req, resp) {
  var answered = []
  req.params.hops.forEach(function (uri) {
    Requests().get({ uri: 'https://api.example.com/to?' + encodeURIComponent(uri), timeout: 2 }, function (err, text) { if (!err) answered.push(uri + ' ' + text) })
  })
  resp.success(answered)
}
