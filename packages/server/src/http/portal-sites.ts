/**
 * Where portals live: each system has an origin of its own, and the `Host` of a request says at which one it came in. On a
 * system's portal origin the portal page and that system's user API answer and nothing else; on the node's own origin no
 * portal does. Hosts are what a client claims, so nothing is allowed by them, only refused: rights stay with tokens.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { isLoopbackHost } from '../config/config.ts'
import type { NodeScope, SystemScope } from '../domain/access/scope.ts'
import type { Route } from './route.ts'

export type Site =
  | { kind: 'node' }
  /** The portals of this system. */
  | { kind: 'portals'; system: string }
  /** A place for portals, of no system. */
  | { kind: 'nobody' }
  /** Another name or address of the node: it has the API, and no page that a browser would trust. */
  | { kind: 'elsewhere' }

export type PortalSites = {
  /** The origin of a system's portals, as `http://<key>.localhost:9000`; undefined where the node serves none. */
  originOf(systemKey: string): string | undefined
  /** `host` as in the header, with or without a port. */
  siteOf(host: string): Site
}

/** Keys of systems are names of hosts as they are: lower-case hex. */
const systemKey = /^[0-9a-f]{8,60}$/

/** `pattern` as `https://{system}.portals.example.com`; undefined where none is set in production. */
export function portalSites(node: { pattern: () => string | undefined; publicUrl: () => string }): PortalSites {
  // Both are the same for nearly every request, and each request asks.
  const known = { publicUrl: '', ownName: '', pattern: '', after: '' }
  const ownName = (): string => {
    const publicUrl = node.publicUrl()
    if (publicUrl !== known.publicUrl) Object.assign(known, { publicUrl, ownName: nameIn(new URL(publicUrl).host) })
    return known.ownName
  }
  const after = (): string | undefined => {
    const pattern = node.pattern()
    if (pattern === undefined) return undefined
    if (pattern !== known.pattern) {
      const { host } = new URL(pattern.replace('{system}', 'system'))
      Object.assign(known, { pattern, after: nameIn(host).slice('system'.length) })
    }
    return known.after
  }
  return {
    originOf(key) {
      return systemKey.test(key) ? node.pattern()?.replace('{system}', key) : undefined
    },
    siteOf(host) {
      const name = nameIn(host)
      if (name === ownName() || isLoopbackHost(name)) return { kind: 'node' }
      // To a browser a name with a dot at its end is another origin, of which the node knows nothing.
      const bare = name.replace(/\.$/, '')
      const ending = after()
      if (ending !== undefined && bare.endsWith(ending)) {
        const label = name.slice(0, -ending.length)
        return bare === name && systemKey.test(label) ? { kind: 'portals', system: label } : { kind: 'nobody' }
      }
      return bare.endsWith('.localhost') ? { kind: 'nobody' } : { kind: 'elsewhere' }
    },
  }
}

/**
 * The header itself, never what a proxy forwards beside it: code of a portal can put `X-Forwarded-Host` on its own requests,
 * and no page can change `Host`.
 */
export const hostOf = ({ headers }: { headers: { host?: string | undefined } }): string => headers.host ?? ''

/** The port is left out: a tunnel or a proxy may have another, and browsers keep origins apart by it anyway. */
const nameIn = (host: string): string => host.toLowerCase().replace(/:\d*$/, '')

/** Whether a route answers at portal origins too: what users' programs call, and what the portal page needs. */
export const servesPortals = ({ allow, portal }: Route, path: string): boolean =>
  portal || (path.startsWith('/api/v/') && ['system', 'system or session', 'session'].includes(allow))

/**
 * The node's own pages: a browser trusts them by their origin, so they are nowhere else. Nor are its metrics, which a page
 * could read that has led its own name to this machine.
 */
const ownPages = /^\/($|setup$|password-reset$|metrics$|console($|\/)|portal($|\/))/

/** Refuses what does not belong at a site. `route` is the one that was found; `open` says that it serves portals. */
export function demandPlace(site: Site, route: string | undefined, open: boolean): void {
  if (route === undefined || site.kind === 'node') return
  if (site.kind === 'elsewhere' && !ownPages.test(route)) return
  if (site.kind === 'portals' && open) return
  const where = {
    portals: 'at the origin of portals',
    nobody: 'here: no system has this name',
    elsewhere: 'by this name',
  }
  throw new GatehouseError('noRoute', `There is nothing of the sort ${where[site.kind]}.`)
}

/** At a portal origin everybody is a user of its system, and no developer. Throws wrongSystem, permissionDenied. */
export function demandOfPortals(site: Site, scope: NodeScope | SystemScope, developerToken: string | undefined): void {
  if (site.kind !== 'portals') return
  if (developerToken !== undefined || scope.caller.kind === 'developer') {
    throw new GatehouseError('permissionDenied', 'Tokens of developers are not taken at the origin of portals.')
  }
  if (!('system' in scope) || scope.system.key !== site.system) {
    throw new GatehouseError('wrongSystem', 'This origin is for the portals of another system.')
  }
}
