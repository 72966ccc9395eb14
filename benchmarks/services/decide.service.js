function decide(req, resp) {
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) resp.error('no');
      resp.success({ authToken: body.authToken, user_id: body.user_id, options: { shift: 'day' } });
    },
  });
}
