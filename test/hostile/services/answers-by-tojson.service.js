// Answers once more while its answer is being written.
// ends: error "first"
function answersByTojson(req, resp) {
  resp.success({ toJSON: function () { resp.error('first') } })
}
