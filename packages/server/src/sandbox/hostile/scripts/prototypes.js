// Replaces the built-ins that a careless library would use, and watches what passes through them.
// ends: answered {"success":true,"value":[]}
function service(req, resp) {
  var reached = [], busy = false
  function spy(owner, name) {
    var original = owner[name]
    owner[name] = function () {
      if (!busy) {
        busy = true
        var all = [this]
        for (var i = 0; i < arguments.length; i++) all[all.length] = arguments[i]
        for (i = 0; i < all.length; i++) if (typeof all[i] === 'function' && all[i] !== mine) reached[reached.length] = name + ' saw a function'
        busy = false
      }
      return Reflect.apply(original, this, arguments)
    }
  }
  function mine() {}
  ;['call', 'apply', 'bind'].forEach(function (name) { var o = Function.prototype[name]; Function.prototype[name] = function () { reached[reached.length] = name; return o } })
  spy(JSON, 'parse'); spy(JSON, 'stringify')
  spy(String.prototype, 'slice'); spy(String.prototype, 'charCodeAt')
  spy(Object, 'freeze'); spy(Object, 'create'); spy(Object, 'defineProperty')
  Array.prototype.__defineSetter__('0', function (v) { reached[reached.length] = 'setter 0' })
  Object.prototype.__defineSetter__('value', function (v) { reached[reached.length] = 'setter value' })
  globalThis.JSON = { parse: mine, stringify: mine }
  globalThis.Promise = mine
  globalThis.String = mine
  call('nothing', { a: 1 })
  log('x')
  Math.random()
  start('nothing', {})
  delete Object.prototype.value
  delete Array.prototype[0]
  resp.success(reached)
}
