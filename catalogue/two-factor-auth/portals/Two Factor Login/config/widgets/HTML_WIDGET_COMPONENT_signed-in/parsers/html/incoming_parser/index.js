// Who signed in, by which factor, and for how long. Runs when the page is shown.
var granted = window.twoFactorLogin || {}
var user = CB_PORTAL.ClearBlade.user || {}
// A session of nobody has a token and no e-mail.
var isIn = Boolean(user.email && user.authToken)

function lengthOf(seconds) {
  var units = [['day', 86400], ['hour', 3600], ['minute', 60]]
  for (var i = 0; i < units.length; i++) {
    var count = Math.floor(seconds / units[i][1])
    if (count >= 1) return count + ' ' + units[i][0] + (count === 1 ? '' : 's')
  }
  return seconds + ' seconds'
}

function factorOf(factor) {
  if (factor.kind === 'password') return 'The password was enough.'
  if (factor.kind === 'passkey') return 'Granted by your passkey, ' + factor.to + '.'
  if (factor.kind === 'totp') return 'Granted by a code of your authenticator app.'
  if (factor.kind === 'recovery') return 'Granted by a recovery code, which is used now.'
  return 'Granted by the code that was sent to ' + factor.to + '.'
}

$('#resultingUser').text(isIn ? 'You are signed in as ' + user.email + '.' : 'You are not signed in.')
$('#resultingFactor').text(isIn && granted.factor ? factorOf(granted.factor) : '')
$('#resultingSession').text(
  isIn && granted.session_seconds ? 'This session lasts ' + lengthOf(granted.session_seconds) + '.' : ''
)
