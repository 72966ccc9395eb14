/* Asks for the password, then for a code, as an auth service does; what a test wants done otherwise stands in its body. */
function secondFactor(req, resp) {
  var refuse = function (err) {
    resp.error({ authToken: '', user_id: '', options: { err: true, message: String(err) } })
  }
  var message = 'Your code is {code}'
  var asked = function (err, data) {
    if (err) return refuse(data)
    resp.success({ authToken: '', user_id: '', options: { factor_id: data.challenge_id, code: data.code, to: data.to, kind: data.kind, kinds: data.kinds, passkey: data.passkey } })
  }
  if (req.params.resend) return signin.resend({ challenge_id: req.params.factor_id, message: message }, asked)
  if (req.params.factor_id !== undefined) {
    return signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, data) {
      if (err) return refuse(data)
      resp.success({ authToken: data.authToken, user_id: data.user_id, options: { factor: data.factor.kind, email: data.email } })
    })
  }
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) return refuse(body)
      signin.challenge({ authToken: body.authToken, kind: req.params.kind, kinds: req.params.kinds, message: message, digits: req.params.digits }, function (failed, data) {
        // A careless service: it lets in by the password alone when the second factor cannot be asked for.
        if (req.params.careless) return resp.success({ authToken: body.authToken, user_id: body.user_id, options: {} })
        asked(failed, data)
      })
    },
  })
}
