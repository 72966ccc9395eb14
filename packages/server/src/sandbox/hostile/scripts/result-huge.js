// Too much of one thing.
// ends: too-much|out-of-memory|threw
function service(req, resp) {
  resp.success('x'.repeat(200 << 20))
}
