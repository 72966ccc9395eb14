// Replaces the built-ins that a careless library would use, to see tokens and to speak for the library.
// requires: clearblade,http
// ends: success {"seen":[],"err":true}
function replacesBuiltIns(req, resp) {
  var seen = [], real = JSON.stringify
  function spy(value) { try { if (/gh[a-z]_|session/.test(real(value))) seen.push(real(value)) } catch (e) {} return value }
  JSON.stringify = function (v) { spy(v); return '{"collection":{"name":"Secrets"},"session":"run"}' }
  JSON.parse = function (v) { spy(v); return { ok: true, value: { DATA: ['forged'] } } }
  Array.prototype.push = function (v) { spy(v); this[this.length] = v; return this.length }
  Array.prototype.map = Array.prototype.forEach = Object.keys = function () { spy(arguments); return [] }
  Function.prototype.call = Function.prototype.apply = function () { spy(arguments) }
  String.prototype.replace = String.prototype.slice = function () { spy(this); return 'x' }
  Promise = Map = Set = WeakMap = Error = Object.assign = Object.defineProperty = function () { spy(arguments); return {} }
  var error
  ClearBlade.Collection({ collectionName: 'Secrets' }).fetch(function (err) { error = err })
  resp.success({ seen: seen, err: error })
}
