/**
 * The library `signin`: lets a system's auth service say who is in, and ask for a second factor before it does. The node
 * refuses it to every other run.
 */
export function installSignin(library) {
  const { own, calls } = library

  /** Blocking; a refusal goes to the callback, and is thrown where there is none. */
  function settle(callback, name, makeArgs) {
    const reply = calls.perform(name, undefined, makeArgs)
    if (!reply.ok) {
      if (typeof callback !== 'function') throw calls.exception(reply.error)
      calls.respond(callback, true, calls.failure(reply.error))
      return undefined
    }
    calls.respond(callback, false, reply.value)
    return reply.value
  }

  /** The named properties of a wish, which a stranger may have written. */
  function wishOf(wish, names, what) {
    if (!own.isObject(wish)) throw calls.badRequest(`${what} needs an object.`)
    const args = {}
    for (let i = 0; i < names.length; i++) args[names[i]] = wish[names[i]]
    return args
  }

  own.defineGlobal('signin', {
    /**
     * Grants a session to a user: `grant({user_id, options}[, callback])` returns `{authToken, user_id, options}`, which
     * the service answers with `resp.success`. With a callback a refusal goes there; without one it is thrown.
     */
    grant(wish, callback) {
      const last = typeof callback === 'function' ? callback : wish?.callback
      return settle(last, 'auth.grant', () => {
        if (!own.isObject(wish) || typeof wish.user_id !== 'string' || wish.user_id === '') {
          throw calls.badRequest('signin.grant needs the user_id of the user who signs in.')
        }
        return { user_id: wish.user_id, options: wish.options }
      })
    },
    /**
     * Asks whoever proved the password for a second factor: `challenge({authToken[, kind, kinds, message, digits,
     * provider]}[, callback])` gives `{challenge_id, user_id, email, kind, kinds, to, expires_at}`. `kind` is `passkey`,
     * `totp`, `phone` or `recovery`; without it the user's passkey is taken, else the app, else the phone. `kinds` is a
     * list in its place: the first that the user has and that can be reached; `passed_over` has those before it, as
     * `{kind, why}`. To a phone a code is sent: `message` holds
     * `{code}`, and the answer has `where`, in development `code` too. For a passkey the answer has `passkey`, which goes
     * to the browser as it is. `authToken` is spent.
     */
    challenge: (wish, callback) =>
      settle(callback, 'auth.challenge', () =>
        wishOf(wish, ['authToken', 'kind', 'kinds', 'message', 'digits', 'provider'], 'signin.challenge'),
      ),
    /** Another code for the same attempt: `resend({challenge_id, message[, digits, provider]}[, callback])`. */
    resend: (wish, callback) =>
      settle(callback, 'auth.resend', () =>
        wishOf(wish, ['challenge_id', 'message', 'digits', 'provider'], 'signin.resend'),
      ),
    /**
     * Checks the code, or the object that the browser made for a passkey: `answer({challenge_id, code}[, callback])` gives
     * `{authToken, user_id, email, factor, session_seconds}`; the service answers with that `authToken`.
     */
    answer: (wish, callback) =>
      settle(callback, 'auth.answer', () => wishOf(wish, ['challenge_id', 'code'], 'signin.answer')),
    /**
     * Remembers the device of a sign-in with a second factor: `remember({authToken, days}[, callback])`, with the
     * `authToken` that `answer` gave, before it is answered with, gives `{device_token, expires_at}`.
     */
    remember: (wish, callback) =>
      settle(callback, 'auth.remember', () => wishOf(wish, ['authToken', 'days'], 'signin.remember')),
    /**
     * Beside a proven password, the token of a device in the place of a second factor:
     * `knownDevice({authToken, device_token, days}[, callback])` gives the same as `answer`, or refuses; then `authToken` is
     * still good for `challenge`.
     */
    knownDevice: (wish, callback) =>
      settle(callback, 'auth.knownDevice', () =>
        wishOf(wish, ['authToken', 'device_token', 'days'], 'signin.knownDevice'),
      ),
  })
}
