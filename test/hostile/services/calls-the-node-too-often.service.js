// 10,001 calls to the node.
// requires: clearblade
// timeout: 30
// ends: failed more calls to the platform than it may
function callsTheNodeTooOften(req, resp) {
  var own = ClearBlade.Collection({ collectionName: 'Secrets' })
  for (var i = 0; i < 10001; i++) own.fetch(function () {})
  resp.success('all were answered')
}
