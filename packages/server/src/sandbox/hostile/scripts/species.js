// Turns the species and the then of promises into its own.
// ends: answered {"success":true,"value":"mine"}
function service(req, resp) {
  var got = 0
  Object.prototype.then = undefined
  Object.defineProperty(Promise.prototype, 'constructor', { get: function () { got++; return Promise } })
  Promise.prototype.then = (function (then) { return function (a, b) { return Reflect.apply(then, this, [a, b]) } })(Promise.prototype.then)
  start('nothing', {}).then(function () { resp.success('mine') })
}
