// One endless thing.
// ends: answered
function service(req, resp) {
  start('sleep', { ms: 1 }).then(resp.success).catch(function () { for (;;) {} })
}
