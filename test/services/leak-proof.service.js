function leak(req, resp) {
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) resp.error(body);
      ClearBlade.User().getUser(function (err, me) {
        resp.success({ authToken: body.authToken, me: me.user_id });
      });
    },
  });
}
