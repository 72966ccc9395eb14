/** What a run sends to the world, through the one way out. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { twilioOrigin } from '../../domain/sending/twilio.ts'
import type { Egress } from '../../egress/egress.ts'
import type { Run } from '../run.ts'
import { withSecrets } from './secret-headers.ts'
import { type HostTable, textArg } from './table.ts'

/** Outbound calls of one call with all that runs in it; stops a service from being used to flood others. */
const outboundLimit = 100

export function countOutbound(run: Run): void {
  run.tree.outboundCalls += 1
  if (run.tree.outboundCalls > outboundLimit) {
    throw new GatehouseError('egressRefused', `A run may send at most ${outboundLimit} requests.`)
  }
}

export const httpCalls = (egress: Egress): HostTable => ({
  'http.request': async ({ run, scope, args, signal, waiting }) => {
    countOutbound(run)
    const { body, bodyBase64, timeoutMs, maxRedirects, strictSSL } = args
    const bytes =
      typeof bodyBase64 === 'string' ? Buffer.from(bodyBase64, 'base64') : typeof body === 'string' ? body : undefined
    const url = textArg(args, 'url')
    const verified = strictSSL !== false
    const filled = await withSecrets(scope, { url, headers: readHeaders(args.headers), verified })
    for (const value of filled.values) run.tree.secrets.add(value)
    const asked = egress.request({
      method: textArg(args, 'method'),
      url,
      headers: filled.headers,
      boundHeaders: filled.bound,
      ...(bytes !== undefined && { body: bytes }),
      ...(typeof timeoutMs === 'number' && { timeoutMs }),
      ...(typeof maxRedirects === 'number' && { maxRedirects }),
      strictSSL: verified,
      signal,
      context: run,
    })
    const answer = await waiting(asked)
    if (isMessage(textArg(args, 'method'), url, answer.status)) {
      run.tree.messages.push({ to: answer.headers['gatehouse-messages-to']?.[0] ?? 'provider', state: 'accepted' })
    }
    const text = answer.body.toString('utf8')
    const exact = Buffer.from(text, 'utf8').equals(answer.body)
    return {
      status: answer.status,
      statusText: `${answer.status} ${answer.statusText}`.trim(),
      url: answer.url,
      headers: answer.headers,
      text,
      ...(!exact && { base64: answer.body.toString('base64') }),
    }
  },
})

/** A message that a service gave to Twilio itself, or took to be Twilio. */
const isMessage = (method: string, url: string, status: number): boolean =>
  method.toUpperCase() === 'POST' &&
  status >= 200 &&
  status < 300 &&
  URL.parse(url)?.origin === twilioOrigin &&
  url.includes('/Messages.json')

function readHeaders(given: unknown): Record<string, string | string[]> {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object') throw new GatehouseError('badRequest', 'headers must be an object of texts.')
  const headers: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of Object.entries(given)) {
    headers[name] = Array.isArray(value) ? value.map(String) : String(value)
  }
  return headers
}
