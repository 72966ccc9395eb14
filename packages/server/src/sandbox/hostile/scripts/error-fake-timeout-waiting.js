// Waits longer than its computing time, then pretends to have timed out.
// ends: threw
function service(req, resp) {
  call('sleep', { ms: 400 })
  Promise.reject(new Error('Script execution timed out.'))
}
