/** What Twilio tells about a message after it took it. Believed only with its signature, under the token of the account. */
import { createHmac } from 'node:crypto'
import { sameText } from '../../base/secrets.ts'
import { type MessageState, moveNote } from '../../store/tables/messages.ts'
import type { SystemScope } from '../access/scope.ts'
import { secretOf } from './carrier.ts'

export type StatusCallback = {
  /** As it was given to Twilio: with its query. */
  url: string
  form: URLSearchParams
  signature: string
  noteId: string
}

/** Which states a report may follow: reports overtake one another, and the last word is not taken back. */
const moves: Record<string, { to: MessageState; from: readonly MessageState[] }> = {
  accepted: { to: 'accepted', from: ['intended', 'unknown'] },
  queued: { to: 'accepted', from: ['intended', 'unknown'] },
  sending: { to: 'accepted', from: ['intended', 'unknown'] },
  sent: { to: 'accepted', from: ['intended', 'unknown'] },
  delivered: { to: 'delivered', from: ['intended', 'unknown', 'accepted'] },
  undelivered: { to: 'undelivered', from: ['intended', 'unknown', 'accepted'] },
  failed: { to: 'failed', from: ['intended', 'unknown', 'accepted'] },
}

/** False where it is not Twilio's; then nothing is changed. */
export async function takeStatus(scope: SystemScope, callback: StatusCallback): Promise<boolean> {
  const { form, noteId } = callback
  if (!(await isSigned(scope, callback))) return false
  const move = moves[form.get('MessageStatus') ?? '']
  const sid = form.get('MessageSid') ?? ''
  if (move === undefined || noteId === '' || !/^(SM|MM)[0-9a-f]{32}$/i.test(sid)) return true
  await moveNote(scope.data, noteId, move.from, { state: move.to, providerId: sid }, scope.clock.now())
  return true
}

async function isSigned(scope: SystemScope, { url, form, signature }: StatusCallback): Promise<boolean> {
  const account = form.get('AccountSid') ?? ''
  let signed = false
  for (const provider of scope.system.settings.message_providers) {
    if (provider.kind !== 'twilio' || provider.account !== account) continue
    const token = await secretOf(scope, provider.token)
    if (token === undefined) continue
    for (const spelling of spellings(url)) {
      if (sameText(twilioSignature(token, spelling, form), signature)) signed = true
    }
  }
  return signed
}

/** The URL, then each parameter by name with its value, under HMAC-SHA-1: as Twilio's documentation of webhooks has it. */
export function twilioSignature(token: string, url: string, form: URLSearchParams): string {
  const names = [...new Set(form.keys())].sort()
  const parameters = names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value))
  return createHmac('sha1', token)
    .update(url + parameters.join(''))
    .digest('base64')
}

/** Some of Twilio's servers sign with the port, some without. */
function spellings(text: string): string[] {
  const url = new URL(text)
  const port = url.port === '' ? (url.protocol === 'https:' ? ':443' : ':80') : ''
  return [text, text.replace(`${url.protocol}//${url.host}`, `${url.protocol}//${url.hostname}${port}`)]
}
