// 101 requests to the world.
// requires: clearblade,http
// timeout: 20
// ends: success {"tried":101,"last":"A run may send at most 100 requests."}
function requestsTooOften(req, resp) {
  var tried = 0, last
  for (var i = 0; i < 101; i++) Requests().get({ uri: 'http://127.0.0.1:1/' }, function (err, text) { tried++; last = text })
  resp.success({ tried: tried, last: last })
}
