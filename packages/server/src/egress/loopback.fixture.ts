/** For the tests of this folder: servers on loopback, names that lead to them, a certificate made on the spot. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { createEgress, type Egress, type EgressOptions, type EgressRequest, type EgressResponse } from './egress.ts'
import type { ResolvedAddress } from './policy.ts'

export const limits = {
  maxResponseBytes: 64 * 1024,
  maxRequestBytes: 16 * 1024,
  defaultTimeoutMs: 5_000,
  maxTimeoutMs: 8_000,
  maxRedirects: 5,
}

type Served = { port: number; host: string; connections: () => number }

async function listen(t: TestContext, server: NetServer | Server, host: string, port = 0): Promise<Served> {
  const sockets = new Set<Socket>()
  let count = 0
  server.on('connection', (socket: Socket) => {
    count++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.listen(port, host)
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { port: (server.address() as AddressInfo).port, host, connections: () => count }
}

export function serve(t: TestContext, handler: RequestListener, host = '127.0.0.1', port = 0): Promise<Served> {
  return listen(t, createServer(handler), host, port)
}

export function serveTls(t: TestContext, own: Certificate, handler: RequestListener): Promise<Served> {
  return listen(t, createTlsServer({ key: own.key, cert: own.cert }, handler), '127.0.0.1')
}

export function serveTcp(t: TestContext, handler: (socket: Socket) => void): Promise<Served> {
  return listen(t, createTcpServer(handler), '127.0.0.1')
}

/** `names` maps a host to the addresses it has; any other does not exist. */
export function egressTo(
  names: Record<string, string | string[]>,
  more: Partial<EgressOptions> = {},
): Egress & { lookups: string[]; get(url: string, request?: Partial<EgressRequest>): Promise<EgressResponse> } {
  const lookups: string[] = []
  const egress = createEgress({
    allow: [],
    routes: [],
    limits,
    ownAddresses: () => [],
    resolve: async (host) => {
      lookups.push(host)
      const found = names[host]
      if (found === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
      return [found].flat().map(resolved)
    },
    ...more,
  })
  const get = (url: string, request: Partial<EgressRequest> = {}) =>
    egress.request({ method: 'GET', url, headers: {}, context: undefined, ...request })
  return { ...egress, lookups, get }
}

export function resolved(address: string): ResolvedAddress {
  return { address, family: address.includes(':') ? 6 : 4 }
}

/** For `assert.rejects`: the kind, and text that the message or the hint must hold. */
export function failure(kind: GatehouseError['kind'], ...texts: RegExp[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof GatehouseError, String(error))
    assert.equal(error.kind, kind, error.detail)
    for (const text of texts) assert.match(`${error.detail} ${error.hint ?? ''}`, text)
    return true
  }
}

export type Certificate = { key: string; cert: string }

/** A self-signed certificate for DNS names and IPv4 addresses (RFC 5280), valid for a day. */
export function selfSigned(names: string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const ecdsaSha256 = der(0x30, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
  const name = der(0x30, der(0x31, der(0x30, oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(names[0]!)))))
  const time = (offsetMs: number) =>
    der(
      0x17,
      Buffer.from(
        `${new Date(Date.now() + offsetMs)
          .toISOString()
          .replace(/[-:T]|\.\d+/g, '')
          .slice(2)}`,
      ),
    )
  const altNames = names.map((each) =>
    /^[\d.]+$/.test(each) ? der(0x87, Buffer.from(each.split('.').map(Number))) : der(0x82, Buffer.from(each)),
  )
  const extensions = der(0xa3, der(0x30, der(0x30, oid(0x55, 0x1d, 0x11), der(0x04, der(0x30, ...altNames)))))
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaSha256,
    name,
    der(0x30, time(-3_600_000), time(86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const whole = der(0x30, body, ecdsaSha256, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)))
  const base64 = whole.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

function oid(...bytes: number[]): Buffer {
  return der(0x06, Buffer.from(bytes))
}
