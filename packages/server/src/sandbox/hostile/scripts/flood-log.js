// Too much of one thing.
// ends: timed-out
function service(req, resp) {
  for (;;) log('x'.repeat(1000))
}
