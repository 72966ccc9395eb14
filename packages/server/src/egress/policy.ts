/**
 * Which addresses a request may be dialled at: the operator's list of permitted private places, and the verdict on what
 * a host name resolved to. Nothing is resolved or dialled here.
 */
import { networkInterfaces } from 'node:os'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { ConfigError } from '../config/config.ts'
import { type AddressClass, addressClass, type Ip, readAddress, throughNat64 } from './addresses.ts'

/** One entry of the operator's list: a name, or a block of addresses (`exact` if it is a single one), maybe one port. */
type Permission = { port: number | undefined } & ({ name: string } | { network: [Ip, number]; exact: boolean })

export type ResolvedAddress = { address: string; family: 4 | 6 }

export type Policy = {
  permissions: Permission[]
  /** The addresses of this machine's own interfaces, as `readAddress` spells them. */
  ownAddresses: () => string[]
  /** The port this node listens on; never dialled on this machine, whatever is permitted. */
  ownPort: () => number | undefined
}

/**
 * Reads entries such as `printer.local`, `printer.local:631`, `10.1.0.0/16`, `127.0.0.1:9555`, `[fd00::5]:80`.
 * Throws ConfigError for anything else, since an entry that silently permits nothing (or too much) is worse than no start.
 */
export function readPermissions(entries: string[]): Permission[] {
  return entries.map((entry) => {
    const permission = readPermission(entry.trim())
    if (permission === undefined) {
      throw new ConfigError(
        `--egress-allow has "${entry}", but takes host names, host:port, IP addresses and blocks such as 10.1.0.0/16.`,
      )
    }
    return permission
  })
}

function readPermission(entry: string): Permission | undefined {
  const address = readAddress(entry)
  if (address !== undefined) return { network: [address, bits(address)], exact: true, port: undefined }
  const block = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(entry)
  if (block !== null) {
    const first = readAddress(block[1]!)
    const length = Number(block[2])
    // A block of IPv4-mapped addresses would never match, since those are judged as IPv4.
    const mapped = block[1]!.includes(':') && first?.kind() === 'ipv4'
    if (first === undefined || mapped || length > bits(first)) return undefined
    return { network: [first, length], exact: length === bits(first), port: undefined }
  }
  const parts = /^(\[[0-9a-f.:]+\]|[^\s:[\]*@?#\\%/]+)(?::(\d{1,5}))?$/i.exec(entry)
  const url = parts === null ? null : URL.parse(`http://${parts[1]}`)
  const port = parts?.[2] === undefined ? undefined : Number(parts[2])
  if (url === null || (port !== undefined && (port < 1 || port > 65535))) return undefined
  const literal = readAddress(bareHost(url))
  return literal === undefined
    ? { name: bareHost(url), port }
    : { network: [literal, bits(literal)], exact: true, port }
}

function bits(ip: Ip): number {
  return ip.kind() === 'ipv4' ? 32 : 128
}

/** The host of a URL as names are compared: no brackets, no final dots (`localhost.` is `localhost`). */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '')
}

/** The port of a URL, spelled out or not. */
export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}

/** Origins are compared with it: a final dot makes no other host. */
export function originKey(url: URL): string {
  return `${url.protocol}//${bareHost(url)}:${url.port}`
}

/**
 * The addresses out of `found` that may be dialled for `url`. Every one is judged. An answer that mixes public and
 * refused addresses is refused as a whole (a name that points both ways is how rebinding begins); where the operator
 * permitted some of the private addresses of a name, those are the ones dialled.
 * @throws GatehouseError `egressRefused`; it names the class, never the address a name resolved to.
 */
export function permittedAddresses(policy: Policy, url: URL, found: ResolvedAddress[]): ResolvedAddress[] {
  const port = portOf(url)
  const own = policy.ownAddresses()
  const verdicts = found.map((resolved) => {
    const ip = readAddress(resolved.address)
    const is = ip === undefined ? 'reserved' : standing(ip, own)
    return { resolved, is, allowed: ip !== undefined && (is === 'public' || permitted(policy, url, port, ip, is)) }
  })
  const refused = verdicts.filter((verdict) => !verdict.allowed)
  const dialled = verdicts.filter((verdict) => verdict.allowed)
  if (refused.length > 0 && (dialled.length === 0 || dialled.some((verdict) => verdict.is === 'public'))) {
    throw refusal(url, refused.find((verdict) => verdict.is === 'cloud metadata')?.is ?? refused[0]!.is)
  }
  return dialled.map((verdict) => verdict.resolved)
}

/**
 * Refuses what would reach this very node through its socket: inside, it answers such a request itself and knows whose it
 * is; through the socket it would look like a request from a trusted neighbour.
 * @throws GatehouseError `egressRefused`
 */
export function refuseOwnListener(policy: Policy, url: URL, found: ResolvedAddress[]): void {
  if (portOf(url) !== policy.ownPort()) return
  const own = policy.ownAddresses()
  for (const { address } of found) {
    const ip = readAddress(address)
    if (ip === undefined || !['loopback', 'unspecified', 'own'].includes(standing(ip, own))) continue
    throw new GatehouseError('egressRefused', `Refused to connect to ${url.origin}: it is this node itself.`, {
      hint: 'Use the public URL of the node; such requests are answered inside.',
    })
  }
}

/** An address of this machine is a class of its own: a firewall lets what comes from inside pass, even if it is public. */
type Standing = AddressClass | 'own'

function standing(ip: Ip, own: string[]): Standing {
  const is = addressClass(ip)
  return is !== 'loopback' && own.includes((throughNat64(ip) ?? ip).toString()) ? 'own' : is
}

function permitted(policy: Policy, url: URL, port: number, ip: Ip, is: Standing): boolean {
  const name = bareHost(url)
  const inside = throughNat64(ip)
  return policy.permissions.some((permission) => {
    if (permission.port !== undefined && permission.port !== port) return false
    // A name or a wide block is opened for other reasons; credentials of the machine are opened only by their address.
    if ('name' in permission) return permission.name === name && is !== 'cloud metadata'
    if (is === 'cloud metadata' && !permission.exact) return false
    return [ip, inside].some((candidate) => {
      const [network, length] = permission.network
      return candidate !== undefined && candidate.kind() === network.kind() && candidate.match(network, length)
    })
  })
}

function refusal(url: URL, is: Standing): GatehouseError {
  const literal = readAddress(bareHost(url)) !== undefined
  const subject = literal ? 'it is' : 'its name leads to'
  if (is === 'cloud metadata') {
    return new GatehouseError(
      'egressRefused',
      `Refused to connect to ${url.origin}: ${subject} a cloud metadata address, which hands out credentials.`,
      { hint: "If this is meant, the node's operator permits it by its exact address in --egress-allow." },
    )
  }
  const place =
    is === 'own' ? 'an address of the machine the node runs on' : `${is === 'unspecified' ? 'an' : 'a'} ${is} address`
  return new GatehouseError('egressRefused', `Refused to connect to ${url.origin}: ${subject} ${place}.`, {
    hint: `If this is meant, the node's operator permits it with --egress-allow ${url.hostname}:${portOf(url)}.`,
  })
}

/** The addresses of this machine now; interfaces come and go, so it is read for each request. */
export function machineAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ address }) => {
      const ip = readAddress(address)
      return ip === undefined ? [] : [ip.toString()]
    })
}
