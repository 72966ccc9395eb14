/**
 * Where passkeys of a system are good: domains (RP IDs) with the pages that may ask for them. A browser gives a page the
 * passkeys of its own domain and of those above it alone, and the node checks which page it was: that is what keeps a page
 * that only looks alike from using one.
 */
import { isIP } from 'node:net'
import type { AuthenticatorRecord } from '../../store/tables/authenticators.ts'
import type { SystemScope } from '../access/scope.ts'

export type PasskeySite = { rpId: string; origins: readonly string[] }

type SiteScope = Pick<SystemScope, 'system' | 'publicUrl' | 'portalOrigin' | 'mode' | 'origin'>

/**
 * What the system's settings say; without them the node's own pages, and the portals of the system. These are two sites:
 * neither may use the passkeys of the other. Empty where browsers have no passkeys at all: at an address instead of a name, or
 * without https.
 */
export function passkeySites(scope: SiteScope): PasskeySite[] {
  const { passkey_rp_id: rpId, passkey_origins: origins } = scope.system.settings
  if (rpId !== '') return [{ rpId, origins }]
  const node = new URL(scope.publicUrl())
  // A node of a developer is there by its name too, whatever it is called by.
  if (scope.mode === 'development' && isLoopback(node.hostname)) node.hostname = 'localhost'
  const portals = scope.portalOrigin(scope.system.key)
  const urls = portals === undefined ? [node] : [node, new URL(portals)]
  return urls.filter(hasPasskeys).map(({ hostname, origin }) => ({ rpId: hostname, origins: [origin] }))
}

/** Browsers have them in secure contexts alone, which loopback is by name, and at names alone. */
function hasPasskeys({ protocol, hostname }: URL): boolean {
  const isSafe = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost')
  return isSafe && isIP(hostname) === 0 && !hostname.startsWith('[')
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host)

/**
 * The site of the page that asks, or the first: a page that names another than its own gets options that its browser does not
 * take, and nothing is decided by it.
 */
export const siteAsking = (scope: SiteScope, sites: readonly PasskeySite[]): PasskeySite | undefined =>
  siteOf(scope, sites) ?? sites[0]

const siteOf = (scope: SiteScope, sites: readonly PasskeySite[]): PasskeySite | undefined =>
  sites.find(({ origins }) => origins.includes(scope.origin.page ?? ''))

/** Of all that a user holds, the passkeys that the page which asks can use; of one site, since a browser is asked for one. */
export function passkeysHere(scope: SiteScope, held: readonly AuthenticatorRecord[]): AuthenticatorRecord[] {
  const sites = passkeySites(scope)
  const asking = siteOf(scope, sites)
  for (const { rpId } of asking === undefined ? sites : [asking]) {
    const here = held.filter(({ passkey }) => passkey?.rpId === rpId)
    if (here.length > 0) return here
  }
  return []
}
