/** What a redirect makes of a request: method, body, and which headers go along. Whether it may go there is judged later. */
import { type HeaderList, withoutBodyHeaders, withoutCredentials } from './headers.ts'
import { originKey } from './policy.ts'
import { readTarget } from './target.ts'

/** One request as it stands at one hop. */
export type Hop = {
  method: string
  url: URL
  headers: HeaderList
  body: Buffer | undefined
  /** Lower-case names of headers that stay with the first origin. */
  bound: ReadonlySet<string>
}

export function isRedirect(status: number, headers: Record<string, string[]>): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined
}

/**
 * The next hop by the rules of Fetch §4.4, or undefined if the answer is no redirect.
 * @throws GatehouseError `egressRefused` for a location that is no http or https URL
 */
export function redirected(hop: Hop, answer: { status: number; headers: Record<string, string[]> }): Hop | undefined {
  if (!isRedirect(answer.status, answer.headers)) return undefined
  // Header bytes arrive as Latin-1; servers that put more than ASCII into a location mean UTF-8.
  const location = Buffer.from(answer.headers.location![0]!, 'latin1').toString()
  // User and password in a location are the server's idea, so they are not sent.
  const { url } = readTarget(location, hop.url)
  const toGet =
    answer.status === 303
      ? hop.method !== 'GET' && hop.method !== 'HEAD'
      : (answer.status === 301 || answer.status === 302) && hop.method === 'POST'
  const headers =
    originKey(url) === originKey(hop.url)
      ? hop.headers
      : withoutCredentials(hop.headers).filter(([name]) => !hop.bound.has(name.toLowerCase()))
  const { bound } = hop
  return toGet
    ? { method: 'GET', url, headers: withoutBodyHeaders(headers), body: undefined, bound }
    : { method: hop.method, url, headers, body: hop.body, bound }
}
