// An answer whose fields throw when they are read.
// ends: failed not today
function answersWithGetters(req, resp) {
  resp.success({ get a() { throw new Error('not today') } })
}
