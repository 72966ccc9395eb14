/**
 * In development `https://api.twilio.com` leads to the gateway for whatever services ask, so that a package written for the
 * real one runs unchanged and no phone rings. Not where the operator has a route for it, nor where the system's setting says
 * `provider`. In production a system whose setting says `inbox` sends nothing.
 */
import { STATUS_CODES } from 'node:http'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { answerAsTwilio, longestForm } from '../domain/sending/gateway.ts'
import { type GatewayAnswer, refusal, unauthenticated } from '../domain/sending/gateway-shapes.ts'
import { messagesTo, noInbox } from '../domain/sending/inbox.ts'
import { twilioOrigin } from '../domain/sending/twilio.ts'
import type { EgressResponse, InsideAnswer, OwnNodeRequest } from '../egress/egress.ts'
import { originKey } from '../egress/policy.ts'
import type { Run } from '../engine/run.ts'
import { readBasic } from './basic.ts'

const messagesKey = originKey(new URL(twilioOrigin))

export const insideGateway: InsideAnswer = (url, context) => {
  if (originKey(url) !== messagesKey) return undefined
  const run = context as Run
  if (messagesTo(run.scope) !== 'inbox') return undefined
  return async (request) => {
    if (run.scope.mode === 'production') throw new GatehouseError('egressRefused', noInbox)
    return toEgress(url, await answerRun(run, request))
  }
}

/** Any account will do, since it is known whose run it is; none will not, as with the real one. */
async function answerRun(run: Run, { method, url, headers, body }: OwnNodeRequest): Promise<GatewayAnswer> {
  const credentials = readBasic(headers.authorization)
  if (credentials === undefined || credentials.user === '' || credentials.password === '') return unauthenticated()
  if ((body?.length ?? 0) > longestForm) return refusal(413, 20413, 'Request entity too large')
  const form = new URLSearchParams(body?.toString('utf8') ?? '')
  return answerAsTwilio(run.scope, { method, path: url.pathname, query: url.searchParams, form })
}

function toEgress(url: URL, { status, body }: GatewayAnswer): EgressResponse {
  const headers: Record<string, string[]> = Object.create(null)
  for (const [name, value] of Object.entries(gatewayHeaders)) headers[name] = [value]
  return {
    status,
    statusText: STATUS_CODES[status] ?? '',
    url: url.href,
    headers,
    body: Buffer.from(JSON.stringify(body)),
  }
}

/** Every answer says where its message went. */
export const gatewayHeaders = {
  'content-type': 'application/json;charset=utf-8',
  'gatehouse-messages-to': 'inbox',
} as const
