/**
 * One request over one connection to addresses that were checked before. Redirects, policy and routes are `egress.ts`.
 *
 * Each exchange has a connection of its own, closed at the end: no socket, TLS session or half-read answer of one system
 * is ever seen by another, and the address that was checked is the one this very request went to. It costs a handshake
 * per request.
 */
import { isIP, type LookupFunction, connect as tcpConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { decodeBody, readLimited } from './body.ts'
import { type HeaderList, incomingHeaders } from './headers.ts'
import { bareHost, portOf, type ResolvedAddress } from './policy.ts'

export type Exchange = {
  method: string
  /** Where the connection goes and whose certificate is expected; path and query are sent. */
  target: URL
  /** Whom the code asked: shown in errors, where a routed request does not show its target. */
  origin: string
  /** The `Host` header. */
  host: string
  addresses: ResolvedAddress[]
  headers: HeaderList
  body: Buffer | undefined
  verifyCertificate: boolean
  maxResponseBytes: number
  signal: AbortSignal
  /** Asked when the headers are there; an answer of which only the headers count is not read further. */
  skipBody: (status: number, headers: Record<string, string[]>) => boolean
}

export type ExchangeAnswer = { status: number; statusText: string; headers: Record<string, string[]>; body: Buffer }

/** Rejects with what Node or undici reports, or a GatehouseError; `failures.ts` makes sentences of the former. */
export async function exchange(request: Exchange): Promise<ExchangeAnswer> {
  request.signal.throwIfAborted()
  let socket: ReturnType<typeof dial> | undefined
  // Loaded with the first request; a start has no need of it.
  const { Client } = await import('undici')
  request.signal.throwIfAborted()
  const client = new Client(request.target.origin, {
    connect: (_options, callback) => {
      socket = dial(request)
      const ready = request.target.protocol === 'https:' ? 'secureConnect' : 'connect'
      const failed = (error: Error) => callback(error, null)
      socket.once('error', failed).once(ready, () => {
        socket!.off('error', failed)
        callback(null, socket!)
      })
    },
    allowH2: false,
    pipelining: 0,
    // The one deadline is the signal: it also ends bodies that trickle.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const end = () => {
    client.destroy().catch(() => {})
    socket?.on('error', () => {}).destroy()
  }
  // undici looks at the signal of a request only once it is connected; a handshake that never ends has to end as well.
  request.signal.addEventListener('abort', end, { once: true })
  try {
    const answer = await client.request({
      method: request.method,
      path: request.target.pathname + request.target.search,
      headers: [['host', request.host], ...request.headers].flat(),
      body: request.body ?? null,
      signal: request.signal,
      responseHeaders: 'raw',
      reset: true,
    })
    const headers = incomingHeaders(answer.headers as unknown as string[])
    const facts = { status: answer.statusCode, statusText: answer.statusText ?? '' }
    if (request.method === 'HEAD' || request.skipBody(facts.status, headers)) {
      // The connection goes with its unread rest.
      answer.body.on('error', () => {}).destroy()
      return { ...facts, headers, body: Buffer.alloc(0) }
    }
    const sent = await readLimited(answer.body, headers['content-length']?.[0], request)
    const { body, decoded } = await decodeBody(sent, headers['content-encoding'], request)
    if (decoded) {
      // They described what came over the wire, not what is handed on.
      delete headers['content-encoding']
      delete headers['content-length']
    }
    return { ...facts, headers, body }
  } finally {
    request.signal.removeEventListener('abort', end)
    end()
  }
}

/** Opens the socket. No name leaves this function: the lookup answers with the addresses that were checked. */
function dial({ target, addresses, verifyCertificate }: Exchange) {
  const lookup: LookupFunction = (_host, options, callback) => {
    if (options.all === true) callback(null, addresses)
    else callback(null, addresses[0]!.address, addresses[0]!.family)
  }
  const name = bareHost(target)
  const isName = isIP(name) === 0
  const options = {
    host: isName ? name : addresses[0]!.address,
    port: portOf(target),
    lookup,
    autoSelectFamily: true,
    noDelay: true,
  }
  if (target.protocol !== 'https:') return tcpConnect(options)
  return tlsConnect({
    ...options,
    // An IP address has no server name (RFC 6066 §3); the certificate is then checked against the address.
    servername: isName ? name : '',
    rejectUnauthorized: verifyCertificate,
    ALPNProtocols: ['http/1.1'],
  })
}
