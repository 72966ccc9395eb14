// Throws nothing.
// ends: threw
function service(req, resp) { throw null }
