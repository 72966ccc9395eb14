/**
 * Messages by Twilio's REST API: `POST /2010-04-01/Accounts/{Sid}/Messages.json` to send, the list of messages to find out
 * what a cut-off attempt came to. Its answers hold numbers and texts, so nothing of them goes into a reason but its code.
 */

import { hour } from '../../base/clock.ts'
import type { Egress, EgressResponse } from '../../egress/egress.ts'
import type { MessageProvider, SystemScope } from '../access/scope.ts'
import {
  type Carrier,
  carrierTimeoutMs,
  type Delivery,
  type Parcel,
  type Standing,
  secretOf,
  surelyRefused,
  unanswered,
  withoutSecret,
} from './carrier.ts'

type Twilio = Extract<MessageProvider, { kind: 'twilio' }>

export const twilioOrigin = 'https://api.twilio.com'

/** What Twilio puts before messages of accounts on trial. */
const trialPrefix = 'Sent from your Twilio trial account - '
const asked = 100
/** Clocks differ. A message of before with the very same text is less likely than a clock that is wrong. */
const slackMs = hour

export function twilioCarrier(scope: SystemScope, egress: Egress, provider: Twilio): Carrier {
  const sender = provider.messaging_service ?? provider.from!
  const path = `${twilioOrigin}/2010-04-01/Accounts/${provider.account}/Messages.json`
  const call = async (method: 'GET' | 'POST', parameters: URLSearchParams, token: string) =>
    egress.request({
      method,
      url: method === 'GET' ? `${path}?${parameters}` : path,
      headers: {
        Accept: 'application/json',
        Authorization: `Basic ${Buffer.from(`${provider.account}:${token}`).toString('base64')}`,
        ...(method === 'POST' && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      },
      ...(method === 'POST' && { body: parameters.toString() }),
      timeoutMs: carrierTimeoutMs,
      maxRedirects: 0,
      context: undefined,
    })
  return {
    name: `twilio:${provider.account}:${sender}`,
    asksOnly: true,
    async deliver(parcel) {
      const token = await secretOf(scope, provider.token)
      if (token === undefined) return withoutSecret('Twilio', provider.token)
      try {
        return readCreated(await call('POST', formOf(scope, provider, parcel), token))
      } catch (error) {
        return unanswered('Twilio', error)
      }
    },
    async ask(parcel, noted) {
      const token = await secretOf(scope, provider.token)
      if (token === undefined) return { state: 'unknown', reason: 'Twilio cannot be asked without its secret.' }
      // Not by DateSent: a message that is still queued has none.
      const parameters = new URLSearchParams({ To: parcel.number, PageSize: String(asked) })
      try {
        return readList(await call('GET', parameters, token), parcel, noted)
      } catch (error) {
        unanswered('Twilio', error)
        return { state: 'unknown', reason: 'Twilio could not be asked whether it has it.' }
      }
    },
  }
}

function formOf(scope: SystemScope, provider: Twilio, { id, number, body, from }: Parcel): URLSearchParams {
  const form = new URLSearchParams({ To: number, Body: body })
  if (from !== undefined) form.set('From', from)
  else if (provider.messaging_service === undefined) form.set('From', provider.from!)
  if (provider.messaging_service !== undefined) form.set('MessagingServiceSid', provider.messaging_service)
  const callback = callbackUrl(scope, id)
  // Twilio refuses a message whose callback it cannot reach (error 21609), so a node without a public URL gets none.
  if (callback.startsWith('https://')) form.set('StatusCallback', callback)
  return form
}

/** Where Twilio tells what became of a message; signed by it as a whole. */
export const callbackUrl = (scope: SystemScope, noteId: string): string =>
  `${scope.publicUrl()}/api/v/4/sending/${scope.system.key}/twilio/status?message=${noteId}`

function readCreated({ status, body }: EgressResponse): Delivery {
  const answer = parsed(body)
  if (status >= 200 && status < 300 && typeof answer?.sid === 'string')
    return { state: 'accepted', id: sidOf(answer.sid) }
  const code = Number.isInteger(answer?.code) ? `, error ${answer!.code}` : ''
  return surelyRefused(status)
    ? { state: 'refused', reason: `Twilio refused it with status ${status}${code}.` }
    : { state: 'unknown', reason: `Twilio answered with status ${status}${code}, and may have it.` }
}

/** Newest first. What is not among them is absent only where they go back to before it could have been sent. */
function readList(
  { status, body }: EgressResponse,
  parcel: Parcel,
  noted: { at: number; isIt: (body: string) => boolean },
): Standing {
  const answer = parsed(body)
  const messages = answer?.messages
  if (status !== 200 || !Array.isArray(messages)) {
    return { state: 'unknown', reason: `Twilio answered with status ${status} when it was asked.` }
  }
  const earliest = noted.at - slackMs
  let back = answer!.next_page_uri === null || answer!.next_page_uri === undefined
  for (const one of messages as Record<string, unknown>[]) {
    const at = typeof one?.date_created === 'string' ? Date.parse(one.date_created) : Number.NaN
    if (at < earliest) back = true
    if (one?.to !== parcel.number || !(at >= earliest) || typeof one.body !== 'string' || typeof one.sid !== 'string')
      continue
    if (!noted.isIt(one.body) && !noted.isIt(one.body.replace(trialPrefix, ''))) continue
    return ['failed', 'undelivered', 'canceled'].includes(String(one.status))
      ? { state: 'failed', reason: 'Twilio had it, and could not deliver it.' }
      : { state: 'accepted', id: sidOf(one.sid) }
  }
  return back
    ? { state: 'absent' }
    : { state: 'unknown', reason: 'Twilio has too many messages to this number to tell.' }
}

const sidOf = (text: string): string => (/^[A-Za-z0-9]{1,64}$/.test(text) ? text : '')

function parsed(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
