/**
 * The one way out: every request that a developer's code sends to the world goes through `createEgress`. The code is
 * hostile, so each hop is judged anew: form of the URL, the node's own URL (answered inside), the operator's routes, then
 * every address the name resolves to; the addresses that were judged are the ones dialled. Nothing is kept between
 * requests: no cookies, no connections, no lookups; no proxy settings are read.
 */
import { lookup } from 'node:dns/promises'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { ConfigError } from '../config/config.ts'
import { readAddress } from './addresses.ts'
import { acceptEncoding, tooLarge } from './body.ts'
import { type ExchangeAnswer, exchange } from './exchange.ts'
import { requestFailure } from './failures.ts'
import { hasHeader, inwardHeaders, outgoingHeaders } from './headers.ts'
import {
  bareHost,
  machineAddresses,
  originKey,
  type Policy,
  permittedAddresses,
  type ResolvedAddress,
  readPermissions,
  refuseOwnListener,
} from './policy.ts'
import { type Hop, isRedirect, redirected } from './redirect.ts'
import { readTarget } from './target.ts'

export type EgressLimits = {
  /** Of the body, as it arrives and again unpacked. */
  maxResponseBytes: number
  /** Of URL, headers and body together. */
  maxRequestBytes: number
  /** For the whole request with all its redirects. */
  defaultTimeoutMs: number
  maxTimeoutMs: number
  maxRedirects: number
}

export type EgressRequest = {
  method: string
  /** Absolute, http or https. A `user:password@` in it is sent as basic authorization unless the headers hold one. */
  url: string
  headers: Record<string, string | string[]>
  body?: Buffer | string
  /** Default and upper limit from the options; anything but a positive number means the default. */
  timeoutMs?: number
  /** Names of headers that a redirect to another origin must not take along, beside those that sound like credentials. */
  boundHeaders?: readonly string[]
  /** 0 hands the redirect itself back; default and upper limit from the options. */
  maxRedirects?: number
  /** false accepts a certificate that cannot be verified. It changes nothing about where a request may go. */
  strictSSL?: boolean
  signal?: AbortSignal
  /** Whose request it is; handed to `ownNode.answer` and looked at by nobody else. */
  context: unknown
}

export type EgressResponse = {
  status: number
  statusText: string
  /** After redirects; without fragment and user. */
  url: string
  /** Lower-case name → values; no prototype. */
  headers: Record<string, string[]>
  body: Buffer
}

/** What `ownNode.answer` gets: clean headers in lower case, without `Host` and without what only a proxy may say. */
export type OwnNodeRequest = {
  method: string
  url: URL
  headers: Record<string, string>
  body: Buffer | undefined
  signal: AbortSignal
}

export type OwnNode = {
  matches: (url: URL) => boolean
  answer: (request: OwnNodeRequest, context: unknown) => Promise<EgressResponse>
  /** The port the node listens on. On this machine it is never dialled, whatever the operator permits. */
  port?: () => number | undefined
}

/**
 * Answers a request in the place of the world; undefined where it is none of its business. Asked for each hop of a request,
 * after the own node and only where the operator has no route for its origin.
 */
export type InsideAnswer = (
  url: URL,
  context: unknown,
) => ((request: OwnNodeRequest) => Promise<EgressResponse>) | undefined

export type EgressOptions = {
  /** Host names, host:port, addresses or CIDR blocks that may be reached although they are not public. */
  allow: string[]
  /** Requests to origin `from` go to origin `to`, with path and `Host` unchanged; `to` is trusted, it needs no `allow`. */
  routes: { from: string; to: string }[]
  ownNode?: OwnNode
  inside?: InsideAnswer
  limits: EgressLimits
  /** Default: the system's resolver. */
  resolve?: (host: string) => Promise<ResolvedAddress[]>
  /** Default: the addresses of the interfaces; code reaches these only where permitted, even if they are public. */
  ownAddresses?: () => string[]
}

export type Egress = {
  /**
   * Any answer is a success, whatever its status.
   * @throws GatehouseError `egressRefused` when it was not sent, `egressFailed` when no complete answer came.
   */
  request(request: EgressRequest): Promise<EgressResponse>
}

