// Makes host calls with no stack left, again and again.
// ends: answered|threw|too-much|timed-out
function service(req, resp) {
  function down() {
    try { down() } catch (e) { call('nothing', { a: 1 }); log('deep'); start('nothing', 1); Math.random() }
  }
  down()
  resp.success('up again')
}
