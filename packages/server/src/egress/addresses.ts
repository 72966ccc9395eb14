/**
 * What kind of place an IP address is. Only plain public unicast space is `public`; whatever is not known to be that is
 * something else, so that a new or forgotten range is refused. Who may go where is decided in `policy.ts`.
 */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export type Ip = ipaddr.IPv4 | ipaddr.IPv6

export type AddressClass =
  | 'public'
  | 'cloud metadata'
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'unique-local'
  | 'carrier-grade NAT'
  | 'multicast'
  | 'broadcast'
  | 'unspecified'
  | 'documentation'
  | 'benchmarking'
  | 'tunnel'
  | 'reserved'

/**
 * Where clouds hand out credentials to whoever asks from inside. Some lie in ranges that operators open for good reasons
 * (100.64.0.0/10, fd00::/8) and Azure's is a public address, so they are a class of their own.
 */
const metadataAddresses = [
  '169.254.169.254', // AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
  '169.254.170.2', // AWS ECS task credentials
  '169.254.170.23', // AWS EKS pod identity
  '169.254.0.23', // Tencent
  '169.254.42.42', // Scaleway
  '100.100.100.200', // Alibaba
  '192.0.0.192', // Oracle Classic
  '168.63.129.16', // Azure WireServer
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS EKS pod identity
  'fd00:42::42', // Scaleway
  'fd20:ce::254', // Google
].map((text) => ipaddr.parse(text).toString())

/** IANA IPv4 special-purpose registry. */
const ranges4: [cidr: string, is: AddressClass][] = [
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'carrier-grade NAT'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['192.0.2.0/24', 'documentation'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['198.18.0.0/15', 'benchmarking'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
]

/** IANA IPv6 special-purpose registry. 6to4 and Teredo may carry any IPv4 address and nobody runs public services on them. */
const ranges6: [cidr: string, is: AddressClass][] = [
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['fc00::/7', 'unique-local'],
  ['ff00::/8', 'multicast'],
  ['64:ff9b:1::/48', 'private'],
  ['2001::/32', 'tunnel'],
  ['2002::/16', 'tunnel'],
  ['2001:2::/48', 'benchmarking'],
  ['2001:db8::/32', 'documentation'],
  ['3fff::/20', 'documentation'],
]

/** RFC 4291: the only part of IPv6 that is handed out for use across the internet. */
const globalUnicast6 = ipaddr.parseCIDR('2000::/3')
/** RFC 6052: an IPv6-only network reaches IPv4 through it, so what counts is the IPv4 address inside. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96')

const table = new Map(
  ([ranges4, ranges6] as const).map((ranges, index) => [
    index === 0 ? 'ipv4' : 'ipv6',
    ranges.map(([cidr, is]) => ({ network: ipaddr.parseCIDR(cidr), is })),
  ]),
)

/**
 * The address as a connection would use it, without zone; an IPv4-mapped one is the IPv4 address. Undefined for anything
 * else. IPv6 is spelled by the URL parser first: ipaddr.js takes `::8.8.8.8` for the mapped `::ffff:8.8.8.8`, the kernel
 * does not.
 */
export function readAddress(text: string): Ip | undefined {
  const kind = isIP(text)
  if (kind === 0) return undefined
  if (kind === 4) return ipaddr.parse(text)
  const url = URL.parse(`http://[${text.replace(/%.*$/s, '')}]`)
  return url === null ? undefined : ipaddr.process(url.hostname.slice(1, -1))
}

/** The IPv4 address that a NAT64 gateway would connect to for this one. */
export function throughNat64(ip: Ip): Ip | undefined {
  return ip.kind() === 'ipv6' && ip.match(nat64) ? ipaddr.fromByteArray(ip.toByteArray().slice(12)) : undefined
}

/** Never throws: what cannot be read is `reserved`. `address` is an IP literal without brackets. */
export function addressClass(address: string | Ip): AddressClass {
  const ip = typeof address === 'string' ? readAddress(address) : address
  if (ip === undefined) return 'reserved'
  const inside = throughNat64(ip)
  if (inside !== undefined) return addressClass(inside)
  if (metadataAddresses.includes(ip.toString())) return 'cloud metadata'
  for (const { network, is } of table.get(ip.kind()) ?? []) if (ip.match(network)) return is
  if (ip.kind() === 'ipv6' && !ip.match(globalUnicast6)) return 'reserved'
  return ip.range() === 'unicast' ? 'public' : 'reserved'
}
