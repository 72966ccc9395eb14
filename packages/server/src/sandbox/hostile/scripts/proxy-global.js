// Puts a proxy under the global object and under every prototype it can, to see what the library looks up.
// ends: answered|threw
function service(req, resp) {
  var trap = new Proxy({}, { get: function (t, k, r) { throw new Error('looked up ' + String(k)) }, has: function () { throw new Error('asked') }, set: function () { throw new Error('set') } })
  try { Object.setPrototypeOf(Object.getPrototypeOf(globalThis), trap) } catch (e) {}
  try { Object.setPrototypeOf(Function.prototype, trap) } catch (e) {}
  try { Object.setPrototypeOf(Array.prototype, trap) } catch (e) {}
  call('nothing', { a: [1] })
  resp.success(1)
}
