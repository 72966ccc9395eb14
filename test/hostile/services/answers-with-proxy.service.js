// An answer that is a proxy in which every field is another one.
// timeout: 1
// ends: failed execution timeout|RangeError|larger than it may be
function answersWithProxy(req, resp) {
  function make() {
    return new Proxy({}, {
      ownKeys: function () { return ['a', 'b'] },
      getOwnPropertyDescriptor: function () { return { configurable: true, enumerable: true } },
      get: function (target, key) { return key === 'toJSON' ? undefined : make() },
    })
  }
  resp.success(make())
}
