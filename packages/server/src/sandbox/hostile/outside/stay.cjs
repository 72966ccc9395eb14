// The engine of another system, as far as its process goes: says that it is there, and stays until it is ended.
require('node:fs').writeSync(3, 'here')
setInterval(() => {}, 1000)
