// Takes all the memory it can get.
// ends: silent|out-of-memory|crashed|timed-out|threw
// cpu: 3000
function service(req, resp) {
  var s = 'x'.repeat(3 << 20); for (var i = 0; i < 50; i++) start('echo', s)
}
