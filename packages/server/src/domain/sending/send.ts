/**
 * The message channel: one message to one number, by the first provider that takes it. Every way that can end is a value.
 *
 * Before a provider is asked, a note says so, in a transaction of its own. After a crash that note is what is left: the
 * provider is asked what it has before anything is sent again. Another provider comes into play only when the one before
 * surely does not have the message; where that is not known, nothing more is sent for the challenge.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute } from '../../base/clock.ts'
import { uuid } from '../../base/ids.ts'
import type { NodeKey } from '../../base/node-key.ts'
import type { Egress } from '../../egress/egress.ts'
import { findInboxMessage, insertInboxMessage } from '../../store/tables/inbox.ts'
import {
  claimNote,
  insertNote,
  type MessageNote,
  type MessageState,
  markEntered,
  moveNote,
  notesOfChallenge,
} from '../../store/tables/messages.ts'
import type { SystemScope } from '../access/scope.ts'
import { type ReadNumber, readPhoneNumber } from '../accounts/phone-number.ts'
import { readNamedProvider } from '../systems/message-settings.ts'
import type { Carrier, Delivery, Parcel } from './carrier.ts'
import { longestBody } from './gateway.ts'
import { type MessagesTo, messagesTo, noInbox } from './inbox.ts'
import { takeLimits, takeNoticeLimits } from './limits.ts'
import { twilioCarrier } from './twilio.ts'
import { webhookCarrier } from './webhook.ts'

export type Message = {
  to: string
  body: string
  /** In the place of the sender that the settings name. */
  from?: string
  /** What the message holds a code for: then it is sent once, however often it is asked for. */
  challenge?: string
  /** That code, for whoever only tries a sign-in; no carrier looks at it, and it is kept nowhere. */
  code?: string
  /** Whose message it is: the user, for the limit per account. */
  account?: string
  /** It tells of an account and holds no code: it has limits of its own, so that it takes no place of a code. */
  notice?: true
  /** In the place of the system's providers, as a service names it; its token may stand in it. */
  provider?: unknown
}

export type Sent = {
  where: MessagesTo
  /** '' where none was asked. */
  provider: string
  state: Delivery['state']
  /** What the provider calls it; '' where it did not take it. */
  id: string
  reason?: string
  /** Seconds, where a limit was met. */
  retryAfter?: number
}

/** Given to those who send; made in `app.ts`. */
export type SendMessage = (scope: SystemScope, message: Message) => Promise<Sent>

/** An attempt that is younger may still be under way: longer than a provider is waited for, and its list behind it. */
const underWayMs = minute
const underWay = 'It is being sent right now.'
/** Of one message to a provider that did not take it. */
const mostAttempts = 5

export async function sendMessage(scope: SystemScope, egress: Egress, message: Message): Promise<Sent> {
  const where = messagesTo(scope)
  const refuse = (reason: string): Sent => ({ where, provider: '', state: 'refused', id: '', reason })
  if (where === 'inbox' && scope.mode === 'production') {
    return refuse(noInbox)
  }
  if (message.body === '' || message.body.length > longestBody) {
    return refuse(`A message has 1 to ${longestBody} characters.`)
  }
  let number: ReadNumber
  try {
    number = readPhoneNumber(message.to, scope.system.settings.phone_country, where === 'inbox')
  } catch (error) {
    return refuse(sentence(error))
  }
  let carriers: Carrier[]
  try {
    carriers = where === 'inbox' ? [inboxCarrier(scope)] : providersOf(scope, egress, message.provider)
  } catch (error) {
    return refuse(sentence(error))
  }
  if (carriers.length === 0) {
    return refuse(scope.edge === undefined ? noProvider : notFromServices)
  }
  return through({ scope, where, message, number, counted: where === 'inbox' }, carriers)
}

/** A code was entered rightly: called by whoever checks codes, and what the breaker of prefixes counts by. */
export const noteEntered = (scope: Pick<SystemScope, 'data' | 'clock'>, challengeId: string): Promise<void> =>
  markEntered(scope.data, challengeId, scope.clock.now())

