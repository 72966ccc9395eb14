/**
 * Portals over HTTP (rest-api.md §2.11, packages-portals-edge.md §3.7): as things of a system for developers and for users
 * with a right on them, their links for developers, and what the page of a portal asks for when it is opened.
 */
import { bits } from '@gatehouse/contract/permissions.ts'
import { noSuchAsset } from '../../deploy/kept-assets.ts'
import { draftPortal, readDraft } from '../../deploy/portal-drafts.ts'
import {
  changePortal,
  createPortal,
  deletePortal,
  listPortals,
  type Portal,
  type PortalAsRead,
  readPortal,
} from '../../deploy/portals.ts'
import { may } from '../../domain/access/rights.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { askForReset, offersReset } from '../../domain/auth/password-reset.ts'
import { signIn, signInAnonymously } from '../../domain/auth/sign-in.ts'
import { secretMatches } from '../../domain/systems/systems.ts'
import { portalLink, systemOfLink } from '../portal-links.ts'
import type { PortalSites } from '../portal-sites.ts'
import { empty, Reply, type Route, type RouteInput, route } from '../route.ts'
import { type AnyBody, AnyObject, demandParameter, demandText, parameter } from './shapes.ts'
import { signInAnswer } from './user-auth.ts'

/** The config travels as a text (rest-api.md §2.11). */
const portalShape = ({ system }: SystemScope, { config, ...portal }: PortalAsRead) => ({
  ...{ description: '', type: '', last_updated: '' },
  ...portal,
  system_key: system.key,
  namespace: system.key,
  config: JSON.stringify(config),
})

const one = '/api/v/2/portals/:key/:name'

const fromLink = ({ body }: RouteInput<unknown>, key: SystemScope['key']) =>
  systemOfLink(key, typeof body === 'object' && body !== null ? body : {})

