// Factor 1: password, then a code by text message. Factor 2: that code.
function textMessage(req, resp) {
  var answer = { authToken: '', user_id: '', options: { err: true, message: 'Refused' } };
  ClearBlade.init({ request: req });
  if (req.params.factor === 2) {
    var query = ClearBlade.Query({ collectionName: 'Pending' });
    query.equalTo('item_id', req.params.factor_id);
    query.equalTo('sms_code', req.params.code);
    query.fetch(function (err, data) {
      if (err || data.DATA.length === 0) {
        resp.error(answer);
      }
      var row = data.DATA[0];
      var users = ClearBlade.Query();
      users.equalTo('email', row.email);
      ClearBlade.User().allUsers(users, function (err, found) {
        answer.authToken = row.auth_token;
        answer.user_id = found.Data[0].user_id;
        answer.options = { err: false, message: 'Welcome' };
        ClearBlade.Collection({ collectionName: 'Pending' }).remove(query, function () {
          resp.success(answer);
        });
      });
    });
  }
  try {
    ClearBlade.init({
      systemKey: req.systemKey,
      systemSecret: req.systemSecret,
      email: req.params.email,
      password: req.params.password,
      callback: function (err, body) {
        if (err) {
          throw 'The e-mail or the password is not right.';
        }
        ClearBlade.init({ request: req });
        var code = String(100000 + Math.floor(Math.random() * 900000));
        var pending = {
          email: req.params.email,
          auth_token: body.authToken,
          sms_code: code,
          auth_date: new Date().toISOString(),
        };
        ClearBlade.Collection({ collectionName: 'Pending' }).create(pending, function (err, data) {
          if (err) {
            throw data;
          }
          answer.options = { err: false, factor_id: data[0].item_id, message: 'Enter the code' };
        });
        var users = ClearBlade.Query();
        users.equalTo('email', req.params.email);
        ClearBlade.User().allUsers(users, function (err, data) {
          sendText(data.Data[0].sms_phone, 'Your code is ' + code, function (err, result) {
            if (err) {
              throw 'The message could not be sent: ' + result;
            }
            resp.success(answer);
          });
        });
      },
    });
  } catch (e) {
    answer.options = { err: true, message: typeof e === 'string' ? e : 'Refused: ' + e };
    resp.error(answer);
  }
}
