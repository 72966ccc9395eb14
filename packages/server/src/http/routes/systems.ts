/** Systems and their settings, for developers (rest-api.md §2.3). Two generations of the same calls, in two casings. */
import type { SystemFacts, SystemScope } from '../../domain/access/scope.ts'
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
    passkey_rp_id: settings.passkey_rp_id,
    passkey_origins: settings.passkey_origins,
    mail: settings.mail,
  }
}

const listShape = (system: SystemFacts) => ({
  appID: system.key,
  appSecret: system.secret,
  name: system.name,
  token_ttl: system.settings.token_ttl,
  auth_service: system.settings.auth_service,
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
    path: ['/admin/allsystems', '/admin/allapps'],
    allow: 'developer',
    summary: "The developer's systems",
    handle: async (scope) => {
      const systems = await ownSystems(scope)
      return systems.map(listShape)
    },
  }),
]
