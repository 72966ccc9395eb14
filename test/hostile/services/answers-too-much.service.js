// An answer of 40 MB.
// timeout: 10
// ends: failed larger than it may be
function answersTooMuch(req, resp) {
  resp.success(new Array(40 * 1024 * 1024).join('x'))
}
