// Run once by a developer: reads the roles over HTTP, makes two accounts one after another, puts each into its role.
function setUpAccounts(req, resp) {
  var headers = { 'ClearBlade-DevToken': req.userToken };
  var roles = {};
  var made = [];

  Requests().get({ uri: PLATFORM_URL + '/admin/user/' + req.systemKey + '/roles', headers: headers, body: {} }, function (err, result) {
    if (err === true) {
      resp.error('roles: ' + result);
    }
    JSON.parse(result).forEach(function (role) {
      roles[role.Name] = role.ID;
    });
  });

  function makeAccount(email, password, phone, role) {
    var newUserId;
    ClearBlade.init({
      systemKey: req.systemKey,
      systemSecret: req.systemSecret,
      registerUser: true,
      email: email,
      password: password,
      callback: function (err, body) {
        if (err) {
          resp.error('register ' + email + ': ' + JSON.stringify(body));
        }
        newUserId = body.user_id;
        ClearBlade.init({ request: req });
        var query = ClearBlade.Query();
        query.equalTo('email', email);
        ClearBlade.User().setUsers(query, { sms_phone: phone }, function (err, data) {
          if (err) {
            resp.error('phone: ' + JSON.stringify(data));
          }
        });
      },
    });
    Requests().put(
      {
        uri: PLATFORM_URL + '/admin/user/' + req.systemKey,
        headers: headers,
        body: { user: newUserId, changes: { roles: { add: [roles[role]] } } },
      },
      function (err, result) {
        if (err === true) {
          resp.error('role: ' + result);
        }
        made.push(newUserId);
      }
    );
  }

  makeAccount('authRunner@example.com', 'runner of sign-ins', '', 'authRole');
  makeAccount('op@example.com', 'the plant is quiet', '+15005550006', 'Authenticated');
  resp.success(made);
}
