// Built-ins that ask nobody while they work, and would come back late with a success.
// ends: timed-out|out-of-memory|too-much|crashed|threw
function service(req, resp) {
  for (var turn = 0; turn < 200; turn++) {
    var all = []
    for (var i = 0; i < 400000; i++) all.push(String((i * 7919) % 400009))
    all.sort()
    ;'é'.repeat(1 << 20).normalize('NFD').split('')
  }
  resp.success('all')
}
