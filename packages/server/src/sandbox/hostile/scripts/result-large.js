// Too much of one thing.
// ends: too-much
function service(req, resp) {
  resp.success('x'.repeat(1 << 20))
}
