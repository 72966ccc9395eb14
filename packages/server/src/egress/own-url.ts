/**
 * Tells the node's own URL from all others, so that code that calls its own platform is answered inside. The node hands
 * the function to `egress.ts`; what the answer is, is the node's business.
 */
import { addressClass, readAddress, throughNat64 } from './addresses.ts'
import { bareHost, portOf } from './policy.ts'

/**
 * The public URL matches under either scheme (with default ports, http on 80 and https on 443 are the same place). In
 * development every loopback name with the node's port matches too: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`,
 * `0.0.0.0` and `[::]`, in any spelling that a URL may give them. `port` is the one listened on, never 0. `portalOrigin`
 * tells the origin of a system's portals by the first label of a host; they are this node too.
 */
export function ownUrlMatcher(node: {
  publicUrl: string
  port: number
  development: boolean
  portalOrigin?: (label: string) => string | undefined
}): (url: URL) => boolean {
  const publicUrl = new URL(node.publicUrl)
  const publicHost = bareHost(publicUrl)
  const usesDefaultPort = publicUrl.port === ''
  const publicPorts = usesDefaultPort ? [80, 443] : [portOf(publicUrl)]
  return (url) => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
    const port = portOf(url)
    if (bareHost(url) === publicHost && publicPorts.includes(port)) return true
    if (node.portalOrigin?.(url.hostname.split('.')[0]!) === url.origin) return true
    return node.development && port === node.port && isLoopbackName(bareHost(url))
  }
}

function isLoopbackName(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  const ip = readAddress(host)
  if (ip === undefined) return false
  // A connection to the unspecified address ends at this machine; one through NAT64 goes to a gateway.
  const unspecified = ip.toByteArray().every((byte) => byte === 0)
  return unspecified || (addressClass(ip) === 'loopback' && throughNat64(ip) === undefined)
}
