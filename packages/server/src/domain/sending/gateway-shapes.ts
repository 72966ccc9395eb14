/** What Twilio's API answers, as JSON: a message of either generation, a page of them, an error. */
import type { InboxRecord } from '../../store/tables/inbox.ts'

export type GatewayAnswer = { status: number; body: Record<string, unknown> }

/** `older` is `/SMS/Messages`, which stood before `/Messages`. */
export type Generation = { account: string; older: boolean }

const version = '2010-04-01'

/** As Twilio answers the request that makes it: not sent yet. */
export const createdShape = (generation: Generation, message: InboxRecord): Record<string, unknown> =>
  shape(generation, message, message.serviceSid === null ? 'queued' : 'accepted', null)

/** As it is found later. */
export const keptShape = (generation: Generation, message: InboxRecord): Record<string, unknown> =>
  shape(generation, message, generation.older ? 'sent' : 'delivered', message.at)

function shape(
  { account, older }: Generation,
  message: InboxRecord,
  status: string,
  sentAt: number | null,
): Record<string, unknown> {
  const base = `/${version}/Accounts/${account}/${older ? 'SMS/' : ''}Messages/${message.id}`
  const common = {
    account_sid: account,
    api_version: version,
    body: message.body,
    date_created: rfc2822(message.at),
    date_sent: sentAt === null ? null : rfc2822(sentAt),
    date_updated: rfc2822(message.at),
    direction: 'outbound-api',
    from: message.from === '' ? null : message.from,
    // The segments of a message by a messaging service are not known before its sender is.
    num_segments: message.serviceSid !== null && sentAt === null ? '0' : String(segmentsOf(message.body)),
    price: null,
    price_unit: 'USD',
    sid: message.id,
    status,
    to: message.to,
    uri: `${base}.json`,
  }
  if (older) return common
  return {
    ...common,
    error_code: null,
    error_message: null,
    messaging_service_sid: message.serviceSid,
    num_media: '0',
    subresource_uris: { media: `${base}/Media.json` },
  }
}

export function listShape(
  generation: Generation,
  found: {
    path: string
    query: URLSearchParams
    messages: InboxRecord[]
    total: number
    page: number
    size: number
  },
): Record<string, unknown> {
  const { path, query, messages, total, page, size } = found
  const pages = Math.max(1, Math.ceil(total / size))
  const uri = (number: number): string => {
    const parameters = new URLSearchParams(query)
    parameters.set('PageSize', String(size))
    parameters.set('Page', String(number))
    return `${path}?${parameters}`
  }
  const common = {
    end: page * size + Math.max(0, messages.length - 1),
    first_page_uri: uri(0),
    next_page_uri: page + 1 < pages ? uri(page + 1) : null,
    page,
    page_size: size,
    previous_page_uri: page > 0 ? uri(page - 1) : null,
    start: page * size,
    uri: uri(page),
  }
  const shapes = messages.map((message) => keptShape(generation, message))
  return generation.older
    ? { ...common, last_page_uri: uri(pages - 1), num_pages: pages, total, sms_messages: shapes }
    : { ...common, messages: shapes }
}

export const refusal = (status: number, code: number, message: string): GatewayAnswer => ({
  status,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
})

export const notFound = (path: string): GatewayAnswer =>
  refusal(404, 20404, `The requested resource ${path.slice(0, 200)} was not found`)

/** Of whoever brings no credentials, or wrong ones. */
export const unauthenticated = (): GatewayAnswer => refusal(401, 20003, 'Authenticate')

const rfc2822 = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000')

/** GSM 03.38: characters that take one place, and those that take two. */
const plain = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const extended = new Set('\f^{}\\[~]|€')

/** How many text messages it takes: 160 or 153 characters each, or 70 and 67 where one of them is outside GSM 03.38. */
export function segmentsOf(body: string): number {
  let places = 0
  for (const sign of body) {
    if (plain.has(sign)) places += 1
    else if (extended.has(sign)) places += 2
    else return body.length <= 70 ? 1 : Math.ceil(body.length / 67)
  }
  return places <= 160 ? 1 : Math.ceil(places / 153)
}
