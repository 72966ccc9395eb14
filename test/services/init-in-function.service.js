function authOverride(req, resp) {
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) {
        resp.error('initialization error ' + JSON.stringify(body));
      } else {
        body.options = { shift: 'day' };
        resp.success(body);
      }
    },
  });
}
