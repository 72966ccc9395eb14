// Asks for modules of the machine.
// dialect: modern
// ends: success ["refused","refused","refused","undefined","undefined"]
async function importsModules(req, resp) {
  const got = []
  for (const name of ['node:fs', 'fs', 'data:text/javascript,export default 1']) {
    try { await import(name); got.push('loaded ' + name) } catch (e) { got.push('refused') }
  }
  got.push(typeof require, typeof process)
  resp.success(got)
}
