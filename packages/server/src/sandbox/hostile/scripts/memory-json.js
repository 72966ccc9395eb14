// A short text that is millions of arrays once it is read.
// ends: out-of-memory|too-much|crashed|timed-out|threw
function service(req, resp) {
  resp.success(JSON.parse('[' + new Array(12000000).join('[],') + '[]]').length)
}
