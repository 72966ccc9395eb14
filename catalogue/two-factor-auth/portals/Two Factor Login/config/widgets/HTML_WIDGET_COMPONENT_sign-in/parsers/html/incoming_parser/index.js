// Two steps of the same call: e-mail and password, then the code or the passkey. What the first step answers stays in this widget; what
// the second one grants goes to the page of success.
var system = {}
var factorId = ''
var passkey
// E-mail and password, until somebody is in: another second factor begins with them again. Not longer than a page with the second step
// may be left alone.
var given = {}
var leftAlone
var leftAloneMs = 5 * 60 * 1000
var otherWords = {
  passkey: 'Use a passkey',
  totp: 'Use the authenticator app',
  phone: 'Send a text message',
  recovery: 'Use a recovery code',
}

function say(message) {
  $('#message_div').text(message)
}

function messageOf(answer) {
  var options = typeof answer === 'object' && answer !== null ? answer.options : undefined
  return (options && options.message) || 'The sign-in failed. Check the key and the secret of the system.'
}

function call(body, done) {
  say('')
  CB_PORTAL.Loader.show()
  var options = {
    method: 'POST',
    endpoint: 'api/v/1/user/auth',
    systemKey: system.key,
    systemSecret: system.secret,
    URI: CB_PORTAL.ClearBlade.URI,
    timeout: CB_PORTAL.ClearBlade._callTimeout,
    useUser: false,
    body: body,
  }
  window.ClearBlade.request(options, function (err, answer) {
    CB_PORTAL.Loader.hide()
    if (err || !answer.options || answer.options.err) say(messageOf(answer))
    else done(answer)
  })
}

function enter(answer, email) {
  clearTimeout(leftAlone)
  given = {}
  window.twoFactorLogin = answer.options
  CB_PORTAL.ClearBlade.setUser(answer.options.email || email, answer.user_token)
  CB_PORTAL.selectPage('/SuccessPage')
}

function askForCode(answer) {
  factorId = answer.options.factor_id
  passkey = answer.options.passkey
  $('#sent_message').text(answer.options.message)
  $('#code_input').val('')
  $('#code_div').toggle(!passkey)
  $('#submit_passkey').toggle(!!passkey)
  // An authenticator app shows its codes itself.
  $('#submit_resend').toggle(answer.options.kind === 'phone')
  // Recovery codes have letters.
  $('#code_input').attr('inputmode', answer.options.kind === 'recovery' ? 'text' : 'numeric')
  offerOthers(answer.options.kinds || [], answer.options.kind)
  $('#input_div').hide()
  $('#confirmation_div').show()
  clearTimeout(leftAlone)
  leftAlone = setTimeout(beginAnew, leftAloneMs)
}

function beginAnew() {
  given = {}
  factorId = ''
  passkey = undefined
  $('#code_input').val('')
  $('#other_div').empty()
  $('#confirmation_div').hide()
  $('#input_div').show()
  say('This page was open for five minutes. Enter your password again.')
}

function offerOthers(kinds, asked) {
  $('#other_div').empty()
  kinds.forEach(function (kind) {
    if (kind === asked || !otherWords[kind]) return
    var button = $('<button class="btn btn-link" type="button"></button>').text(otherWords[kind])
    button.click(function () {
      begin(kind)
    })
    $('#other_div').append(button)
  })
}

function submitPassword() {
  system = { key: $('#systemKey_input').val().trim(), secret: $('#systemSecret_input').val().trim() }
  given = { email: $('#email_input').val().trim(), password: $('#password_input').val() }
  begin()
}

// By that second factor, or by the one that the system names.
function begin(kind) {
  var body = { email: given.email, password: given.password, factor: 1 }
  if (kind) body.factor_kind = kind
  call(body, function (answer) {
    $('#password_input').val('')
    // Where the password is enough, the first step grants already.
    if (answer.user_token) enter(answer, given.email)
    else askForCode(answer)
  })
}

function submitCode() {
  var body = { factor: 2, factor_id: factorId, code: $('#code_input').val().trim() }
  call(body, function (answer) {
    enter(answer, '')
  })
}

// The browser asks its user, by finger, face or PIN.
function submitPasskey() {
  say('')
  var publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(passkey)
  navigator.credentials.get({ publicKey: publicKey }).then(
    function (credential) {
      call({ factor: 2, factor_id: factorId, code: credential.toJSON() }, function (answer) {
        enter(answer, '')
      })
    },
    function () {
      say('The passkey was not used. Try again.')
    },
  )
}

function submitResend() {
  call({ factor_id: factorId, resend: true }, askForCode)
}

function onEnter(id, act) {
  document.getElementById(id).onkeydown = function (event) {
    if (event.key === 'Enter') act()
  }
}

$('#confirmation_div').hide()
$('#submit_login').click(submitPassword)
$('#submit_confirmation').click(submitCode)
$('#submit_passkey').click(submitPasskey)
$('#submit_resend').click(submitResend)
onEnter('password_input', submitPassword)
onEnter('code_input', submitCode)