export const portalRoutes = (sites: PortalSites): Route[] => [
  route({
    method: 'GET',
    path: '/admin/portals/:key',
    allow: 'system developer',
    summary: 'The portals of the system',
    handle: async (scope) => (await listPortals(scope)).map((portal) => portalShape(scope, portal)),
  }),
  route({
    method: 'GET',
    path: one,
    allow: 'session',
    summary: 'A portal, for whoever may open it',
    handle: async (scope, { params }) => portalShape(scope, await readPortal(scope, params.name!)),
  }),
  route({
    method: 'POST',
    path: one,
    allow: 'session',
    summary: 'Make a portal; its config is a text with a JSON object',
    body: AnyObject,
    handle: async (scope, { params, body }) => {
      await createPortal(scope, params.name!, body)
      return portalShape(scope, await readPortal(scope, params.name!))
    },
  }),
  route({
    method: 'PUT',
    path: one,
    allow: 'session',
    summary: 'Change what is sent of a portal; with base_hash only where it is still as it was read',
    body: AnyObject,
    handle: async (scope, { params, body }) => {
      const hash = await changePortal(scope, params.name!, body)
      // Who names no state wants none: other clients look at the status alone.
      return body.base_hash === undefined ? empty() : { content_hash: hash }
    },
  }),
  route({
    method: 'DELETE',
    path: one,
    allow: 'session',
    summary: 'Delete a portal',
    handle: async (scope, { params }) => {
      await deletePortal(scope, params.name!)
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: '/console-api/portal/createURL',
    allow: 'system developer',
    systemFrom: (input) => parameter(input, 'systemKey'),
    summary: 'The link of a portal, by ?systemKey=, ?systemSecret= and ?name=',
    handle: async (scope, input) => {
      const { system, key } = scope
      const name = demandParameter(input, 'name')
      const secret = parameter(input, 'systemSecret')
      if (secret !== undefined && !secretMatches(system, secret))
        throw noSuchAsset('system with this secret', system.key)
      await readPortal(scope, name)
      return { url: portalLink(key, sites, system, { name, anonymous: await opensToAnybody(scope, name) }) }
    },
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/portal-draft/:name',
    allow: 'system developer',
    summary: 'A link to look at a portal with an unsaved config, for minutes and for whoever may see the portal',
    body: AnyObject,
    handle: async (scope, { params, body }) => {
      const name = params.name!
      const anonymous = await opensToAnybody(scope, name)
      const { token: draft, expiresAt } = await draftPortal(scope, name, body)
      return { url: portalLink(scope.key, sites, scope.system, { name, anonymous, draft }), expires_at: expiresAt }
    },
  }),
  route({
    method: 'POST',
    path: '/console-api/portal/init/user',
    allow: 'system',
    portal: true,
    systemIn: fromLink,
    summary:
      'Sign in with key and secret as they stand in the link of a portal; further steps as at /api/v/1/user/auth',
    body: AnyObject,
    handle: async (scope, { body, ask }) => {
      const answer = signInAnswer(await signIn({ ...scope, caller: { kind: 'nobody' } }, withoutLink(body), ask))
      return withUserToken(answer)
    },
  }),
  route({
    method: 'POST',
    path: '/console-api/portal/password',
    allow: 'system',
    portal: true,
    systemIn: fromLink,
    summary: 'Whether whoever has forgotten a password is sent a link for another one',
    body: AnyObject,
    handle: async (scope) => ({ reset: offersReset(scope) }),
  }),
  route({
    method: 'POST',
    path: '/console-api/portal/password/reset',
    allow: 'system',
    portal: true,
    systemIn: fromLink,
    summary: 'Send such a link, as at /api/v/4/user/password/reset',
    body: AnyObject,
    handle: (scope, { body }) => askForReset({ ...scope, caller: { kind: 'nobody' } }, body),
  }),
  route({
    method: 'POST',
    path: '/console-api/portal/open',
    allow: 'system',
    portal: true,
    systemIn: fromLink,
    summary: 'What the page of a portal needs, for a session that may see it, or for anybody with `allowAnon`',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const name = demandText(body, 'name')
      const open = body.allowAnon === true && (await opensToAnybody(scope, name))
      const { content_hash: _hash, ...saved } = await readPortal(open ? anonymous(scope) : scope, name)
      const portal = body.draft === undefined ? saved : { ...saved, config: await readDraft(scope, name, body.draft) }
      // Only when it is sure that there is something to show.
      const session = scope.caller.kind === 'nobody' ? await signInAnonymously(scope) : undefined
      return { ...opened(scope, portal), ...(session !== undefined && { anonymousToken: session.token }) }
    },
  }),
]

/** Beside the portal what every client of the system holds; the SDK of the page is set up with it. */
const opened = ({ system, caller }: SystemScope, portal: Portal) => ({
  portal,
  systemKey: system.key,
  systemSecret: system.secret,
  caller: caller.kind === 'user' ? 'user' : 'anonymous',
})

const anonymous = (scope: SystemScope): SystemScope => ({ ...scope, caller: { kind: 'anonymous', sessionId: '' } })

/** Whether its page need not ask for a sign-in first. */
export const opensToAnybody = async (scope: SystemScope, name: string): Promise<boolean> =>
  scope.system.settings.anonymous === 'open' &&
  (await may(anonymous(scope), { kind: 'portals', item: name, level: bits.read }))

/** The auth service is asked with what the person gave, as at the other door; the link is the page's business. */
const withoutLink = ({ systemKey: _key, systemSecret: _secret, ...body }: AnyBody): AnyBody => body

/** What clients of this path read is `userToken`; the rest is as at `/api/v/1/user/auth`. */
function withUserToken(answer: unknown): unknown {
  if (answer instanceof Reply) {
    return new Reply(withUserToken(answer.body), { status: answer.status, headers: answer.headers })
  }
  return answer instanceof Object && 'user_token' in answer ? { userToken: answer.user_token, ...answer } : answer
}
