// The passwords of the three accounts. One that stays empty is made up, and shown once in the answer.
var AUTH_OVERRIDE_ACCOUNT_PASSWORD = ''
var PORTAL_EDITOR_PASSWORD = ''
var TEST_USER_PASSWORD = ''

// The phone of test@example.com, with + and the country code. In development it may stay empty.
var TEST_USER_PHONE = ''

// Makes the accounts and gives them their roles; run it as the developer, as often as you like. Accounts that are there
// keep their passwords, unless one is set above.
function SetupTwoFactorAuth(req, resp) {
  var accounts = [
    { email: 'authOverrideAccount@example.com', role: 'authOverrideRole', password: AUTH_OVERRIDE_ACCOUNT_PASSWORD },
    { email: 'portalEditor@example.com', role: 'portalEditor', password: PORTAL_EDITOR_PASSWORD },
    { email: 'test@example.com', role: 'Authenticated', password: TEST_USER_PASSWORD, phone: TEST_USER_PHONE },
  ]
  // Belongs to nobody: numbers with 555-01 are for examples.
  var phoneOfNobody = '+12015550123'
  var platformUrl = PLATFORM_URL || ClearBlade.URI
  var asDeveloper = { 'ClearBlade-DevToken': req.userToken }
  var users = []

  function fail(message, problems) {
    resp.error({ message: message, problems: problems, users: users })
  }

  // Ends the run where a call failed. What was made until then stays, and running again goes on from there.
  function demand(what) {
    return function (err, data) {
      if (err) fail('The set-up stopped: ' + what + ' failed.', [String(data)])
    }
  }

  function byEmail(email) {
    var query = ClearBlade.Query()
    query.equalTo('email', email)
    return query
  }

  function find(email) {
    var found
    ClearBlade.User().allUsers(byEmail(email), function (err, page) {
      if (err) fail('Nothing was set up. Run this service as a developer.', [String(page)])
      found = page.Data[0]
    })
    return found
  }

  // 24 of 32 signs, 120 bits; none of them looks like another.
  function makePassword() {
    var signs = 'abcdefghijkmnpqrstuvwxyz23456789'
    var bytes = crypto.getRandomValues(new Uint8Array(24))
    return Array.from(bytes, function (byte) { return signs[byte % signs.length] }).join('')
  }

  function register(email, password) {
    var userId
    ClearBlade.init({
      systemKey: req.systemKey,
      systemSecret: req.systemSecret,
      registerUser: true,
      email: email,
      password: password,
      callback: function (err, body) {
        demand('making ' + email)(err, body)
        userId = body.user_id
      },
    })
    ClearBlade.init({ request: req })
    return userId
  }

  function setPassword(user, password) {
    var change = {
      uri: ClearBlade.URI + '/admin/user/' + req.systemKey,
      headers: asDeveloper,
      body: { user: user.user_id, changes: { password: password } },
    }
    Requests().put(change, demand('setting the password of ' + user.email))
  }

  // A text that is no phone number stands in the column, and no code can be sent to it.
  function demandBound(userId, email) {
    var uri = ClearBlade.URI + '/admin/v/4/system/' + req.systemKey + '/users/' + userId + '/authenticators'
    Requests().get({ uri: uri, headers: asDeveloper }, function (err, text) {
      demand('looking up the phone of ' + email)(err, text)
      var bound = JSON.parse(text).some(function (one) {
        return one.kind === 'phone' && one.state === 'bound'
      })
      if (!bound) fail('The set-up stopped.', ['No code can be sent to the phone of ' + email + '. Write it with + and the country code.'])
    })
  }

  function setUp(account) {
    var done = { email: account.email, roles: ['Authenticated'] }
    var userId
    if (account.found) {
      userId = account.found.user_id
      if (account.password) setPassword(account.found, account.password)
    } else {
      var password = account.password || makePassword()
      userId = register(account.email, password)
      if (!account.password) done.password = password
    }
    users.push(done)
    if (account.role !== 'Authenticated') done.roles.push(account.role)
    done.roles.forEach(function (role) {
      ClearBlade.Roles().addRoleToUser(userId, role, demand('giving ' + role + ' to ' + account.email))
    })
    if (account.phone) {
      ClearBlade.User().setUsers(
        byEmail(account.email),
        { sms_phone: account.phone },
        demand('setting the phone of ' + account.email)
      )
      demandBound(userId, account.email)
      done.phone = account.phone
    }
  }

  function problemsOf(where, testUser) {
    var problems = TwoFactorRules.problems()
    var missing = TwilioSMS.missing()
    var names = missing.join(', ')
    if (missing.length === 1 || missing.length === 2) {
      problems.push('Some of the Twilio account is missing in ConstantsTwoFactor: ' + names + '.')
    }
    if (where.where === 'provider') {
      if (missing.length === 0 && !/^AC[0-9a-f]{32}$/i.test(TWILIO_KEY)) {
        problems.push('TWILIO_KEY in ConstantsTwoFactor is no Account SID: AC and 32 hex digits.')
      }
      if (missing.length === 3 && where.providers.length === 0) {
        problems.push('Nothing can send messages: fill in ' + names + ' in ConstantsTwoFactor, or give the system message_providers.')
      }
      if (!testUser.phone && !(testUser.found && testUser.found.sms_phone)) {
        problems.push('TEST_USER_PHONE in SetupTwoFactorAuth is empty, so no code can reach ' + testUser.email + '.')
      }
    }
    return problems
  }

  function whereTo(where) {
    if (where.where === 'inbox') return 'Messages go to the inbox of this system.'
    if (TwilioSMS.missing().length === 0) return 'Messages go to phones, by the Twilio account of ConstantsTwoFactor.'
    return 'Messages go to phones, by ' + where.providers.join(', ') + '.'
  }

  ClearBlade.init({ request: req })
  accounts.forEach(function (account) {
    account.found = find(account.email)
  })
  var where = Messages.where()
  var testUser = accounts[2]
  var problems = problemsOf(where, testUser)
  if (problems.length > 0) fail('Nothing was set up. ' + problems.join(' '), problems)
  var madeUp = !testUser.phone && !(testUser.found && testUser.found.sms_phone)
  if (madeUp) testUser.phone = phoneOfNobody

  accounts.forEach(setUp)
  resp.success({
    message: 'Success. The three users are there, with their roles. ' + whereTo(where) +
      (madeUp ? ' The phone of ' + testUser.email + ' is made up and belongs to nobody.' : ''),
    users: users,
    messages: { where: where.where },
    next: [
      'Let authOverride run as authOverrideAccount@example.com. In the console: Code, authOverride, the wrench, Properties, Run as, Apply. Or: gatehouse service set authOverride --run-as authOverrideAccount@example.com',
      'Let authOverride decide sign-ins. In the console: Info, System Settings, Access, Auth Service, Save. Or: gatehouse system set --auth-service authOverride',
      'Sign in as test@example.com at ' + platformUrl + ', with the key and the secret of the system.' +
        (where.where === 'inbox' ? ' The code is in the inbox: gatehouse inbox' : ''),
    ],
  })
}
