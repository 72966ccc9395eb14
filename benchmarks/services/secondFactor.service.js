function secondFactor(req, resp) {
  var refuse = function (err) { resp.error({ authToken: '', user_id: '', options: { message: String(err) } }); };
  if (req.params.factor_id !== undefined) {
    return signin.answer({ challenge_id: req.params.factor_id, code: req.params.code }, function (err, data) {
      if (err) return refuse(data);
      resp.success({ authToken: data.authToken, user_id: data.user_id, options: { factor: data.factor.kind } });
    });
  }
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) return refuse(body);
      signin.challenge({ authToken: body.authToken }, function (failed, data) {
        if (failed) return refuse(data);
        resp.success({ authToken: '', user_id: '', options: { factor_id: data.challenge_id } });
      });
    },
  });
}
