/** The settings about messages, checked: where they go, who carries them, where phone numbers are, who takes e-mail. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { MailServer, MessageProvider, SystemSettings } from '../access/scope.ts'
import { secretName } from './secrets.ts'

type MessageSettings = Pick<
  SystemSettings,
  'messages_to' | 'message_providers' | 'phone_country' | 'code_digits' | 'code_message' | 'mail'
>

/** In the text of a message, where the code goes. */
export const placeOfCode = '{code}'
export const longestCodeMessage = 500

/** Whether it is a text that a code can be sent in. */
export const isCodeMessage = (text: unknown): text is string =>
  typeof text === 'string' && text.includes(placeOfCode) && text.length <= longestCodeMessage

/** Six digits are 20 bits. */
export const codeDigits = { least: 6, most: 10 } as const

export const isCodeLength = (digits: unknown): digits is number =>
  Number.isInteger(digits) && (digits as number) >= codeDigits.least && (digits as number) <= codeDigits.most

const mostProviders = 5

/** @throws GatehouseError `badSetting` */
export function checkMessageSettings(body: Record<string, unknown>): Partial<MessageSettings> {
  const changes: Partial<MessageSettings> = {}
  const { messages_to: to, message_providers: providers, phone_country: country } = body
  if (to !== undefined && to !== null) {
    if (to !== '' && to !== 'inbox' && to !== 'provider') {
      throw bad('messages_to must be "inbox", "provider", or "" for what the mode of the node says.')
    }
    changes.messages_to = to
  }
  if (providers !== undefined && providers !== null) {
    if (!Array.isArray(providers) || providers.length > mostProviders) {
      throw bad(`message_providers must be a list of at most ${mostProviders} providers, in the order they are tried.`)
    }
    changes.message_providers = providers.map((one, index) => readProvider(one, `message_providers[${index}]`))
  }
  if (country !== undefined && country !== null) {
    if (typeof country !== 'string' || (country !== '' && !isCountry(country))) {
      throw bad('phone_country must be two capital letters, as "US" or "DE", or "" for none.')
    }
    changes.phone_country = country
  }
  const { code_digits: digits, code_message: message } = body
  if (digits !== undefined && digits !== null) {
    if (!isCodeLength(digits)) {
      throw bad(`code_digits must be a whole number from ${codeDigits.least} to ${codeDigits.most}.`)
    }
    changes.code_digits = digits
  }
  if (message !== undefined && message !== null) {
    if (!isCodeMessage(message)) {
      throw bad(`code_message must be a text with ${placeOfCode} in it, of ${longestCodeMessage} characters at most.`)
    }
    changes.code_message = message
  }
  // null takes it away, so only what is not named leaves it.
  if (body.mail !== undefined) changes.mail = body.mail === null || body.mail === '' ? null : readMail(body.mail)
  return changes
}

const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })
const isCountry = (code: string): boolean => /^[A-Z]{2}$/.test(code) && code !== 'ZZ' && regions.of(code) !== undefined

function readProvider(given: unknown, place: string): MessageProvider {
  const one = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
  switch (one.kind) {
    case 'twilio':
      return readTwilio(one, place)
    case 'webhook':
      return readWebhook(one, place)
    default:
      throw bad(`${place} needs a kind: "twilio" or "webhook".`)
  }
}

/**
 * The provider that a service names for one message: the same, but its token may stand in it, since it is kept nowhere.
 * @throws GatehouseError `badSetting`
 */
export function readNamedProvider(given: unknown): MessageProvider {
  const one = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
  if (one.kind !== 'twilio') throw bad('provider needs the kind "twilio".')
  const { token } = one
  const isValue = typeof token === 'string' && !token.startsWith('secret:')
  if (isValue && (token === '' || token.length > 200)) throw bad('provider.token is empty or too long.')
  const read = readTwilio({ ...one, ...(isValue && { token: 'secret:VALUE' }) }, 'provider')
  return isValue ? ({ ...read, token } as MessageProvider) : read
}

