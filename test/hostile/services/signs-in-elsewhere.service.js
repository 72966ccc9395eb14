// Signs in to another system, whose key, secret and passwords it knows.
// requires: clearblade
// ends: success ["refused","refused","refused","refused"]
function signsInElsewhere(req, resp) {
  var other = req.params.other, got = []
  function tell(err) { got.push(err ? 'refused' : 'in') }
  ClearBlade.init({ systemKey: other.key, systemSecret: other.secret, email: other.email, password: other.password, callback: tell })
  ClearBlade.init({ systemKey: other.key, systemSecret: other.secret, callback: tell })
  ClearBlade.init({ systemKey: other.key, systemSecret: other.secret, registerUser: true, email: 'x@example.com', password: 'correct horse', callback: tell })
  ClearBlade.init({ systemKey: req.systemKey, systemSecret: 'wrong', email: other.email, password: other.password, callback: tell })
  resp.success(got)
}
