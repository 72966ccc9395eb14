// Answers while its answer is being written.
// ends: answered {"success":false,"value":"first"}
function service(req, resp) {
  resp.success({ toJSON: function () { resp.error('first') } })
}