function providersOf(scope: SystemScope, egress: Egress, named: unknown): Carrier[] {
  const providers = named === undefined ? scope.system.settings.message_providers : [readNamedProvider(named)]
  const carriers = providers.map((provider) =>
    provider.kind === 'twilio' ? twilioCarrier(scope, egress, provider) : webhookCarrier(scope, egress, provider),
  )
  // One that is named twice is asked once.
  return carriers.filter(({ name }, index) => carriers.findIndex((one) => one.name === name) === index)
}

const noProvider = 'The system has no provider of messages. A developer sets message_providers.'
const notFromServices = 'From an edge nothing is sent but codes of its sign-ins: let a service on the platform send it.'

const inboxName = 'inbox'

/** The inbox as a carrier; the id comes from the note, so it takes a message once. */
function inboxCarrier(scope: SystemScope): Carrier {
  const sidOf = (noteId: string): string => `SM${noteId.replaceAll('-', '')}`
  return {
    name: inboxName,
    asksOnly: true,
    async deliver({ id, number, body, from }) {
      const at = scope.clock.now()
      await insertInboxMessage(scope.data, { id: sidOf(id), to: number, from: from ?? '', serviceSid: null, body, at })
      return { state: 'accepted', id: sidOf(id) }
    },
    async ask({ id }) {
      const found = await findInboxMessage(scope.data, sidOf(id))
      return found === undefined ? { state: 'absent' } : { state: 'accepted', id: found.id }
    },
  }
}

/** One call of `sendMessage`, on its way from provider to provider. */
type Sending = {
  scope: SystemScope
  where: MessagesTo
  message: Message
  number: ReadNumber
  /** The limits count a message once, whoever takes it in the end; what goes to the inbox costs nobody anything. */
  counted: boolean
}

async function through(sending: Sending, carriers: Carrier[]): Promise<Sent> {
  const { scope, message } = sending
  const notes = message.challenge === undefined ? [] : await notesOfChallenge(scope.data, message.challenge)
  if (notes.some(({ numberHash }) => numberHash !== hashOfNumber(sending))) {
    return sentOf(sending, '', { state: 'refused', reason: 'This code was for another number. Begin anew.' })
  }
  for (const note of notes) {
    const known = await knownOf(sending, note, carriers)
    if (known.state !== 'refused') return known
  }
  let last = sentOf(sending, '', {
    state: 'refused',
    reason: 'Every provider had this message and did not deliver it.',
  })
  for (const carrier of carriers) {
    const earlier = notes.find(({ provider }) => provider === carrier.name)
    // What a provider took and could not deliver is not given to it again.
    if (earlier !== undefined && (earlier.state !== 'refused' || earlier.attempts >= mostAttempts)) continue
    const note = earlier ?? newNote(sending, carrier)
    const refused = await intend(sending, note)
    if (refused !== undefined) return refused
    const sent = await deliver(sending, note, carrier)
    if (sent.state !== 'refused') return sent
    last = sent
  }
  return last
}

/** What is known of an earlier attempt, after asking where that is not clear. */
async function knownOf(sending: Sending, note: MessageNote, carriers: Carrier[]): Promise<Sent> {
  const { clock, data } = sending.scope
  const { provider } = note
  if (isTaken(note.state)) return sentOf(sending, provider, { state: 'accepted', id: note.providerId })
  if (isOver(note.state)) return sentOf(sending, provider, { state: 'refused', reason: 'It was not delivered before.' })
  const unclear = (reason: string) => sentOf(sending, provider, { state: 'unknown', reason })
  const notSentAgain = `Whether ${provider} has it is not known, so nothing more is sent.`
  const now = clock.now()
  if (note.state === 'intended' && now - note.updatedAt < underWayMs) return unclear(underWay)
  const carrier = carriers.find(({ name }) => name === provider)
  if (carrier === undefined || (note.state === 'unknown' && !carrier.asksOnly)) return unclear(notSentAgain)
  if (!(await claimNote(data, note, now))) return unclear(underWay)
  const isIt = (body: string): boolean => bodyHash(sending, note.id, body) === note.bodyHash
  const standing = await carrier.ask(parcelOf(sending, note), { at: note.createdAt, isIt })
  if (standing.state === 'absent') {
    // A list can be late: what was unclear once is not sent again.
    if (note.state === 'unknown') return unclear(notSentAgain)
    const change = { state: 'intended', bodyHash: bodyHash(sending, note.id, sending.message.body) } as const
    await moveNote(data, note.id, ['intended'], change, clock.now())
    return deliver(sending, note, carrier)
  }
  if (standing.state === 'failed') {
    await moveNote(data, note.id, ['intended', 'unknown'], { state: 'failed' }, clock.now())
    return sentOf(sending, provider, { state: 'refused', reason: standing.reason })
  }
  return note.state === 'unknown' && standing.state !== 'accepted'
    ? unclear(notSentAgain)
    : settle(sending, note, standing)
}

