// Pretends to have timed out.
// ends: threw
function service(req, resp) { Promise.reject(new Error('Script execution timed out.')) }
