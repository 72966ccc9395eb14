// Throws a proxy that throws at everything.
// ends: threw
function service(req, resp) {
  var angry = { get: function () { throw angry2 }, getPrototypeOf: function () { throw angry2 }, has: function () { throw angry2 } }
  var angry2 = new Proxy({}, angry)
  throw angry2
}
