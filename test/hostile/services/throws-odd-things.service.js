// Throws something that fights being looked at.
// timeout: 1
// ends: failed .
function throwsOddThings(req, resp) {
  throw new Proxy(function () {}, { get: function () { throw 1 }, getPrototypeOf: function () { throw 2 }, ownKeys: function () { throw 3 } })
}
