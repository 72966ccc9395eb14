// The library signin with the account and the text of ConstantsTwoFactor. It makes the codes, sends them, counts the tries
// and knows the phones, apps and passkeys; here is only what the constants say about messages.
var TwilioSMS = (function () {
  var constants = { TWILIO_KEY: TWILIO_KEY, TWILIO_SECRET: TWILIO_SECRET, TWILIO_SOURCE_NUMBER: TWILIO_SOURCE_NUMBER }

  // The account to send with; undefined for the providers of the system.
  function provider() {
    if (missing().length > 0) return undefined
    return { kind: 'twilio', account: TWILIO_KEY, token: TWILIO_SECRET, from: TWILIO_SOURCE_NUMBER }
  }

  // The names of the constants of the account that are empty.
  function missing() {
    return Object.keys(constants).filter(function (name) {
      return !constants[name]
    })
  }

  function message() {
    return SMS_MESSAGE.indexOf('{code}') === -1 ? SMS_MESSAGE + ' {code}' : SMS_MESSAGE
  }

  return {
    missing: missing,
    // Asks the user whose password was proven for a passkey or a code, and sends one where the kind is 'phone': callback(err,
    // {challenge_id, kind, kinds, to, passkey, ...}). Without a kind the first of SECOND_FACTORS is taken that reaches the
    // user; at an edge, which may send nothing at this moment, recovery codes come last.
    challenge: function (proof, kind, callback, isEdge) {
      var wish = { authToken: proof, kind: kind, message: message(), provider: provider() }
      // A library that was edited before this constant came has none.
      var order = typeof SECOND_FACTORS === 'undefined' ? [] : SECOND_FACTORS
      if (isEdge && order.length === 0) order = ['passkey', 'totp', 'phone']
      if (isEdge && order.indexOf('recovery') === -1) order = order.concat('recovery')
      if (kind === undefined && order.length !== 0) wish.kinds = order
      signin.challenge(wish, callback)
    },
    // A new code in place of the one that did not arrive; the same data.
    resend: function (challengeId, callback) {
      signin.resend({ challenge_id: challengeId, message: message(), provider: provider() }, callback)
    },
    // Compares the code, or looks at the answer of a passkey: callback(err, {authToken, user_id, email, factor, session_seconds}).
    answer: function (challengeId, code, callback) {
      signin.answer({ challenge_id: challengeId, code: code }, callback)
    },
  }
})()
