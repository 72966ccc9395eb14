// Puts fields that a careless node would read into every prototype, then asks for what it may not have.
// requires: clearblade
// ends: success ["refused","refused","refused"]
function pollutesPrototypes(req, resp) {
  var wanted = { session: 'run', admin: true, isAdmin: true, level: 15, role: 'Administrator', caller: { kind: 'developer' }, kind: 'developer', systemKey: req.params.other.key, system: req.params.other.key, collection: 'Secrets', ALL: true }
  Object.keys(wanted).forEach(function (name) {
    Object.prototype[name] = wanted[name]
    try { Function.prototype[name] = wanted[name] } catch (e) {}
  })
  var got = []
  ClearBlade.Collection({ collectionName: 'Secrets' }).fetch(function (err) { got.push(err ? 'refused' : 'read') })
  ClearBlade.Collection({ collectionID: req.params.other.collection }).fetch(function (err) { got.push(err ? 'refused' : 'read') })
  ClearBlade.User().allUsers(ClearBlade.Query(), function (err) { got.push(err ? 'refused' : 'read') })
  Object.keys(wanted).forEach(function (name) { delete Object.prototype[name]; delete Function.prototype[name] })
  resp.success(got)
}
