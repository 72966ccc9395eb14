// One endless thing.
// ends: timed-out
function service(req, resp) {
  resp.success({ toJSON: function () { for (;;) {} } })
}
