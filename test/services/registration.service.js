function welcome(req, resp) {
  if (!req.params.invited) resp.error({ options: { reason: 'by invitation only' } });
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    registerUser: true,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) resp.error(body);
      body.options = { greeting: 'hello' };
      resp.success(body);
    },
  });
}
