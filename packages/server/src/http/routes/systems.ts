/** Systems and their settings, for developers (rest-api.md §2.3). Two generations of the same calls, in two casings. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { NodeScope, SystemFacts, SystemScope } from '../../domain/access/scope.ts'
import { changeSharing, type Sharing, type SharingChange, sharingOf } from '../../domain/systems/sharing.ts'
import {
  changeSystem,
  createSystem,
  deleteSystem,
  ownSystems,
  regenerateSecret,
  systemDetails,
} from '../../domain/systems/systems.ts'
import { empty, type RouteInput, route } from '../route.ts'
import { type AnyBody, AnyObject, parameter } from './shapes.ts'

const idOfQuery = (input: RouteInput<unknown>): string => parameter(input, 'id') ?? ''
const idOfBody = (input: RouteInput<unknown>): string => {
  const { id, appId, appID } = input.body as AnyBody
  const key = id ?? appId ?? appID ?? parameter(input, 'id')
  return typeof key === 'string' ? key : ''
}

const v1 = '/admin/systemmanagement'
const v4 = '/admin/v/4/systemmanagement'

const newSystem = (body: AnyBody) => ({
  name: body.name as string,
  description: typeof body.description === 'string' ? body.description : '',
})

async function v4Shape(scope: SystemScope): Promise<Record<string, unknown>> {
  const row = await systemDetails(scope)
  const { settings } = scope.system
  return {
    appId: row.key,
    appSecret: row.secret,
    Dev: row.ownerId,
    name: row.name,
    description: row.description,
    auth_service: settings.auth_service,
    reg_service: settings.reg_service,
    registration: settings.registration,
    password_reset: settings.password_reset,
    anonymous: settings.anonymous,
    run_as_sign_in: settings.run_as_sign_in,
    token_ttl: settings.token_ttl,
    token_ttl_user: settings.token_ttl_user,
    token_ttl_device: settings.token_ttl_device,
    token_ttl_anon: settings.token_ttl_anon,
    refresh_max_age: settings.refresh_max_age,
    auth_error_status: settings.auth_error_status,
    auth_withdraw: settings.auth_withdraw,
    record_sign_ins: settings.record_sign_ins,
    password_min_length: settings.password_min_length,
    sign_in_limits: settings.sign_in_limits,
    messages_to: settings.messages_to,
    message_providers: settings.message_providers,
    phone_country: settings.phone_country,
    code_digits: settings.code_digits,
    code_message: settings.code_message,
    passkey_rp_id: settings.passkey_rp_id,
    passkey_origins: settings.passkey_origins,
    mail: settings.mail,
  }
}

const sharing = '/admin/developers/:key'

const sharingShape = ({ owner, developers }: Sharing) => ({
  owner: owner.email,
  owner_id: owner.developerId,
  developers: developers.map(({ developerId, email, addedAt, addedBy }) => ({
    ...{ user_id: developerId, email, added_at: Math.floor(addedAt / 1000), added_by: addedBy },
  })),
})

/** `{owner?, change: {add?, remove?}}`: developers by e-mail or id, one or a list. */
function sharingChange(body: AnyBody): SharingChange {
  const { change = {}, owner } = body
  if (typeof change !== 'object' || change === null || Array.isArray(change)) {
    throw new GatehouseError('badRequest', 'change must be an object with add and remove.')
  }
  if (owner !== undefined && (typeof owner !== 'string' || owner === '')) {
    throw new GatehouseError('badRequest', 'owner must be the e-mail of a developer.')
  }
  const { add, remove } = change as AnyBody
  return { owner: owner as string | undefined, add: people('add', add), remove: people('remove', remove) }
}

const mostNamed = 100

function people(name: string, given: unknown): string[] {
  if (given === undefined || given === null) return []
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (list.length > mostNamed || !list.every((one) => typeof one === 'string' && one.trim() !== '')) {
    throw new GatehouseError('badRequest', `change.${name} must be a list of e-mails, ${mostNamed} at most.`)
  }
  return [...new Set((list as string[]).map((one) => one.trim()))]
}

const listShape = (scope: NodeScope) => (system: SystemFacts) => ({
  appID: system.key,
  appSecret: system.secret,
  name: system.name,
  token_ttl: system.settings.token_ttl,
  auth_service: system.settings.auth_service,
  is_owner: scope.caller.kind === 'developer' && scope.caller.developerId === system.ownerId,
})

const change = async (scope: SystemScope, body: AnyBody) => {
  await changeSystem(scope, body)
  return empty()
}

const remove = async (scope: SystemScope) => {
  await deleteSystem(scope)
  return empty()
}

export const systemRoutes = [
  route({
    method: 'POST',
    path: v1,
    allow: 'developer',
    summary: 'Make a system',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const system = await createSystem(scope, newSystem(body))
      return { appID: system.key, appSecret: system.secret, name: system.name, description: system.description }
    },
  }),
  route({
    method: 'POST',
    path: v4,
    allow: 'developer',
    summary: 'Make a system',
    body: AnyObject,
    handle: async (scope, { body }) => {
      const system = await createSystem(scope, newSystem(body))
      return { appId: system.key, appSecret: system.secret, name: system.name, description: system.description }
    },
  }),
  route({
    method: 'GET',
    path: v1,
    allow: 'system developer',
    systemFrom: idOfQuery,
    summary: 'A system with its secret',
    handle: async (scope) => {
      const row = await systemDetails(scope)
      return {
        appID: row.key,
        appSecret: row.secret,
        name: row.name,
        description: row.description,
        token_ttl: scope.system.settings.token_ttl,
      }
    },
  }),
  route({
    method: 'GET',
    path: v4,
    allow: 'system developer',
    systemFrom: idOfQuery,
    summary: 'A system with its settings',
    handle: (scope) => v4Shape(scope),
  }),
  route({
    method: 'PUT',
    path: [v1, v4],
    allow: 'system developer',
    systemFrom: idOfBody,
    summary: 'Change name, description or settings; auth_service names the service that decides sign-ins, "" none',
    body: AnyObject,
    handle: (scope, { body }) => change(scope, body),
  }),
  route({
    method: 'DELETE',
    path: [v1, v4],
    allow: 'system developer',
    systemFrom: idOfQuery,
    summary: 'Delete a system with all that is in it',
    handle: remove,
  }),
  route({
    method: 'PUT',
    path: '/admin/regensystemsecret',
    allow: 'system developer',
    systemFrom: idOfBody,
    summary: 'Give a system a new secret; the old one is dead at once',
    body: AnyObject,
    handle: async (scope) => ({ appID: scope.system.key, appSecret: await regenerateSecret(scope) }),
  }),
  route({
    method: 'GET',
    path: sharing,
    allow: 'system developer',
    summary: 'Who owns the system, and with whom it is shared',
    handle: async (scope) => sharingShape(await sharingOf(scope)),
  }),
  route({
    method: 'PUT',
    path: sharing,
    allow: 'system developer',
    summary: 'Share the system or hand it over, for its owner: {owner?, change: {add?, remove?}} by e-mail',
    body: AnyObject,
    handle: async (scope, { body }) => sharingShape(await changeSharing(scope, sharingChange(body))),
  }),
  route({
    method: 'GET',
    path: ['/admin/allsystems', '/admin/allapps'],
    allow: 'developer',
    summary: "The developer's systems",
    handle: async (scope) => {
      const systems = await ownSystems(scope)
      return systems.map(listShape(scope))
    },
  }),
]
