// The auth service: the password must be right, and the hour within the shift that the user's record names.
// A user without a shift may come at any hour.
function shiftSignIn(req, resp) {
  function note(email, decision) {
    ClearBlade.init({ request: req })
    var row = { email: email, decision: decision, at: new Date().toISOString() }
    ClearBlade.Collection({ collectionName: 'ShiftSignIns' }).create(row, function (err, data) {
      if (err) log('The row could not be written: ' + data)
    })
  }

  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: function (err, body) {
      if (err) {
        resp.error({ options: { reason: 'The e-mail or the password is not right.' } })
      }
      ClearBlade.init({ request: req })
      var query = ClearBlade.Query()
      query.equalTo('user_id', body.user_id)
      ClearBlade.User().allUsers(query, function (err, users) {
        if (err || users.Data.length !== 1) {
          resp.error({ options: { reason: 'Your shift cannot be looked up now.' } })
        }
        var user = users.Data[0]
        var free = user.shift_from === null || user.shift_to === null
        if (!free && !ShiftHours.contains(user.shift_from, user.shift_to, ShiftHours.now())) {
          note(user.email, 'outside the shift')
          resp.error({ options: { reason: 'Your shift is from ' + user.shift_from + ' to ' + user.shift_to + ' o\'clock UTC.' } })
        }
        note(user.email, 'let in')
        body.options = { shift: free ? 'any' : user.shift_from + '-' + user.shift_to }
        resp.success(body)
      })
    },
  })
}
