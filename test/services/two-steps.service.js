// Password first, then a code; what the first step proved waits in a collection.
function authOverride(req, resp) {
  var answer = { authToken: '', user_id: '', options: { err: true, message: 'no' } };
  if (req.params.factor === 1) {
    try {
      ClearBlade.init({
        systemKey: req.systemKey,
        systemSecret: req.systemSecret,
        email: req.params.email,
        password: req.params.password,
        callback: function (err, body) {
          if (err) resp.error(answer);
          ClearBlade.init({ request: req });
          var pending = { token: body.authToken, code: '424242' };
          ClearBlade.Collection({ collectionName: 'Pending' }).create(pending, function (err, data) {
            if (err) resp.error(answer);
            answer.options = { err: false, factor_id: data[0].item_id };
            resp.success(answer);
          });
        },
      });
    } catch (e) {
      resp.error(answer);
    }
  }
  ClearBlade.init({ request: req });
  var query = ClearBlade.Query({ collectionName: 'Pending' });
  query.equalTo('item_id', req.params.factor_id).equalTo('code', req.params.code);
  query.fetch(function (err, data) {
    if (err || data.DATA.length !== 1) resp.error(answer);
    resp.success({ authToken: data.DATA[0].token, user_id: '', options: { err: false } });
  });
}
