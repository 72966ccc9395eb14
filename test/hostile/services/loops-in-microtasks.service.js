// A promise after a promise.
// dialect: modern
// timeout: 1
// ends: failed execution timeout|more memory|ended
async function loopsInMicrotasks(req, resp) {
  (function again() { Promise.resolve().then(again) })(); await new Promise(() => {})
}
