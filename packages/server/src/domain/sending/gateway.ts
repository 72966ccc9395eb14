/**
 * The development gateway: answers as Twilio's API does on `/2010-04-01/Accounts/{Sid}/Messages.json` and on the older
 * `/SMS/Messages.json`, and puts what it is given into the inbox. Who may ask as which system is decided before
 * (`http/routes/gateway.ts`, `http/inside-gateway.ts`). The shapes themselves are `gateway-shapes.ts`.
 */
import { minute } from '../../base/clock.ts'
import { hexId } from '../../base/ids.ts'
import { findInboxMessage, type InboxFilter, insertInboxMessage, searchInbox } from '../../store/tables/inbox.ts'
import { takeCount } from '../../store/tables/send-counts.ts'
import type { SystemScope } from '../access/scope.ts'
import { readPhoneNumber } from '../accounts/phone-number.ts'
import {
  createdShape,
  type GatewayAnswer,
  type Generation,
  keptShape,
  listShape,
  notFound,
  refusal,
} from './gateway-shapes.ts'

export type GatewayRequest = {
  method: string
  /** From the root, without the query. */
  path: string
  query: URLSearchParams
  form: URLSearchParams
}

/** Characters of a message, as Twilio has it (error 21617). */
export const longestBody = 1600
/** Far more than any form that is a message. */
export const longestForm = 64 * 1024
const perMinute = 60

const place = /^\/2010-04-01\/Accounts\/([^/]*)\/(SMS\/)?Messages(?:\/([^/]+?))?\.json$/

/** Never throws for what is asked wrongly: such answers have the shape and status of Twilio's. */
export async function answerAsTwilio(scope: SystemScope, request: GatewayRequest): Promise<GatewayAnswer> {
  const { method, path, query, form } = request
  const [, account, older, sid] = place.exec(path) ?? []
  if (account === undefined || account === '') return notFound(path)
  const generation: Generation = { account, older: older !== undefined }
  if (sid === undefined && method === 'POST') return create(scope, generation, form)
  if (method !== 'GET') return refusal(405, 20004, 'Method not allowed')
  if (sid === undefined) return list(scope, generation, path, query)
  const message = await findInboxMessage(scope.data, sid)
  // E-mail is in the inbox too, and Twilio knows nothing of it.
  return message === undefined || message.to.includes('@')
    ? notFound(path)
    : { status: 200, body: keptShape(generation, message) }
}

async function create(scope: SystemScope, generation: Generation, form: URLSearchParams): Promise<GatewayAnswer> {
  const [to, from, body] = [form.get('To') ?? '', form.get('From') ?? '', form.get('Body') ?? '']
  const service = form.get('MessagingServiceSid') ?? ''
  if (from === '' && service === '') return refusal(400, 21603, "A 'From' phone number is required.")
  if (to === '') return refusal(400, 21604, "A 'To' phone number is required.")
  if (body === '') return refusal(400, 21602, 'Message body is required.')
  if (body.length > longestBody) {
    return refusal(400, 21617, `The concatenated message body exceeds the ${longestBody} character limit.`)
  }
  const recipient = numberOf(scope, to)
  if (recipient === undefined) return refusal(400, 21211, `The 'To' number ${shown(to)} is not a valid phone number.`)
  const sender = from === '' ? '' : senderOf(scope, from)
  if (sender === undefined) {
    return refusal(400, 21212, `The 'From' number ${shown(from)} is not a valid phone number, shortcode, or name.`)
  }
  const now = scope.clock.now()
  // A loop in a service would fill the database.
  const full = await takeCount(scope.data, { kind: 'gateway', subject: '', windowMs: minute, most: perMinute }, now)
  if (full !== undefined) return refusal(429, 20429, 'Too Many Requests')
  const message = {
    id: `SM${hexId(16)}`,
    to: recipient,
    from: sender,
    serviceSid: service === '' ? null : shown(service),
    body,
    at: now,
  }
  await insertInboxMessage(scope.data, message)
  return { status: 201, body: createdShape(generation, message) }
}

const defaultPage = 50
const longestPage = 1000

async function list(
  scope: SystemScope,
  generation: Generation,
  path: string,
  query: URLSearchParams,
): Promise<GatewayAnswer> {
  const size = Math.min(wholeNumber(query.get('PageSize')) || defaultPage, longestPage)
  const page = wholeNumber(query.get('Page'))
  const filter = filterOf(scope, query)
  if (filter === undefined) return refusal(400, 20001, "Parameter 'DateSent' is not valid")
  const { messages, total } = await searchInbox(scope.data, filter, { offset: page * size, limit: size })
  return { status: 200, body: listShape(generation, { path, query, messages, total, page, size }) }
}

/** Undefined where a date cannot be read. */
function filterOf(scope: SystemScope, query: URLSearchParams): InboxFilter | undefined {
  const [to, from] = [query.get('To'), query.get('From')]
  const filter: InboxFilter = {
    ...(to !== null && { to: numberOf(scope, to) ?? to }),
    ...(from !== null && { from: senderOf(scope, from) ?? from }),
  }
  const [on, before, after] = [query.get('DateSent'), query.get('DateSent<'), query.get('DateSent>')].map(timeOf)
  if ([on, before, after].some(Number.isNaN)) return undefined
  if (on !== undefined) {
    const midnight = new Date(on).setUTCHours(0, 0, 0, 0)
    return { ...filter, notBefore: midnight, notAfter: midnight + 24 * 60 * minute - 1 }
  }
  return {
    ...filter,
    ...(after !== undefined && { notBefore: after }),
    ...(before !== undefined && { notAfter: before }),
  }
}

/** A date, or a date with its time; NaN for anything else. */
function timeOf(text: string | null): number | undefined {
  if (text === null) return undefined
  return /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN
}

const wholeNumber = (text: string | null): number => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : 0)

/** Nothing is really sent from here, so numbers that belong to nobody are fine. */
function numberOf(scope: SystemScope, text: string): string | undefined {
  try {
    return readPhoneNumber(text, scope.system.settings.phone_country, true).number
  } catch {
    return undefined
  }
}

/** A number, a short code, or a name of up to eleven letters and digits. */
function senderOf(scope: SystemScope, text: string): string | undefined {
  const number = numberOf(scope, text)
  if (number !== undefined) return number
  return /^(\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/.test(text) ? text : undefined
}

const shown = (text: string): string => text.slice(0, 64)
