/**
 * The way out for what is no HTTP request: a connection to a host and port that a developer named. Judged as a request is
 * (`policy.ts`), and the very address that was judged is the one dialled.
 */
import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { readAddress } from './addresses.ts'
import { requestFailure } from './failures.ts'
import {
  bareHost,
  machineAddresses,
  type Policy,
  permittedAddresses,
  type ResolvedAddress,
  readPermissions,
  refuseOwnListener,
} from './policy.ts'

export type DialOptions = {
  /** As for requests: what may be reached although it is not public. */
  allow: string[]
  /** Of this node; never dialled on this machine. */
  ownPort: () => number | undefined
  /** Default: the system's resolver. */
  resolve?: (host: string) => Promise<ResolvedAddress[]>
}

/**
 * A connection that stands. The caller ends it.
 * @throws GatehouseError `egressRefused` where nothing was dialled, `egressFailed` where nobody answered or time was over
 */
export type Dial = (host: string, port: number, signal: AbortSignal) => Promise<Socket>

/** @throws ConfigError when an entry of `allow` cannot be read. */
export function createDial({ allow, ownPort, resolve = systemResolve }: DialOptions): Dial {
  const policy: Policy = { permissions: readPermissions(allow), ownAddresses: machineAddresses, ownPort }
  return async (host, port, signal) => {
    // The URL parser spells names and addresses as the policy compares them; as a URL it goes nowhere.
    const url = URL.parse(`http://${host}:${port}`)
    if (url === null) throw new GatehouseError('egressRefused', `Refused to connect to ${host}: it is no host.`)
    const name = bareHost(url)
    try {
      const literal = readAddress(name)
      const found: ResolvedAddress[] =
        literal === undefined
          ? await orAborted(resolve(name), signal)
          : [{ address: literal.toString(), family: literal.kind() === 'ipv4' ? 4 : 6 }]
      const [first] = found
      if (first === undefined) throw new GatehouseError('egressFailed', `The host ${name} was not found.`)
      refuseOwnListener(policy, url, found)
      return await reach(permittedAddresses(policy, url, found), port, signal)
    } catch (error) {
      throw requestFailure(error, `${name}:${port}`)
    }
  }
}

/** The first of them that answers. */
async function reach(addresses: readonly ResolvedAddress[], port: number, signal: AbortSignal): Promise<Socket> {
  let last: unknown
  for (const { address, family } of addresses) {
    try {
      return await open(address, family, port, signal)
    } catch (error) {
      last = error
    }
  }
  throw last
}

function open(host: string, family: 4 | 6, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect({ host, family, port })
  // An error that nobody listens for would end the node; whoever uses the connection notices its end.
  socket.on('error', () => {})
  const stop = (): void => {
    socket.destroy()
    reject(signal.reason)
  }
  signal.addEventListener('abort', stop, { once: true })
  socket.once('connect', () => resolve(socket))
  socket.once('error', reject)
  return promise.finally(() => {
    signal.removeEventListener('abort', stop)
    socket.removeListener('error', reject)
  })
}

async function systemResolve(host: string): Promise<ResolvedAddress[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
