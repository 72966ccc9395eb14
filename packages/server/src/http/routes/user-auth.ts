/** How users come in and go out (rest-api.md §2.1 and §3). No logic here: it is `domain/auth`. */
import { errorEnvelope, GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Log } from '../../base/log.ts'
import { type Registration, register } from '../../domain/auth/register.ts'
import { endSession, ownDataAge } from '../../domain/auth/sessions.ts'
import { type SignInResult, signIn, signInAnonymously } from '../../domain/auth/sign-in.ts'
import type { SignInDoor } from '../../engine/trial/trial.ts'
import { noteError, readError } from '../errors.ts'
import { empty, Reply, route } from '../route.ts'
import { AnyObject } from './shapes.ts'

/** A refusal keeps the contract's shape; as 401 it also carries the envelope, for clients that read that alone. */
const refusal = (answer: Record<string, unknown>, status: 200 | 401): Reply =>
  status === 200
    ? new Reply(answer)
    : new Reply(
        {
          ...answer,
          error: {
            id: crypto.randomUUID(),
            code: 918,
            level: 1,
            category: 'User',
            message: 'Sign-in refused',
            detail: 'The sign-in was refused.',
            line: '',
          },
          statusCode: 401,
        },
        { status },
      )

/** Of a session that an edge made: how old what it was decided on was, in seconds. Of others nothing is said. */
const ageFields = (dataAge: number | null): { data_age_seconds?: number } =>
  dataAge === null ? {} : { data_age_seconds: Math.floor(dataAge / 1000) }

/** A sign-in as it travels (rest-api.md §3). */
export function signInAnswer(result: SignInResult): unknown {
  if (result.state === 'in') {
    return {
      user_token: result.token,
      user_id: result.userId,
      expires_at: result.expiresAt,
      refresh_token: result.refreshToken,
      ...ageFields(result.dataAge),
      ...(result.options !== undefined && { options: result.options }),
    }
  }
  const answer = { user_token: '', user_id: result.userId, options: result.options }
  return result.state === 'more' ? answer : refusal(answer, result.status)
}

/** What a client is answered at this door, whatever comes of it; for whoever tries a sign-in. */
export const signInDoor =
  (log: Log): SignInDoor =>
  async (scope, params, ask) => {
    try {
      const answer = signInAnswer(await signIn({ ...scope, caller: { kind: 'nobody' } }, params, ask))
      return answer instanceof Reply ? { status: answer.status, body: answer.body } : { status: 200, body: answer }
    } catch (error) {
      const known = readError(error)
      return { status: known.status, body: errorEnvelope(known, noteError(log, error, known, { door: 'a trial' })) }
    }
  }

const registrationAnswer = (made: Registration): unknown =>
  refusal(
    {
      user_id: made.userId,
      user_token: made.token,
      email: made.email,
      creation_date: made.creationDate,
      expires_at: made.expiresAt,
      refresh_token: made.refreshToken,
      options: made.options,
    },
    made.status,
  )

export const userAuthRoutes = [
  route({
    method: 'POST',
    path: '/api/v/1/user/auth',
    allow: 'system',
    summary: 'Sign a user in with e-mail and password, or by what the auth service asks; or refresh a session',
    body: AnyObject,
    handle: async (scope, { body, ask }) =>
      signInAnswer(await signIn({ ...scope, caller: { kind: 'nobody' } }, body, ask)),
  }),
  route({
    method: 'POST',
    path: '/api/v/1/user/anon',
    allow: 'system',
    summary: 'Open an anonymous session',
    handle: async (scope) => {
      const session = await signInAnonymously(scope)
      return { user_token: session.token, expires_at: session.expiresAt }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v/1/user/reg',
    allow: 'system',
    summary: 'Register a user',
    body: AnyObject,
    handle: async (scope, { body, ask }) =>
      registrationAnswer(await register({ ...scope, caller: { kind: 'nobody' } }, body, ask)),
  }),
  route({
    method: 'POST',
    path: '/api/v/1/user/checkauth',
    allow: 'system or session',
    summary: 'Tell whether a token is good',
    handle: async (scope) => {
      if (scope.caller.kind === 'nobody')
        throw new GatehouseError('notAuthenticated', 'Invalid token.', { hint: 'Sign in again.' })
      return { is_authenticated: true, ...ageFields(await ownDataAge(scope)) }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v/1/user/logout',
    allow: 'system or session',
    summary: 'End the session of the token; without a token there is nothing to end',
    // The C SDK takes an answer that is not empty for a failure; the Node SDK sends no token (rest-api.md §7).
    handle: async (scope) => {
      const { caller } = scope
      if ((caller.kind === 'user' || caller.kind === 'anonymous') && caller.sessionId !== undefined) {
        await endSession(scope, scope.system.key, caller.sessionId)
      }
      return empty()
    },
  }),
]
