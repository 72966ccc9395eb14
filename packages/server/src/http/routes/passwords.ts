/**
 * New passwords: that developers ask for, and that users set. No logic here: it is `domain/auth/password-change.ts` and
 * `password-reset.ts`.
 */
import { askForNewPassword } from '../../domain/accounts/new-password.ts'
import { changeVoidPassword, sendPasswordCode } from '../../domain/auth/password-change.ts'
import { askForReset, resetPath, setByReset } from '../../domain/auth/password-reset.ts'
import type { SendMessage } from '../../domain/sending/send.ts'
import { resetPage } from '../reset-page.ts'
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
  route({
    method: 'POST',
    path: `${own}/reset`,
    allow: 'system',
    summary:
      'Send a link for a new password to {email}; the answer is the same whether there is such an account or not',
    body: AnyObject,
    handle: (scope, { body }) => askForReset({ ...scope, caller: { kind: 'nobody' } }, body),
  }),
  route({
    method: 'POST',
    path: `${own}/reset/confirm`,
    allow: 'anybody',
    summary: 'Set a new password by what stands in such a link: {system_key, token, new_password}; opens no session',
    body: AnyObject,
    handle: (scope, { body }) => setByReset({ ...scope, caller: { kind: 'nobody' } }, body),
  }),
  route({
    method: 'GET',
    path: resetPath,
    allow: 'anybody',
    summary: 'The page behind such a link',
    handle: async () => resetPage(),
  }),
]
