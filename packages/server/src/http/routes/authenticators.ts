/**
 * How a user binds an authenticator app, a passkey or a phone and gets recovery codes. No logic here: it is
 * `domain/auth/enrolment.ts` and `phone-change.ts`.
 */

import { authenticatorsOf, type ShownAuthenticator } from '../../domain/accounts/authenticators.ts'
import { devicesOf, forgetDevices, ownUserId } from '../../domain/auth/devices.ts'
import {
  beginAuthenticator,
  confirmAuthenticator,
  giveEnrolment,
  renewRecoveryCodes,
  sendFreshCode,
} from '../../domain/auth/enrolment.ts'
import { beginPhone, confirmPhone } from '../../domain/auth/phone-change.ts'
import type { SendMessage } from '../../domain/sending/send.ts'
import { renewCodesForEdge } from '../../edge/place-codes.ts'
import { route } from '../route.ts'
import { AnyObject } from './shapes.ts'

const own = '/api/v/4/user/authenticators'
const ownDevices = '/api/v/4/user/devices'
const theirDevices = '/admin/v/4/system/:key/users/:user/devices'

/** Who bound it, and what was counted against it, is for developers. */
const ownFields = (one: ShownAuthenticator): Record<string, unknown> => ({
  ...{ id: one.id, kind: one.kind, label: one.label, state: one.state },
  ...('boundAt' in one && { bound_at: one.boundAt, used_at: one.usedAt }),
  ...('left' in one && { left: one.left }),
  ...('edge' in one && { edge: one.edge, spent: one.spent }),
})

export const authenticatorRoutes = (send: SendMessage) => [
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/users/:user/enrolment',
    allow: 'system developer',
    summary: 'A one-time code with which the user binds an app, a passkey or a phone; shown once',
    handle: (scope, { params }) => giveEnrolment(scope, params.user!),
  }),
  route({
    method: 'GET',
    path: theirDevices,
    allow: 'system developer',
    summary: 'On which devices the user is remembered',
    handle: (scope, { params }) => devicesOf(scope, params.user!),
  }),
  route({
    method: 'DELETE',
    path: theirDevices,
    allow: 'system developer',
    summary: 'Forget the devices of the user: the second factor is asked for again',
    handle: (scope, { params }) => forgetDevices(scope, params.user!),
  }),
  route({
    method: 'GET',
    path: ownDevices,
    allow: 'system or session',
    summary: 'On which devices the user of the session is remembered',
    handle: (scope) => devicesOf(scope, ownUserId(scope)),
  }),
  route({
    method: 'DELETE',
    path: ownDevices,
    allow: 'system or session',
    summary: 'Forget all devices of the user of the session',
    handle: (scope) => forgetDevices(scope, ownUserId(scope)),
  }),
  route({
    method: 'GET',
    path: own,
    allow: 'system or session',
    summary: 'The second factors of the user of the session. Times in milliseconds',
    handle: async (scope) => (await authenticatorsOf(scope, ownUserId(scope))).map(ownFields),
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
    summary:
      'Begin an app, passkey or phone: with the password and an enrolment code, or in a session with a fresh code',
    body: AnyObject,
    handle: (scope, { body }) =>
      body.kind === 'phone' ? beginPhone(scope, send, body) : beginAuthenticator(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/confirm`,
    allow: 'system or session',
    summary:
      'Bind what was begun: by a code of the app, the answer of the passkey, or the code that a phone (kind "phone") got',
    body: AnyObject,
    handle: (scope, { body }) =>
      body.kind === 'phone' ? confirmPhone(scope, body) : confirmAuthenticator(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/recovery-codes`,
    allow: 'system or session',
    summary:
      'New recovery codes in the place of those before, or for one edge, in a session with the password and a fresh code',
    body: AnyObject,
    handle: (scope, { body }) =>
      body.edge === undefined ? renewRecoveryCodes(scope, body) : renewCodesForEdge(scope, body),
  }),
]
