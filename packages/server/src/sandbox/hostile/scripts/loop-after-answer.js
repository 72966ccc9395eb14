// One endless thing.
// ends: answered
function service(req, resp) {
  eval('try { resp.success(1) } catch (e) { for (;;) {} }')
}
