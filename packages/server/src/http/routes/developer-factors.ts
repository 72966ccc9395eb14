/** A developer's own second factors. No logic here: it is `domain/auth/developer-factors.ts`. Gatehouse's own calls. */
import {
  askFresh,
  beginFactor,
  confirmFactor,
  ownFactors,
  removeFactor,
  renewOwnCodes,
} from '../../domain/auth/developer-factors.ts'
import { developerRecord } from '../../domain/auth/developer-sign-in.ts'
import { route } from '../route.ts'
import { AnyObject } from './shapes.ts'

const own = '/admin/userinfo/authenticators'

export const developerFactorRoutes = [
  route({
    method: 'GET',
    path: own,
    allow: 'developer',
    summary: 'The own second factors of the developer',
    handle: async (scope) => ownFactors(scope, (await developerRecord(scope)).id),
  }),
  route({
    method: 'POST',
    path: `${own}/challenge`,
    allow: 'developer',
    summary: 'Ask for a fresh answer of a passkey, with the password',
    body: AnyObject,
    handle: (scope, { body }) => askFresh(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/enrol`,
    allow: 'developer',
    summary: 'Begin an app or a passkey, with the password; once there is one, with a fresh answer too',
    body: AnyObject,
    handle: (scope, { body }) => beginFactor(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/confirm`,
    allow: 'developer',
    summary: 'Bind what was begun, by a code of the app or the answer of the passkey',
    body: AnyObject,
    handle: (scope, { body }) => confirmFactor(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/recovery-codes`,
    allow: 'developer',
    summary: 'New recovery codes in the place of those before, with the password and a fresh answer',
    body: AnyObject,
    handle: (scope, { body }) => renewOwnCodes(scope, body),
  }),
  route({
    method: 'POST',
    path: `${own}/remove`,
    allow: 'developer',
    summary: 'Take an app or a passkey away, with the password and a fresh answer',
    body: AnyObject,
    handle: (scope, { body }) => removeFactor(scope, body),
  }),
]
