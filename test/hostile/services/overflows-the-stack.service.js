// Recurses until the stack is full, in host calls too.
// ends: failed RangeError|stack
function overflowsTheStack(req, resp) {
  function deeper(n) { return { toJSON: function () { return JSON.stringify(deeper(n + 1)) } } }
  ClearBlade.Collection({ collectionName: 'Own' }).create({ a: 1, b: deeper(0) }, function () {})
  ;(function again() { again() })()
}