/** Notes what is about to be done; a value where it must not be. */
async function intend(sending: Sending, note: MessageNote): Promise<Sent | undefined> {
  const { scope, message, number } = sending
  const now = scope.clock.now()
  try {
    const mine = await scope.data.transaction(async (tx) => {
      const noted =
        note.state === 'intended'
          ? await insertNote(tx, note)
          : (await claimNote(tx, note, now)) &&
            (await moveNote(
              tx,
              note.id,
              ['refused'],
              { state: 'intended', bodyHash: bodyHash(sending, note.id, message.body) },
              now,
            ))
      if (!noted) return false
      const counting = { numberHash: note.numberHash, prefix: number.prefix, account: message.account }
      if (!sending.counted) await (message.notice === true ? takeNoticeLimits : takeLimits)(tx, counting, now)
      return true
    })
    if (!mine) return sentOf(sending, note.provider, { state: 'unknown', reason: underWay })
    sending.counted = true
    return undefined
  } catch (error) {
    if (!(error instanceof GatehouseError) || error.kind !== 'tooManyRequests') throw error
    const refused = sentOf(sending, '', { state: 'refused', reason: sentence(error) })
    return error.retryAfter === undefined ? refused : { ...refused, retryAfter: error.retryAfter }
  }
}

const deliver = async (sending: Sending, note: MessageNote, carrier: Carrier): Promise<Sent> =>
  settle(sending, note, await carrier.deliver(parcelOf(sending, note)))

/** A callback may have told more by now; that stays. */
async function settle(sending: Sending, note: MessageNote, delivery: Delivery): Promise<Sent> {
  const { data, clock } = sending.scope
  const providerId = delivery.state === 'accepted' ? delivery.id : ''
  await moveNote(data, note.id, ['intended', 'unknown'], { state: delivery.state, providerId }, clock.now())
  return sentOf(sending, note.provider, delivery)
}

function newNote(sending: Sending, { name }: Carrier): MessageNote {
  const { challenge, account, body } = sending.message
  const id = uuid()
  const now = sending.scope.clock.now()
  return {
    id,
    challengeId: challenge ?? null,
    accountId: account ?? null,
    numberHash: hashOfNumber(sending),
    bodyHash: bodyHash(sending, id, body),
    prefix: sending.number.prefix,
    provider: name,
    state: 'intended',
    providerId: '',
    attempts: 1,
    createdAt: now,
    updatedAt: now,
  }
}

const hashOfNumber = ({ scope, number }: Sending): string => numberUnder(scope.key, scope.system.key, number.number)

export const numberUnder = (key: NodeKey, systemKey: string, number: string): string =>
  key.keyedHash('numbers', `${systemKey}/${number}`)

/** Keyed, since a text with a code in it is quickly guessed. */
const bodyHash = ({ scope }: Sending, noteId: string, body: string): string =>
  scope.key.keyedHash('codes', `message ${noteId}/${body}`)

const parcelOf = ({ number, message }: Sending, { id }: MessageNote): Parcel => ({
  id,
  number: number.number,
  body: message.body,
  from: message.from,
})

/** Where it went, not where it would go by now: the setting may have changed since. */
function sentOf(sending: Sending, provider: string, delivery: Delivery): Sent {
  const where = provider === '' ? sending.where : provider === inboxName ? 'inbox' : 'provider'
  const id = delivery.state === 'accepted' ? delivery.id : ''
  const sent: Sent = { where, provider, state: delivery.state, id }
  return delivery.state === 'accepted' ? sent : { ...sent, reason: delivery.reason }
}

const isTaken = (state: MessageState): boolean => state === 'accepted' || state === 'delivered'
const isOver = (state: MessageState): boolean => ['refused', 'undelivered', 'failed'].includes(state)

function sentence(error: unknown): string {
  if (!(error instanceof GatehouseError)) throw error
  return error.hint === undefined ? error.detail : `${error.detail} ${error.hint}`
}
