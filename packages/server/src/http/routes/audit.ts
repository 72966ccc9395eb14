/** The audit, for developers. There is no call that changes or removes a row. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { type AuditRequest, readAudit } from '../../domain/systems/audit-log.ts'
import { type RouteInput, route } from '../route.ts'
import { parameter } from './shapes.ts'

const longestPage = 500

export const auditRoutes = [
  route({
    method: 'GET',
    path: '/admin/audit',
    allow: 'developer',
    summary:
      'Who changed what and from where, newest first; ?system, ?kind, ?who, ?since, ?until (milliseconds or ISO 8601), ?limit, ?cursor',
    handle: (scope, input) => readAudit(scope, requestOf(input)),
  }),
]

function requestOf(input: RouteInput<unknown>): AuditRequest {
  const limit = Number(parameter(input, 'limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw new GatehouseError('badRequest', `limit must be a whole number from 1 to ${longestPage}.`)
  }
  const texts = ['system', 'kind', 'who', 'cursor'] as const
  const times = ['since', 'until'] as const
  const given = [
    ...texts.map((name) => [name, parameter(input, name)] as const),
    ...times.map((name) => [name, timeOf(name, parameter(input, name))] as const),
  ].filter(([, value]) => value !== undefined)
  return { limit, ...Object.fromEntries(given) }
}

function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const time = /^\d{1,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new GatehouseError('badRequest', `${name} must be a time, in milliseconds or ISO 8601.`)
}
