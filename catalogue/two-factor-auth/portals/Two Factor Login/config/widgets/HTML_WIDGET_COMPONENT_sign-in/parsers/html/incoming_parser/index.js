// Two steps of the same call: e-mail and password, then the code or the passkey. What the first step answers stays in this widget; what
// the second one grants goes to the page of success.
var system = {}
var factorId = ''
var passkey

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
  $('#input_div').hide()
  $('#confirmation_div').show()
}

function submitPassword() {
  system = { key: $('#systemKey_input').val().trim(), secret: $('#systemSecret_input').val().trim() }
  var email = $('#email_input').val().trim()
  call({ email: email, password: $('#password_input').val(), factor: 1 }, function (answer) {
    $('#password_input').val('')
    // Where the password is enough, the first step grants already.
    if (answer.user_token) enter(answer, email)
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
