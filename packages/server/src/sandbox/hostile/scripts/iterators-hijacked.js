// Replaces iterators, Reflect and the methods of maps and promises while the library works with what it was given.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
function service(req, resp) {
  var reached = [], apply = Reflect.apply, busy = false
  function watch(owner, name) {
    var real = owner[name]
    owner[name] = function () {
      if (!busy) {
        busy = true
        for (var i = 0; i < arguments.length; i++) {
          if (typeof arguments[i] === 'function' && arguments[i] !== mine) reached[reached.length] = String(name) + ' saw a function'
        }
        busy = false
      }
      return apply(real, this, arguments)
    }
  }
  function mine() {}
  watch(Array.prototype, Symbol.iterator); watch(Array.prototype, 'push'); watch(Array.prototype, 'map')
  watch(Map.prototype, 'get'); watch(Map.prototype, 'set'); watch(WeakMap.prototype, 'get'); watch(Set.prototype, 'has')
  watch(Reflect, 'get'); watch(Reflect, 'apply'); watch(Reflect, 'ownKeys'); watch(Promise, 'resolve')
  watch(RegExp.prototype, 'exec'); watch(String.prototype, 'replace'); watch(Symbol, 'for')
  Object.prototype.get = function () { reached[reached.length] = 'a descriptor was read' }
  try { call('echo', { a: [1, 2] }) } catch (e) {}
  try { log('a', [1]) } catch (e) {}
  try { start('echo', {}).then(mine, mine) } catch (e) {}
  delete Object.prototype.get
  resp.success(reached)
}
