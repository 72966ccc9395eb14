// Hands the proof to the client and takes it back: what a careless service would do.
function authOverride(req, resp) {
  if (req.params.step === 2) resp.success({ authToken: req.params.proof, user_id: '', options: {} });
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) resp.error('no');
      resp.success({ authToken: '', user_id: '', options: { proof: body.authToken } });
    },
  });
}
