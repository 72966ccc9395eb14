/**
 * The message channel of a trial: a message takes the same way as always, through limits and providers, but whatever a
 * provider would be asked is answered here, and what would have been sent is shown.
 */
import type { SystemScope } from '../../domain/access/scope.ts'
import { type SendMessage, type Sent, sendMessage } from '../../domain/sending/send.ts'
import type { Egress } from '../../egress/egress.ts'

export type ShownMessage = {
  /** The end of the number alone. */
  to: string
  body: string
  where: string
  provider: string
  state: string
  reason?: string
}

/** Takes every message, as Twilio and webhooks do. */
const takingAll: Egress = {
  async request({ url }) {
    const body = Buffer.from(JSON.stringify({ sid: `SM${'0'.repeat(32)}`, id: 'trial' }))
    return { status: 201, statusText: 'Created', url, headers: Object.create(null), body }
  },
}

/** `code` where the message carries one that answers a challenge. */
export const trialSend =
  (record: (message: ShownMessage, code: string | undefined) => void): SendMessage =>
  async (scope: SystemScope, message): Promise<Sent> => {
    const sent = await sendMessage(scope, takingAll, message)
    const { where, provider, state, reason } = sent
    const shown = { to: masked(message.to), body: message.body, where, provider, state }
    record({ ...shown, ...(reason !== undefined && { reason }) }, sent.state === 'accepted' ? message.code : undefined)
    return sent
  }

export const masked = (number: string): string => `••• ${number.slice(-4)}`

/** The one text that looks like a code, where a service makes and sends its own. */
export function codeIn(body: string): string | undefined {
  const found = body.match(/(?<![\w.+-])\d{4,10}(?![\w.-])/g) ?? []
  return found.length === 1 ? found[0] : undefined
}
