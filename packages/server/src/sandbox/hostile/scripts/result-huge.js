// Too much of one thing.
// ends: too-much|out-of-memory|threw|timed-out
function service(req, resp) {
  resp.success('x'.repeat(200 << 20))
}