/**
 * A provider of a node that holds its credentials itself, in a file of its own: token and secret stand in it.
 * @throws GatehouseError `badSetting`
 */
export function readOwnProvider(given: unknown): MessageProvider {
  const one = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
  const [name, value] = one.kind === 'webhook' ? (['secret', one.secret] as const) : (['token', one.token] as const)
  if (typeof value !== 'string' || value === '' || value.length > 200 || value.startsWith('secret:')) {
    throw bad(`${name} must be there itself, of at most 200 characters.`)
  }
  return { ...readProvider({ ...one, [name]: 'secret:VALUE' }, 'It'), [name]: value } as MessageProvider
}

function readTwilio(one: Record<string, unknown>, place: string): MessageProvider {
  const { account, from, messaging_service: service } = one
  if (typeof account !== 'string' || !/^AC[0-9a-f]{32}$/i.test(account)) {
    throw bad(`${place}.account must be the account SID: AC and 32 hex digits.`)
  }
  if (service !== undefined && (typeof service !== 'string' || !/^MG[0-9a-f]{32}$/i.test(service))) {
    throw bad(`${place}.messaging_service must be a messaging service SID: MG and 32 hex digits.`)
  }
  // A number, a short code or a name of up to 11 characters.
  if (
    from !== undefined &&
    (typeof from !== 'string' || !/^(\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{1,11})$/.test(from))
  ) {
    throw bad(`${place}.from must be a number as +15005550006, a short code, or a name of up to 11 characters.`)
  }
  if (from === undefined && service === undefined) throw bad(`${place} needs "from" or "messaging_service".`)
  return {
    kind: 'twilio',
    account,
    token: readReference(one.token, `${place}.token`),
    ...(from !== undefined && { from }),
    ...(service !== undefined && { messaging_service: service }),
  }
}

function readWebhook(one: Record<string, unknown>, place: string): MessageProvider {
  const url = typeof one.url === 'string' && one.url.length <= 500 ? URL.parse(one.url) : null
  // Codes of sign-ins travel over it.
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw bad(`${place}.url must be an https:// address without user and password.`)
  }
  return { kind: 'webhook', url: url.href, secret: readReference(one.secret, `${place}.secret`) }
}

const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/
const mailAddress = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$/

function readMail(given: unknown): MailServer {
  const one = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
  const { host, port = 587, from, user, password, tls = 'required' } = one
  if (typeof host !== 'string' || !(hostName.test(host) || /^\[[0-9a-fA-F:.]+\]$/.test(host))) {
    throw bad('mail.host must be the name or address of an SMTP server, as "smtp.example.com".')
  }
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535) {
    throw bad('mail.port must be a whole number from 1 to 65535; 587 is usual, 465 speaks TLS from the start.')
  }
  if (typeof from !== 'string' || !mailAddress.test(from)) {
    throw bad('mail.from must be an address, as "gate@example.com".')
  }
  if (tls !== 'required' && tls !== 'none') throw bad('mail.tls must be "required" or "none".')
  if ((user === undefined) !== (password === undefined)) throw bad('mail.user and mail.password go together.')
  if (user !== undefined && (typeof user !== 'string' || user === '' || user.length > 200)) {
    throw bad('mail.user must be a text of at most 200 characters.')
  }
  if (user !== undefined && tls === 'none') throw bad('mail.tls is "none": a password would travel in the clear.')
  return {
    ...{ host, port: port as number, from, tls },
    ...(user !== undefined && { user: user as string, password: readReference(password, 'mail.password') }),
  }
}

/** Settings are shown and exported, so what is secret is named in them and never stands there. */
function readReference(given: unknown, place: string): string {
  if (typeof given === 'string' && given.startsWith('secret:') && secretName.test(given.slice('secret:'.length))) {
    return given
  }
  throw bad(`${place} must name a secret of the system, as "secret:TOKEN"; the value itself is not kept here.`)
}

const bad = (detail: string): GatehouseError => new GatehouseError('badSetting', detail)
