/**
 * The headers that go out and come back: what code may not set is left out, what could end a header line is refused, and
 * what a redirect to another origin must not carry along is dropped.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

/** In the order and spelling given; names are compared without case. */
export type HeaderList = [name: string, value: string][]

/** Framing and connection belong to us, not to the code; RFC 9110 §7.6.1 and the forbidden names of Fetch that matter here. */
const notForCode = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
  'expect',
  // The body is decoded here, so what may be sent is decided here.
  'accept-encoding',
])

/** RFC 9110 §7.6.1: meant for one connection, which is over when the answer is handed on. */
const notForAnswers = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const nameSyntax = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const valueSyntax = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * @throws GatehouseError `egressRefused` for a name that is no name, and for a value with a line break, a NUL or a
 * character above U+00FF. The value is not shown: it may be a key.
 */
export function outgoingHeaders(given: Record<string, string | string[]>): HeaderList {
  const list: HeaderList = []
  for (const [name, values] of Object.entries(given)) {
    if (!nameSyntax.test(name)) throw bad(`"${printable(name)}" is not a header name`)
    for (const value of Array.isArray(values) ? values : [values]) {
      if (typeof value !== 'string') throw bad(`the header ${name} is not text`)
      if (!valueSyntax.test(value)) {
        throw bad(`the header ${name} holds a line break or another character that headers cannot carry`)
      }
      if (!notForCode.has(name.toLowerCase())) list.push([name, value.trim()])
    }
  }
  return list
}

function bad(what: string): GatehouseError {
  return new GatehouseError('egressRefused', `The request was not sent: ${what}.`)
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 60)
}

export function hasHeader(list: HeaderList, name: string): boolean {
  return list.some(([each]) => each.toLowerCase() === name)
}

/** A redirect that turns the request into a GET leaves the body behind, and with it what described the body (Fetch §4.4). */
export function withoutBodyHeaders(list: HeaderList): HeaderList {
  return list.filter(([name]) => !/^content-(type|encoding|language|location|length)$/i.test(name))
}

/**
 * For a redirect to another origin. Fetch drops `Authorization`; code carries its secrets under many names
 * (`X-Api-Key`, `ClearBlade-UserToken`), so whatever sounds like one stays behind as well.
 */
export function withoutCredentials(list: HeaderList): HeaderList {
  return list.filter(([name]) => !/auth|cookie|token|secret|passw|credential|session|signature|key/i.test(name))
}

/** For the node itself: lower-case names, repeated ones joined; what a proxy would say about the caller is no code's to say. */
export function inwardHeaders(list: HeaderList): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of list) {
    const key = name.toLowerCase()
    if (/^(forwarded|via|x-real-ip|x-forwarded-.*)$/.test(key)) continue
    headers[key] = headers[key] === undefined ? value : `${headers[key]}${key === 'cookie' ? '; ' : ', '}${value}`
  }
  return headers
}

/** Name → values in lower case, without a prototype (a server may call its header `__proto__`). `raw` is name, value, name, value … */
export function incomingHeaders(raw: string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null)
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase()
    if (notForAnswers.has(name)) continue
    headers[name] = [...(headers[name] ?? []), raw[index + 1]!]
  }
  return headers
}
