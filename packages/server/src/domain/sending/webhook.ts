/**
 * Messages by a webhook: one signed POST of JSON. The `Idempotency-Key` is the same for every attempt, and whoever receives
 * must send what has a known key no second time: that is how a cut-off attempt is found out here.
 */
import { createHmac } from 'node:crypto'
import { second } from '../../base/clock.ts'
import type { Egress } from '../../egress/egress.ts'
import type { MessageProvider, SystemScope } from '../access/scope.ts'
import {
  type Carrier,
  carrierTimeoutMs,
  type Delivery,
  type Parcel,
  secretOf,
  surelyRefused,
  unanswered,
  withoutSecret,
} from './carrier.ts'

type Webhook = Extract<MessageProvider, { kind: 'webhook' }>

export function webhookCarrier(scope: SystemScope, egress: Egress, provider: Webhook): Carrier {
  const deliver = async (parcel: Parcel): Promise<Delivery> => {
    const secret = await secretOf(scope, provider.secret)
    if (secret === undefined) return withoutSecret('The webhook', provider.secret)
    const { id, number: to, body: text, from } = parcel
    const body = JSON.stringify({ id, system: scope.system.key, to, ...(from !== undefined && { from }), body: text })
    try {
      const answer = await egress.request({
        method: 'POST',
        url: provider.url,
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': id,
          'Gatehouse-Signature': webhookSignature(secret, Math.floor(scope.clock.now() / second), body),
        },
        body,
        timeoutMs: carrierTimeoutMs,
        maxRedirects: 0,
        context: undefined,
      })
      if (answer.status >= 200 && answer.status < 300) return { state: 'accepted', id: idIn(answer.body) ?? id }
      return surelyRefused(answer.status)
        ? { state: 'refused', reason: `The webhook refused it with status ${answer.status}.` }
        : { state: 'unknown', reason: `The webhook answered with status ${answer.status}, and may have it.` }
    } catch (error) {
      return unanswered('The webhook', error)
    }
  }
  return {
    // Paths and queries of webhooks hold keys, and names of carriers are shown.
    name: `webhook:${new URL(provider.url).host}:${scope.key.keyedHash('names', provider.url).slice(0, 8)}`,
    asksOnly: false,
    deliver,
    // With another text the same key would mean two messages.
    ask: async (parcel, { isIt }) =>
      isIt(parcel.body)
        ? deliver(parcel)
        : { state: 'unknown', reason: 'The webhook may have an earlier text of this message.' },
  }
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA-256 of `SECONDS.BODY`, so that an old request cannot be sent again later. */
export const webhookSignature = (secret: string, seconds: number, body: string): string =>
  `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`

function idIn(body: Buffer): string | undefined {
  try {
    const { id } = JSON.parse(body.toString('utf8'))
    return typeof id === 'string' && /^[\x21-\x7e]{1,100}$/.test(id) ? id : undefined
  } catch {
    return undefined
  }
}
