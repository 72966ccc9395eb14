/**
 * The library `signin`: lets a system's auth service say who is in. The node refuses it to every other run.
 */
export function installSignin(library) {
  const { own, calls } = library

  own.defineGlobal('signin', {
    /**
     * Grants a session to a user: `grant({user_id, options}[, callback])` returns `{authToken, user_id, options}`, which
     * the service answers with `resp.success`. With a callback a refusal goes there; without one it is thrown.
     */
    grant(wish, callback) {
      const last = typeof callback === 'function' ? callback : wish?.callback
      const reply = calls.perform('auth.grant', undefined, () => {
        if (!own.isObject(wish) || typeof wish.user_id !== 'string' || wish.user_id === '') {
          throw calls.badRequest('signin.grant needs the user_id of the user who signs in.')
        }
        return { user_id: wish.user_id, options: wish.options }
      })
      if (!reply.ok) {
        if (typeof last !== 'function') throw calls.exception(reply.error)
        calls.respond(last, true, calls.failure(reply.error))
        return undefined
      }
      calls.respond(last, false, reply.value)
      return reply.value
    },
  })
}
