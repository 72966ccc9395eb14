// Imports a module of the process.
// dialect: modern
// ends: answered {"success":true,"value":["refused","refused","refused"]}
function service(req, resp) {
  const refused = (name) => import(name).then(() => 'reached', () => 'refused')
  Promise.all(['node:fs', 'fs', './main.cjs'].map(refused)).then(resp.success)
}
