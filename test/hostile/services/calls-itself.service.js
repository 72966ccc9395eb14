// Calls itself, as deep as it is let.
// requires: clearblade
// timeout: 20
// ends: success 8
function callsItself(req, resp) {
  var depth = req.params.depth || 0
  ClearBlade.Code().execute('callsItself', { depth: depth + 1 }, false, function (err, data) {
    if (err) resp.success(depth)
    resp.success(data.results !== undefined ? data.results : JSON.parse(data).results)
  })
}
