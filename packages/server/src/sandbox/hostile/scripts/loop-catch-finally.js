// One endless thing.
// ends: timed-out
function service(req, resp) {
  while (true) { try { for (;;) {} } catch (e) {} finally { continue } }
}
