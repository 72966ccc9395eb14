/** Developers' own accounts and sessions (rest-api.md §2.2). */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { NodeScope } from '../../domain/access/scope.ts'
import { changeDeveloper } from '../../domain/accounts/developers.ts'
import { owesFactor } from '../../domain/auth/developer-factors.ts'
import {
  answerDeveloper,
  changeDeveloperPassword,
  type DeveloperSession,
  developerRecord,
  registerAndSignIn,
  type SecondFactorOwed,
  signInDeveloper,
} from '../../domain/auth/developer-sign-in.ts'
import { demandAnswer } from '../../domain/auth/enrolment.ts'
import { endSession } from '../../domain/auth/sessions.ts'
import { presented } from '../callers.ts'
import { empty, route } from '../route.ts'
import { AnyObject, demandText } from './shapes.ts'

const answer = (session: DeveloperSession) => ({
  dev_token: session.token,
  user_id: session.developerId,
  expires_at: session.expiresAt,
  refresh_token: session.refreshToken,
  is_two_factor: false,
})

const verifyPath = '/admin/auth/verify'

/**
 * No token, and what the contract's clients go on with. The Go SDK wants every one of the texts, `dev_token` too. The last four
 * are Gatehouse's own: `passkey` is for `navigator.credentials.get` of a browser.
 */
const owedAnswer = ({ clock }: NodeScope, { owed }: SecondFactorOwed) => ({
  ...{ dev_token: '', user_id: '', expires_at: 0, refresh_token: '', is_two_factor: true },
  next_step_url: verifyPath,
  intermediate_token: owed.handle,
  two_factor_method: owed.kind,
  otp_id: owed.handle,
  otp_issued: new Date(clock.now()).toISOString(),
  two_factor_kinds: owed.kinds,
  to: owed.to,
  two_factor_expires: new Date(owed.expiresAt).toISOString(),
  ...(owed.passkey !== undefined && { passkey: owed.passkey }),
})

export const developerRoutes = [
  route({
    method: 'POST',
    path: '/admin/auth',
    allow: 'anybody',
    summary: 'Sign a developer in, or refresh the session; where a second factor is owed, no token but an attempt',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const got = await signInDeveloper(scope, body)
      return 'owed' in got ? owedAnswer(scope, got) : answer(got)
    },
  }),
  route({
    method: 'POST',
    path: verifyPath,
    allow: 'anybody',
    summary: 'Answer the second factor of an attempt: its intermediate_token as ClearBlade-DevToken, and {code}',
    body: AnyObject,
    handle: async (scope, { body, headers }) => {
      const handle = presented(headers).developerToken ?? demandText(body, 'otp_id')
      return answer(await answerDeveloper(scope, { handle, code: demandAnswer(body.code) }))
    },
  }),
  route({
    method: 'POST',
    path: '/admin/reg',
    allow: 'anybody',
    summary: 'Register a developer; in production with an invitation as "key"',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const text = (name: string): string =>
        typeof body[name] === 'string' ? (body[name] as string).slice(0, 200) : ''
      const session = await registerAndSignIn(scope, {
        email: demandText(body, 'email'),
        password: demandText(body, 'password'),
        firstName: text('fname'),
        lastName: text('lname'),
        organisation: text('org'),
        key: text('key') === '' ? undefined : text('key'),
      })
      return answer(session)
    },
  }),
  route({
    method: 'POST',
    path: '/admin/checkauth',
    allow: 'developer',
    summary: 'Tell whether a developer token is good',
    handle: async () => ({ is_authenticated: true }),
  }),
  route({
    method: 'POST',
    path: '/admin/logout',
    allow: 'developer',
    summary: 'End the session of the developer token',
    handle: async (scope) => {
      const { caller } = scope
      if (caller.kind === 'developer' && caller.sessionId !== undefined) await endSession(scope, '', caller.sessionId)
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: '/admin/userinfo',
    allow: 'developer',
    summary: 'The own record of the developer',
    handle: async (scope) => {
      const developer = await developerRecord(scope)
      const owes = await owesFactor(scope, developer.id)
      return {
        userid: developer.id,
        email: developer.email,
        fname: developer.firstName,
        lname: developer.lastName,
        org: developer.organisation,
        admin: developer.admin,
        creation_date: Math.floor(developer.createdAt / 1000),
        last_login: developer.lastLoginAt === null ? 0 : Math.floor(developer.lastLoginAt / 1000),
        phone: '',
        phone_validated: false,
        email_validated: false,
        two_factor_enabled: owes,
        two_factor_enabled_instance: true,
        two_factor_method: '',
      }
    },
  }),
  route({
    method: 'PUT',
    path: '/admin/userinfo',
    allow: 'developer',
    summary: 'Change the own name or organisation',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const developer = await developerRecord(scope)
      const owes = await owesFactor(scope, developer.id)
      for (const name of ['phone', 'two_factor_enabled', 'two_factor_method']) {
        if (body[name] !== undefined && body[name] !== '' && body[name] !== owes) {
          throw new GatehouseError('notOffered', 'Second factors are not switched on or off by the own record.', {
            hint: 'Bind an authenticator app or a passkey in the console, under My account. Codes by phone are not offered.',
          })
        }
      }
      const text = (name: string) => (typeof body[name] === 'string' ? (body[name] as string).slice(0, 200) : undefined)
      const changes = { firstName: text('fname'), lastName: text('lname'), organisation: text('org') }
      if (Object.values(changes).every((value) => value === undefined)) {
        throw new GatehouseError('noChanges', 'Of the own record fname, lname and org can be changed; none was sent.')
      }
      await changeDeveloper(scope, developer.id, JSON.parse(JSON.stringify(changes)))
      return { success: true }
    },
  }),
  route({
    method: 'PUT',
    path: '/admin/putpass',
    allow: 'developer',
    summary: 'Change the own password',
    body: AnyObject,
    handle: async (scope, { body }) => {
      await changeDeveloperPassword(scope, body.old_password, body.new_password)
      return 'Success'
    },
  }),
]
