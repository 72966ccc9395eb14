// One endless thing.
// ends: timed-out
function service(req, resp) {
  JSON.stringify({ get a() { for (;;) {} } })
}
