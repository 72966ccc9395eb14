// Writes a log without end.
// requires: clearblade,log
// as: developer
// timeout: 2
// ends: success "written"
// log: at most 300000
function floodsTheLog(req, resp) {
  for (var i = 0; i < 20000; i++) log(new Array(200).join('flood '))
  resp.success('written')
}
