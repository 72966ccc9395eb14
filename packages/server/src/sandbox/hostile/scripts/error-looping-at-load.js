// The same while the script is loading, where the error has to cross the boundary.
// ends: timed-out
var e = new Error('x')
Object.defineProperty(e, 'stack', { get: function () { for (;;) {} } })
throw e
