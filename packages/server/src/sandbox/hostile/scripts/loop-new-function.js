// One endless thing.
// ends: timed-out|threw
function service(req, resp) {
  for (;;) new Function('return ' + 'x'.repeat(100000) + Math.random())
}
