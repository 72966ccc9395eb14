/** How a user binds an authenticator app or a passkey and gets recovery codes. No logic here: it is `domain/auth/enrolment.ts`. */
import {
  beginAuthenticator,
  confirmAuthenticator,
  giveEnrolment,
  renewRecoveryCodes,
  sendFreshCode,
} from '../../domain/auth/enrolment.ts'
import type { SendMessage } from '../../domain/sending/send.ts'
import { route } from '../route.ts'
import { AnyObject } from './shapes.ts'

const own = '/api/v/4/user/authenticators'

export const authenticatorRoutes = (send: SendMessage) => [
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/users/:user/enrolment',
    allow: 'system developer',
    summary: 'A one-time code with which the user binds an authenticator app or a passkey; shown once',
    handle: (scope, { params }) => giveEnrolment(scope, params.user!),
  }),
  route({
    method: 'POST',
    path: `${own}/code`,
    allow: 'system or session',
    summary:
      'Ask for a fresh code of the own phone or for a passkey, in a session with a second factor, with the password',
    body: AnyObject,
    handle: (scope, { body }) => sendFreshCode(scope, send, body),
  }),
  route({
    method: 'POST',
    path: `${own}/enrol`,
    allow: 'system or session',
    summary: 'Begin an app or a passkey: with the password and an enrolment code, or in a session with a fresh code',
    body: AnyObject,
    handle: (scope, { body }) => beginAuthenticator(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/confirm`,
    allow: 'system or session',
    summary:
      'Bind what was begun, by a code of the app or the answer of the passkey; answers recovery codes, shown once',
    body: AnyObject,
    handle: (scope, { body }) => confirmAuthenticator(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/recovery-codes`,
    allow: 'system or session',
    summary: 'New recovery codes in the place of those before, in a session with the password and a fresh code',
    body: AnyObject,
    handle: (scope, { body }) => renewRecoveryCodes(scope, body),
  }),
]
