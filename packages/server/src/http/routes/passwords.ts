/** New passwords that are asked for: by developers, and set by users. No logic here: it is `domain/auth/password-change.ts`. */
import { askForNewPassword } from '../../domain/accounts/new-password.ts'
import { changeVoidPassword, sendPasswordCode } from '../../domain/auth/password-change.ts'
import type { SendMessage } from '../../domain/sending/send.ts'
import { route } from '../route.ts'
import { AnyObject } from './shapes.ts'

const own = '/api/v/4/user/password'

export const passwordRoutes = (send: SendMessage) => [
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/users/:user/new-password',
    allow: 'system developer',
    summary: 'Ask a user for a new password: {reason}, "asked" or "exposed"; until then the one of now opens nothing',
    body: AnyObject,
    handle: (scope, { params, body }) => askForNewPassword(scope, params.user!, body.reason),
  }),
  route({
    method: 'POST',
    path: `${own}/code`,
    allow: 'system',
    summary: 'Where a new password is asked for: a code of the own phone, or a passkey, with the password of now',
    body: AnyObject,
    handle: (scope, { body }) => sendPasswordCode({ ...scope, caller: { kind: 'nobody' } }, send, body),
  }),
  route({
    method: 'POST',
    path: `${own}/change`,
    allow: 'system',
    summary:
      'Where a new password is asked for: set it, with the password of now and a second factor; opens no session',
    body: AnyObject,
    handle: (scope, { body }) => changeVoidPassword({ ...scope, caller: { kind: 'nobody' } }, body),
  }),
]
