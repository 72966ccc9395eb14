// Too much of one thing.
// ends: answered|timed-out|out-of-memory|threw
function service(req, resp) {
  log('x'.repeat(64 << 20)); resp.success(1)
}