/** @throws ConfigError when an entry of `allow` or `routes` cannot be read. */
export function createEgress(options: EgressOptions): Egress {
  const policy: Policy = {
    permissions: readPermissions(options.allow),
    ownAddresses: options.ownAddresses ?? machineAddresses,
    ownPort: () => options.ownNode?.port?.(),
  }
  const way: Way = {
    policy,
    routes: new Map(options.routes.map(({ from, to }) => [originKey(readOrigin(from)), readOrigin(to)])),
    ownNode: options.ownNode,
    inside: options.inside,
    limits: options.limits,
    resolve: options.resolve ?? systemResolve,
  }
  return { request: (request) => withDeadline(way, request) }
}

type Way = {
  policy: Policy
  routes: Map<string, URL>
  ownNode: OwnNode | undefined
  inside: InsideAnswer | undefined
  limits: EgressLimits
  resolve: (host: string) => Promise<ResolvedAddress[]>
}

type Settings = { maxRedirects: number; verifyCertificate: boolean; signal: AbortSignal; context: unknown }

async function withDeadline(way: Way, request: EgressRequest): Promise<EgressResponse> {
  const first = readRequest(way.limits, request)
  const { origin } = first.url
  const timeoutMs = Math.min(positive(request.timeoutMs) ?? way.limits.defaultTimeoutMs, way.limits.maxTimeoutMs)
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), timeoutMs)
  const signal = request.signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, request.signal])
  const wanted = Number.isInteger(request.maxRedirects) ? Math.max(0, request.maxRedirects!) : way.limits.maxRedirects
  try {
    return await follow(way, first, {
      maxRedirects: Math.min(wanted, way.limits.maxRedirects),
      verifyCertificate: request.strictSSL !== false,
      signal,
      context: request.context,
    })
  } catch (error) {
    if (request.signal?.aborted) {
      throw new GatehouseError('egressFailed', `The request to ${origin} was cancelled.`, { cause: error })
    }
    if (deadline.signal.aborted) {
      throw new GatehouseError('egressFailed', `${origin} did not answer completely within ${timeoutMs} ms.`, {
        cause: error,
        hint: 'If it needs longer, set a longer timeout.',
      })
    }
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : undefined
}

function readRequest(limits: EgressLimits, request: EgressRequest): Hop {
  const method = readMethod(request.method)
  const { url, authorization } = readTarget(request.url)
  const headers = outgoingHeaders(request.headers)
  if (authorization !== undefined && !hasHeader(headers, 'authorization'))
    headers.push(['Authorization', authorization])
  const given = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
  const body = given === undefined || given.length === 0 ? undefined : given
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw new GatehouseError('egressRefused', `The request was not sent: a ${method} request carries no body.`)
  }
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, url.href.length)
  if (size + (body?.length ?? 0) > limits.maxRequestBytes) {
    throw new GatehouseError(
      'egressRefused',
      `The request was not sent: it is larger than the ${limits.maxRequestBytes} bytes that may go out at once.`,
    )
  }
  if (!hasHeader(headers, 'accept')) headers.push(['Accept', '*/*'])
  if (!hasHeader(headers, 'user-agent')) headers.push(['User-Agent', 'Gatehouse'])
  const bound = new Set(request.boundHeaders?.map((name) => name.toLowerCase()))
  return { method, url, headers, body, bound }
}

/** CONNECT would open a tunnel, TRACE would show code what we added. */
function readMethod(text: string): string {
  const method = typeof text === 'string' ? text.toUpperCase() : ''
  if (!/^[A-Z][A-Z-]{0,31}$/.test(method) || ['CONNECT', 'TRACE', 'TRACK'].includes(method)) {
    throw new GatehouseError('egressRefused', 'The request was not sent: its method is none that code may use.')
  }
  return method
}

