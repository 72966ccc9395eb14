// The auth service: a password, then a passkey or a code: by text message, of an authenticator app, or a recovery code. The
// platform makes, sends, checks and counts them (TwilioSMS); here stands what a client sends and gets, who owes a second
// factor, and when people may come (TwoFactorRules).
//
//   {email, password}              begins, with or without "factor": 1; the answer's options hold the factor_id
//   {email, password, factor_kind} the same, by "passkey", "totp", "phone" or "recovery" and no other
//   {factor: 2, factor_id, code}   ends it; an e-mail and a password beside them are not read. For a passkey the code is the
//                                  object that the browser made
//   {factor_id, resend: true}      sends a new code
//
// Where devices are remembered, "remember_device": true beside the code gives a device_token in the options, and the same
// "device_token" beside e-mail and password stands in for the code.
function authOverride(req, resp) {
  var params = req.params
  var pendingMinutes = 15
  var rowsAtOnce = 20
  var rememberDays = TwoFactorRules.daysToRemember()

  function refuse(message) {
    resp.error({ authToken: '', user_id: '', options: { err: true, message: message } })
  }

  // The texts of refusals of the platform are for people.
  function refuseWith(problem) {
    refuse(String(problem))
  }

  // TwoFactorAuthTokens is a window for the developer and decides nothing: a row says that a code is pending, and in
  // development which one. So a row that cannot be written or removed is no reason to refuse anybody.
  function note(err, data) {
    if (err) log('TwoFactorAuthTokens: ' + data)
  }

  function pending() {
    return ClearBlade.Query({ collectionName: 'TwoFactorAuthTokens' })
  }

  // Says which sign-in is meant, and is no key to it.
  function traceOf(challengeId) {
    return 'pending ' + crypto.createHash('sha256').update(challengeId).digest('hex').slice(0, 16)
  }

  function showPending(challenge) {
    var row = {
      email: challenge.email,
      auth_token: traceOf(challenge.challenge_id),
      sms_code: challenge.code || '',
      auth_date: new Date().toISOString(),
    }
    ClearBlade.Collection({ collectionName: 'TwoFactorAuthTokens' }).create(row, note)
  }

  function hidePending(challengeId) {
    pending().equalTo('auth_token', traceOf(challengeId)).remove(note)
  }

  function hideExpired() {
    var oldest = new Date(Date.now() - pendingMinutes * 60 * 1000).toISOString()
    var expired = pending().lessThan('auth_date', oldest).ascending('auth_date').setPage(rowsAtOnce, 1)
    expired.fetch(function (err, page) {
      if (err) return note(err, page)
      page.DATA.forEach(function (row) {
        pending().equalTo('item_id', row.item_id).remove(note)
      })
    })
  }

  function wordsFor(challenge) {
    if (challenge.kind === 'passkey') return 'Use your passkey.'
    if (challenge.kind === 'totp') return 'Enter the code that your authenticator app shows.'
    if (challenge.kind === 'recovery') return 'Enter one of your recovery codes.'
    return 'Enter the code that was sent to ' + challenge.to + '.'
  }

  // At an edge, why no code was sent to the phone: nobody shall wait for one.
  function notSent(challenge) {
    var phones = (challenge.passed_over || []).filter(function (over) {
      return over.kind === 'phone'
    })
    return req.context.proven.edge && phones.length > 0 ? phones[0].why + ' ' : ''
  }

  function askForCode(challenge) {
    showPending(challenge)
    hideExpired()
    resp.success({
      authToken: '',
      user_id: '',
      options: {
        err: false,
        message: notSent(challenge) + wordsFor(challenge),
        factor_id: challenge.challenge_id,
        kind: challenge.kind,
        kinds: challenge.kinds,
        to: challenge.to,
        passkey: challenge.passkey,
        expires_at: challenge.expires_at,
      },
    })
  }

  // The names of the roles of the user whose password was proven; none where they cannot be read.
  function rolesOf(userId) {
    var names = []
    ClearBlade.Roles().getRolesForUser(userId, function (err, roles) {
      if (err) log('The roles cannot be read: ' + roles)
      else names = roles.map(function (role) { return role.name })
    })
    return names
  }

  function checkPassword() {
    var proven
    try {
      ClearBlade.init({
        systemKey: req.systemKey,
        systemSecret: req.systemSecret,
        email: params.email,
        password: params.password,
        callback: function (err, body) {
          if (err) refuseWith(body)
          proven = body
        },
      })
    } catch (problem) {
      refuse('The e-mail or the password is not right.')
    }
    return proven
  }

  // Ends the sign-in where this is a device that is remembered; goes on where it is not, and the code is asked for.
  function knownDevice(proven) {
    if (rememberDays === 0 || !isText(params.device_token)) return
    var device = { authToken: proven.authToken, device_token: params.device_token, days: rememberDays }
    signin.knownDevice(device, function (err, known) {
      if (!err) welcome(known, {})
    })
  }

  // Puts a token into the options where the person asked for one. Without one he is in all the same.
  function remember(answer) {
    var more = {}
    if (rememberDays === 0 || params.remember_device !== true) return more
    signin.remember({ authToken: answer.authToken, days: rememberDays }, function (err, device) {
      if (err) return log('The device is not remembered: ' + device)
      more.device_token = device.device_token
      more.device_expires_at = device.expires_at
    })
    return more
  }

  function welcome(answer, more) {
    var options = {
      err: false,
      message: 'Welcome',
      email: answer.email,
      factor: answer.factor,
      session_seconds: answer.session_seconds,
    }
    Object.keys(more).forEach(function (name) {
      options[name] = more[name]
    })
    resp.success({ authToken: answer.authToken, user_id: answer.user_id, options: options })
  }

  function firstFactor() {
    var proven = checkPassword()
    var roles = TwoFactorRules.excuses ? rolesOf(proven.user_id) : []
    ClearBlade.init({ request: req })
    if (TwoFactorRules.isTrusted(req.context.proven.address) || TwoFactorRules.passwordIsEnough(roles)) {
      resp.success({
        authToken: proven.authToken,
        user_id: proven.user_id,
        options: { err: false, message: 'Welcome', email: proven.email, factor: { kind: 'password' } },
      })
    }
    knownDevice(proven)
    var asked = function (err, challenge) {
      if (err) refuseWith(challenge)
      askForCode(challenge)
    }
    TwilioSMS.challenge(proven.authToken, kind, asked, !!req.context.proven.edge)
  }

  function resend() {
    TwilioSMS.resend(params.factor_id, function (err, challenge) {
      if (err) refuseWith(challenge)
      hidePending(params.factor_id)
      askForCode(challenge)
    })
  }

  function secondFactor() {
    // JSON carries a code as a number too, without the zeros in front.
    var code = typeof params.code === 'number' ? ('000000' + params.code).slice(-6) : params.code
    if (!isText(code) && !isOfPasskey(code)) refuse('The code is missing.')
    TwilioSMS.answer(params.factor_id, code, function (err, answer) {
      if (err) refuseWith(answer)
      hidePending(params.factor_id)
      welcome(answer, remember(answer))
    })
  }

  function isText(value) {
    return typeof value === 'string' && value !== ''
  }

  // What a browser makes of the answer of a passkey; the platform looks into it.
  function isOfPasskey(value) {
    return typeof value === 'object' && value !== null && value.type === 'public-key'
  }

  ClearBlade.init({ request: req })
  if (!req.context) refuse('This service is asked by the node at a sign-in. Name it as the auth service of the system.')
  var closed =
    TwoFactorRules.refusal(new Date()) ||
    TwoFactorRules.refusalOfPlace(req.context.proven) ||
    TwoFactorRules.refusalOf(req.context.claimed.position)
  if (closed) refuse(closed)
  // A client that says nothing about factors begins, as one that knows of none does.
  var said = params.factor !== undefined && params.factor !== null
  var factor = said ? String(params.factor) : params.factor_id || params.code ? '2' : '1'
  var again = params.resend === true
  var kind = params.factor_kind === null ? undefined : params.factor_kind
  if (factor !== '1' && factor !== '2') refuse('The factor must be 1 or 2.')
  if (kind !== undefined && ['passkey', 'totp', 'phone', 'recovery'].indexOf(kind) === -1) {
    refuse('The factor_kind must be passkey, totp, phone or recovery.')
  }
  if ((factor === '2' || again) && !isText(params.factor_id)) refuse('The factor_id of the first step is missing.')
  if (again) resend()
  if (factor === '2') secondFactor()
  firstFactor()
}
