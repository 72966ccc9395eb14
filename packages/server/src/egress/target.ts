/** Reads the URL of a request. WHATWG rules make every odd spelling of an address one spelling before anything is judged. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

/**
 * `url` comes back without user, password and fragment. A user and password become basic authorization, as the services
 * written for the original platform expect.
 * @throws GatehouseError `egressRefused`; never shows the text, which may hold keys.
 */
export function readTarget(text: string, base?: URL): { url: URL; authorization: string | undefined } {
  const trimmed = typeof text === 'string' ? text.trim() : ''
  // URL parsing would drop line breaks in silence; whoever sends one is trying something.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(trimmed)) throw bad('the URL holds a control character')
  const url = URL.parse(trimmed, base)
  if (url === null) {
    throw bad('the URL cannot be read; it has to begin with http:// or https:// and name a host')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw bad(
      `${base === undefined ? 'the URL' : 'the redirect'} begins with ${url.protocol}, not with http: or https:`,
    )
  }
  if (url.hostname === '' || url.port === '0') throw bad('the URL names no host and port that could be reached')
  const authorization =
    url.username === '' && url.password === '' ? undefined : basic(decoded(url.username), decoded(url.password))
  url.username = ''
  url.password = ''
  url.hash = ''
  return { url, authorization }
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function bad(what: string): GatehouseError {
  return new GatehouseError('egressRefused', `The request was not sent: ${what}.`)
}