async function follow(way: Way, first: Hop, settings: Settings): Promise<EgressResponse> {
  let hop = first
  let wentOut = false
  for (let redirects = 0; ; redirects++) {
    const inside = insideAnswer(way, hop.url, settings.context)
    if (inside !== undefined && wentOut) {
      throw new GatehouseError(
        'egressRefused',
        `${first.url.origin} redirects to this node, and such a redirect is not followed.`,
        { hint: 'Set the number of redirects to 0, look at the answer, and send the request to the node yourself.' },
      )
    }
    const answering = inside === undefined ? sendOut(way, hop, settings) : answerInside(way, hop, settings, inside)
    const answer = await answering.catch((error: unknown) => {
      throw settings.signal.aborted ? error : requestFailure(error, hop.url.origin)
    })
    wentOut ||= inside === undefined
    const next = settings.maxRedirects === 0 ? undefined : redirected(hop, answer)
    if (next === undefined) return { ...answer, url: hop.url.href }
    if (redirects >= settings.maxRedirects) {
      throw new GatehouseError(
        'egressFailed',
        `${first.url.origin} redirects more than ${settings.maxRedirects} ${settings.maxRedirects === 1 ? 'time' : 'times'}.`,
      )
    }
    hop = next
  }
}

type Answering = (request: OwnNodeRequest) => Promise<EgressResponse>

function insideAnswer(way: Way, url: URL, context: unknown): Answering | undefined {
  const { ownNode } = way
  if (ownNode?.matches(url) === true) return (request) => ownNode.answer(request, context)
  // What the operator sends elsewhere goes there.
  return way.routes.has(originKey(url)) ? undefined : way.inside?.(url, context)
}

/** What is answered inside is neither resolved nor dialled. */
async function answerInside(way: Way, hop: Hop, { signal }: Settings, answering: Answering): Promise<ExchangeAnswer> {
  const { method, url, headers, body } = hop
  const request = { method, url: new URL(url), headers: inwardHeaders(headers), body, signal }
  const answer = await orAborted(answering(request), signal)
  if (answer.body.length > way.limits.maxResponseBytes) {
    throw tooLarge({ origin: url.origin, maxResponseBytes: way.limits.maxResponseBytes })
  }
  return answer
}

async function sendOut(way: Way, hop: Hop, settings: Settings): Promise<ExchangeAnswer> {
  const route = way.routes.get(originKey(hop.url))
  const target = route === undefined ? hop.url : onOrigin(hop.url, route)
  if (route !== undefined && way.ownNode?.matches(target) === true) {
    throw new GatehouseError('egressRefused', `The route for ${hop.url.origin} leads to this node itself.`, {
      hint: "The node's operator sets another target in --route.",
    })
  }
  settings.signal.throwIfAborted()
  const literal = readAddress(bareHost(target))
  const found: ResolvedAddress[] =
    literal === undefined
      ? await orAborted(way.resolve(target.hostname), settings.signal)
      : [{ address: literal.toString(), family: literal.kind() === 'ipv4' ? 4 : 6 }]
  if (found.length === 0) throw new GatehouseError('egressFailed', `The host of ${hop.url.origin} was not found.`)
  refuseOwnListener(way.policy, target, found)
  return exchange({
    method: hop.method,
    target,
    origin: hop.url.origin,
    host: hop.url.host,
    addresses: route === undefined ? permittedAddresses(way.policy, target, found) : found,
    headers: [...hop.headers, ['Accept-Encoding', acceptEncoding]],
    body: hop.body,
    verifyCertificate: settings.verifyCertificate,
    maxResponseBytes: way.limits.maxResponseBytes,
    signal: settings.signal,
    skipBody: (status, headers) => settings.maxRedirects > 0 && isRedirect(status, headers),
  })
}

function onOrigin(url: URL, origin: URL): URL {
  // Set, not resolved: a path such as //other.example/ is a path here, never a host.
  const target = new URL(origin)
  target.pathname = url.pathname
  target.search = url.search
  return target
}

function readOrigin(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.href !== `${url.origin}/`) {
    throw new ConfigError(`--route has "${text}", but takes origins such as https://api.example.com, without a path.`)
  }
  return url
}

/** A name may lead to several addresses; all are wanted, so that all are judged. */
async function systemResolve(host: string): Promise<ResolvedAddress[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

/** For work that cannot be stopped: its result is no longer waited for. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
