/** Messages of a system, for its developers: where they go, and the inbox of development. Gatehouse's own calls. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { NodeScope, SystemScope } from '../../domain/access/scope.ts'
import { takeStatus } from '../../domain/sending/callbacks.ts'
import { gatewayAccount } from '../../domain/sending/gateway-account.ts'
import { emptyInbox, inboxMessages, messagesTo } from '../../domain/sending/inbox.ts'
import { callbackUrl } from '../../domain/sending/twilio.ts'
import { systemByKey } from '../../domain/systems/systems.ts'
import { empty, type Reply, type RouteInput, route } from '../route.ts'
import { parameter } from './shapes.ts'

const sending = '/admin/v/4/system/:key/sending'
const inbox = '/admin/v/4/system/:key/inbox'

const longestPage = 500

export const sendingRoutes = [
  route({
    method: 'POST',
    path: '/api/v/4/sending/:key/twilio/status',
    allow: 'anybody',
    form: true,
    summary: 'What Twilio reports of a message, signed by it',
    handle: takeReport,
  }),
  route({
    method: 'GET',
    path: sending,
    allow: 'system developer',
    summary: 'Where messages go, by which setting, and in development the account of the gateway',
    handle: async (scope) => sendingShape(scope),
  }),
]

export const inboxRoutes = [
  route({
    method: 'GET',
    path: inbox,
    allow: 'system developer',
    summary: 'Development: messages that were sent, oldest first; ?since (milliseconds or ISO 8601) and ?limit',
    handle: async (scope, input) => {
      const messages = await inboxMessages(scope, pageOf(input))
      return messages.map(({ id, to, from, body, at }) => ({ id, to, from, body, at: new Date(at).toISOString() }))
    },
  }),
  route({
    method: 'DELETE',
    path: inbox,
    allow: 'system developer',
    summary: 'Development: empty the inbox',
    handle: async (scope) => ({ removed: await emptyInbox(scope) }),
  }),
]

/** Whether there is such a system is not told: without its token nothing is signed rightly. */
async function takeReport(node: NodeScope, { params, query, headers, body }: RouteInput<unknown>): Promise<Reply> {
  const system = await systemByKey(node, params.key!)
  const noteId = parameter({ query }, 'message') ?? ''
  const signature = [headers['x-twilio-signature'] ?? ''].flat()[0] ?? ''
  const scope = system && { ...node, system, data: node.store.forSystem(system.key) }
  const report = { noteId, signature, form: new URLSearchParams(typeof body === 'string' ? body : '') }
  if (scope === undefined || !(await takeStatus(scope, { ...report, url: callbackUrl(scope, noteId) }))) {
    throw new GatehouseError('permissionDenied', 'The signature is not that of the provider.')
  }
  return empty()
}

function sendingShape(scope: SystemScope): Record<string, unknown> {
  const { settings, key } = scope.system
  const account = gatewayAccount(scope.key, key)
  return {
    where: messagesTo(scope),
    messages_to: settings.messages_to,
    message_providers: settings.message_providers,
    phone_country: settings.phone_country,
    mail: settings.mail,
    ...(scope.mode === 'development' && {
      gateway: { url: scope.publicUrl(), account_sid: account.accountSid, auth_token: account.authToken },
    }),
  }
}

function pageOf(input: RouteInput<unknown>): { since?: number; limit: number } {
  const limit = Number(parameter(input, 'limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw new GatehouseError('badRequest', `limit must be a whole number from 1 to ${longestPage}.`)
  }
  const text = parameter(input, 'since')
  if (text === undefined || text === '') return { limit }
  const since = /^\d{1,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(since)) throw new GatehouseError('badRequest', 'since must be a time, in milliseconds or ISO 8601.')
  return { limit, since }
}
