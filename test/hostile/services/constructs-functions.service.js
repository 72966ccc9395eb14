// Makes functions from text in every way there is, and looks for what lies outside.
// ends: success []
function constructsFunctions(req, resp) {
  var found = []
  var makers = [Function, function () {}.constructor, resp.success.constructor, (0, eval)('(function*(){})').constructor, (0, eval)('(async function(){})').constructor, ClearBlade.init.constructor]
  makers.forEach(function (make) {
    ;['process', 'require', 'module', 'Buffer', 'ivm', 'global', 'Deno', '__filename', 'WebAssembly.instantiateStreaming', 'XMLHttpRequest', 'importScripts', 'Worker', 'SharedArrayBuffer.prototype.constructor.constructor("return process")()'].forEach(function (name) {
      try {
        var value = make('return ' + name)()
        if (value && value.next) value = value.next().value
        if (value !== undefined && !(value && value.then)) found.push(name)
      } catch (e) {}
    })
  })
  resp.success(found)
}
