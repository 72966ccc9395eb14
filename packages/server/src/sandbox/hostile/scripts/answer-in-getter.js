// Is asked for its error's name and answers instead.
// ends: threw
function service(req, resp) {
  throw { get name() { resp.success('name') }, get message() { resp.success('message') }, get stack() { resp.success('stack') } }
}
