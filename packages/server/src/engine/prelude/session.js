/**
 * Who a service acts as: `ClearBlade.init` in all its forms and the calls that sign in, register and sign out. Holds the
 * current session; objects keep the one that was current when they were made.
 */
export function installSession(library) {
  const { own, calls, run } = library

  const nobody = { session: 'none', user: { email: null, authToken: null } }

  /** The run's own identity. Its token is asked of the node only when read. */
  function ofRun() {
    const user = {
      email: run.req.userEmail,
      user_id: run.req.userid,
      get authToken() {
        return run.req.userToken
      },
    }
    return { session: undefined, user }
  }

  /**
   * A session by token. What can be no token becomes nobody: a name like "run" must not be taken for the run's identity,
   * nor a missing token for none needed.
   */
  function ofToken(token, user) {
    if (typeof token !== 'string' || token === '' || token === 'run' || token === 'none') return nobody
    if (token === run.runToken.value) return ofRun()
    return { session: token, user: own.assign({ email: null }, user, { authToken: token }) }
  }

  /** `init({request})` and `init(req)`: the run's identity, unless the service has put another token into it. */
  function ofRequest(request) {
    if (!own.isObject(request)) throw new own.TypeError('ClearBlade.init needs the request object as request.')
    const { req, runToken } = run
    if (request === req) {
      if (runToken.untouched()) return ofRun()
      const { value } = own.getOwnPropertyDescriptor(req, 'userToken') ?? {}
      if (value !== undefined && value === runToken.value) return ofRun()
      return ofToken(value, { email: req.userEmail, user_id: req.userid })
    }
    return ofToken(request.userToken, { email: request.userEmail, user_id: request.userid })
  }

  // Calls before any init act as the run, which is what init({request: req}) would give.
  let current = nobody
  /** Registering signs in the new user, but a loop of registrations goes on in the name of who began it. */
  let registrar = current
  library.atBegin(() => become(ofRun(), false))

  function become(session, keepRegistrar) {
    current = session
    if (!keepRegistrar) registrar = session
  }

  const ofAnswer = (value, email) => ofToken(value.authToken, { email: value.email ?? email, user_id: value.user_id })

  const isText = (value) => typeof value === 'string' && value !== ''

  function credentials(email, password) {
    if (!isText(email) || !isText(password)) throw calls.badRequest('Email and password must both be given, as texts.')
    return { email, password }
  }

  /**
   * Proves or creates a user and makes it the current one. `finish(err, data, error)` gets the node's value or the failure.
   */
  function signIn(call, from, makeArgs, keepRegistrar, finish) {
    const reply = calls.perform(call, from.session, makeArgs)
    if (!reply.ok) {
      finish(reply.error)
      return
    }
    const value = own.isObject(reply.value) ? reply.value : {}
    become(ofAnswer(value), keepRegistrar)
    finish(undefined, value)
  }

  function initWithPassword(options, callback) {
    const { email, password, systemKey, systemSecret } = options
    const register = Boolean(options.registerUser)
    const makeArgs = () => own.assign(credentials(email, password), { systemKey, systemSecret })
    signIn(
      register ? 'auth.register' : 'auth.password',
      register ? registrar : current,
      makeArgs,
      register,
      (error, value) => {
        if (error === undefined) {
          calls.respond(callback, false, value)
          return
        }
        // The last init asked for a user that it did not get: acting on as someone else would be a surprise.
        become(nobody, register)
        if (typeof callback !== 'function') throw calls.exception(error)
        calls.respond(callback, true, calls.textOfError(error))
      },
    )
  }

  function init(options) {
    if (!own.isObject(options)) throw new own.TypeError('ClearBlade.init needs an object of options.')
    const callback = typeof options.callback === 'function' ? options.callback : undefined
    const isRequest = options === run.req
    if (!isRequest) {
      if (typeof options.systemKey === 'string') library.ClearBlade.systemKey = options.systemKey
      if (typeof options.systemSecret === 'string') library.ClearBlade.systemSecret = options.systemSecret
    }
    if (isRequest) {
      become(ofRequest(options))
    } else if (options.request !== undefined) {
      become(ofRequest(options.request))
    } else if ('email' in options || 'password' in options || options.registerUser) {
      initWithPassword(options, callback)
      return
    } else if (own.isObject(options.useUser)) {
      const { email, authToken, user_id } = options.useUser
      become(ofToken(authToken, { email, user_id }))
    } else if ('authToken' in options) {
      become(ofToken(options.authToken, {}))
    } else if ('userToken' in options) {
      become(ofRequest(options))
    } else {
      become(nobody)
      calls.respond(callback, true, 'No user was given: init needs a request, a token, or email and password.')
      return
    }
    calls.respond(callback, false, current.user)
  }

  const answerTo = (callback) => (error, value) => {
    if (error === undefined) calls.respond(callback, false, value)
    else calls.respond(callback, true, calls.failure(error))
  }

  const systemArgs = () => ({ systemKey: library.ClearBlade.systemKey, systemSecret: library.ClearBlade.systemSecret })

  const emailQuery = (emails) => ({ FILTERS: own.each(emails, (email) => [{ EQ: [{ email: email ?? null }] }]) })

  const methods = {
    init,
    setUser(email, authToken, userId) {
      become(ofToken(authToken, { email, user_id: userId }))
    },
    loginUser(email, password, callback) {
      const makeArgs = () => own.assign(credentials(email, password), systemArgs())
      signIn('auth.password', current, makeArgs, false, answerTo(callback))
    },
    registerUser(email, password, callback) {
      const makeArgs = () => own.assign(credentials(email, password), systemArgs())
      signIn('auth.register', registrar, makeArgs, true, answerTo(callback))
    },
    loginAnon(callback) {
      signIn('auth.anonymous', current, systemArgs, false, answerTo(callback))
    },
    reauthUser(userToken, refreshToken, callback) {
      const makeArgs = () => ({ token: userToken, refreshToken })
      signIn('auth.reauth', current, makeArgs, false, answerTo(callback))
    },
    isCurrentUserAuthenticated(callback) {
      calls.ask(
        callback,
        'auth.check',
        current.session,
        () => ({}),
        (value) => value === true,
      )
    },
    logoutUser(callback) {
      const reply = calls.perform('auth.logout', current.session, () => ({}))
      if (!reply.ok) {
        calls.respond(callback, true, calls.failure(reply.error))
        return
      }
      become(nobody)
      calls.respond(callback, false, { authToken: null, email: null })
    },
    deleteUser(email, callback) {
      calls.ask(callback, 'users.delete', current.session, () => ({ query: emailQuery([email]) }))
    },
    deleteUsers(emails, callback) {
      calls.ask(callback, 'users.delete', current.session, () => {
        if (!own.isArray(emails) || emails.length === 0) throw calls.badRequest('deleteUsers needs a list of emails.')
        return { query: emailQuery(emails) }
      })
    },
  }

  library.session = {
    methods,
    /** The session in force now: `{session, user}`; never changed afterwards, so objects may keep it. */
    current: () => current,
    /** What assigning `ClearBlade.user` does. */
    become: (user) => become(ofToken(user?.authToken, { email: user?.email, user_id: user?.user_id })),
  }
}
