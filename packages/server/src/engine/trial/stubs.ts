/**
 * The world of a trial: what a service asks of it is answered by the developer's stubs, and nothing goes out. A request
 * without a stub fails as one does whose server cannot be reached.
 */
import { STATUS_CODES } from 'node:http'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Egress, EgressRequest, EgressResponse, InsideAnswer } from '../../egress/egress.ts'
import { readTarget } from '../../egress/target.ts'

/** `url` is a whole one, or ends with `*` and stands for all that begin so. */
export type Stub = {
  method: string | undefined
  url: string
  status: number
  headers: Record<string, string>
  body: Buffer
}

const longestBody = 1024 * 1024

const bad = (detail: string): GatehouseError => new GatehouseError('badRequest', detail)

/** Throws badRequest. */
export function readStubs(given: unknown, most: number): Stub[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given) || given.length > most) throw bad(`stubs must be a list of at most ${most}.`)
  return given.map((one, index) => readStub(one, `Stub ${index + 1}`))
}

function readStub(given: unknown, where: string): Stub {
  const { method, url, status = 200, headers = {}, body = '' } = (given ?? {}) as Record<string, unknown>
  if (typeof url !== 'string') throw bad(`${where} needs the text url.`)
  const open = url.endsWith('*')
  let href: string
  try {
    href = readTarget(open ? url.slice(0, -1) : url).url.href
  } catch {
    throw bad(`${where}: url must begin with http:// or https:// and name a host.`)
  }
  if (method !== undefined && typeof method !== 'string') throw bad(`${where}: method must be a text.`)
  if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599) {
    throw bad(`${where}: status must be a whole number from 200 to 599.`)
  }
  const texts = typeof headers === 'object' && headers !== null ? Object.entries(headers) : undefined
  if (texts === undefined || texts.some(([, value]) => typeof value !== 'string')) {
    throw bad(`${where}: headers must be an object of texts.`)
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (Buffer.byteLength(text) > longestBody) throw bad(`${where}: its body is longer than ${longestBody} bytes.`)
  const json = typeof body !== 'string' && { 'content-type': 'application/json' }
  return {
    method: method?.toUpperCase(),
    url: open ? `${href}*` : href,
    status: status as number,
    headers: { ...json, ...Object.fromEntries(texts.map(([name, value]) => [name.toLowerCase(), value])) },
    body: Buffer.from(text),
  }
}

const fits = (stub: Stub, method: string, href: string): boolean =>
  (stub.method === undefined || stub.method === method.toUpperCase()) &&
  (stub.url.endsWith('*') ? href.startsWith(stub.url.slice(0, -1)) : href === stub.url)

export type ShownRequest = {
  method: string
  url: string
  /** Without the values of secrets. */
  headers: Record<string, string>
  body?: string
  /** `gateway`: the node's own, which keeps what it is given in the trial. */
  answered: 'stub' | 'gateway' | 'nothing'
  status?: number
}

/** In the place of the way out. `record` is told of each request before it is answered or fails. */
export function stubbedEgress(
  stubs: readonly Stub[],
  more: {
    isOwn: (url: URL) => boolean
    inside: InsideAnswer
    record: (request: ShownRequest, raw: EgressRequest) => void
  },
): Egress {
  return {
    async request(request) {
      const { url, authorization } = readTarget(request.url)
      const shown: ShownRequest = { ...shownOf(request, url), answered: 'nothing' }
      const stub = stubs.find((one) => fits(one, request.method, url.href))
      if (stub !== undefined) {
        more.record({ ...shown, answered: 'stub', status: stub.status }, request)
        return answerOf(stub, url)
      }
      const gateway = more.inside(url, request.context)
      if (gateway !== undefined) {
        const { method, body, signal } = request
        const answer = await gateway({
          ...{ method, url },
          headers: { ...(authorization !== undefined && { authorization }), ...lowerCase(request.headers) },
          body: typeof body === 'string' ? Buffer.from(body) : body,
          signal: signal ?? new AbortController().signal,
        })
        more.record({ ...shown, answered: 'gateway', status: answer.status }, request)
        return answer
      }
      more.record(shown, request)
      if (more.isOwn(url)) {
        throw new GatehouseError('egressRefused', 'In a trial a service does not reach its own node over HTTP.', {
          hint: 'Give a stub for the URL.',
        })
      }
      throw new GatehouseError('egressFailed', `${url.origin} cannot be reached: a trial sends nothing out.`, {
        hint: 'Give a stub for the URL.',
      })
    },
  }
}

function answerOf({ status, headers, body }: Stub, url: URL): EgressResponse {
  const lists: Record<string, string[]> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) lists[name] = [value]
  return { status, statusText: STATUS_CODES[status] ?? '', url: url.href, headers: lists, body }
}

function lowerCase(headers: EgressRequest['headers']): Record<string, string> {
  const lower: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = [value].flat().join(', ')
  return lower
}

const longestShown = 2_000

/** A header that a secret was put into is named and not shown. */
function shownOf({ method, headers, body, boundHeaders }: EgressRequest, url: URL): Omit<ShownRequest, 'answered'> {
  const secret = new Set((boundHeaders ?? []).map((name) => name.toLowerCase()))
  const entries = Object.entries(lowerCase(headers)).map(([name, value]) => [
    name,
    secret.has(name) ? '[secret]' : value,
  ])
  const text = body?.toString('utf8')
  return {
    ...{ method: method.toUpperCase(), url: url.href, headers: Object.fromEntries(entries) },
    ...(text !== undefined && { body: text.length > longestShown ? `${text.slice(0, longestShown)}…` : text }),
  }
}
