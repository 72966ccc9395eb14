/**
 * The link of a portal: which system, sealed under the node key so that an address in a browser's history tells neither key
 * nor secret, and which portal (packages-portals-edge.md §3.7). A link ends with the system's secret. Who has one has no more
 * than any client of the system: what he may do there is asked of his session.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { NodeKey } from '../base/node-key.ts'
import type { SystemFacts } from '../domain/access/scope.ts'
import type { PortalSites } from './portal-sites.ts'

type Part = 'key' | 'secret'

const place = (part: Part): string[] => ['portal link', part]

const seal = (key: NodeKey, part: Part, text: string): string =>
  key.sealBytes('portals', place(part), Buffer.from(text, 'utf8')).toString('base64url')

const unseal = (key: NodeKey, part: Part, sealed: unknown): string => {
  try {
    if (typeof sealed !== 'string' || sealed.length > 400) throw new Error('no part of a link')
    return key.unsealBytes('portals', place(part), Buffer.from(sealed, 'base64url')).toString('utf8')
  } catch {
    throw new GatehouseError('wrongSystem', 'This link of a portal is not complete, or is of another node.', {
      hint: 'Ask for a new one where you got it from.',
    })
  }
}

/** Key and secret of the system that a link names. Throws wrongSystem. */
export const systemOfLink = (key: NodeKey, link: { systemKey?: unknown; systemSecret?: unknown }) => ({
  systemKey: unseal(key, 'key', link.systemKey),
  systemSecret: unseal(key, 'secret', link.systemSecret),
})

/** The system's key alone, which says at which origin a link is at home. Throws wrongSystem. */
export const keyOfLink = (key: NodeKey, systemKey: unknown): string => unseal(key, 'key', systemKey)

/**
 * `anonymous`: the page shall not ask for a sign-in first. `draft` opens the portal as it stands in an editor. Throws notOffered where
 * the node serves no portals.
 */
export function portalLink(
  key: NodeKey,
  sites: PortalSites,
  system: SystemFacts,
  portal: { name: string; anonymous: boolean; draft?: string },
): string {
  const origin = sites.originOf(system.key)
  if (origin === undefined) throw noPortals()
  const parts = new URLSearchParams({
    systemKey: seal(key, 'key', system.key),
    systemSecret: seal(key, 'secret', system.secret),
    name: portal.name,
    ...(portal.anonymous && { allowAnon: 'true' }),
    ...(portal.draft !== undefined && { draft: portal.draft }),
  })
  return `${origin}/portal/?${parts}#/`
}

export const noPortals = (): GatehouseError =>
  new GatehouseError('notOffered', 'This node serves no portals: it was not told where.', {
    hint: 'Its operator starts it with --portal-url, as https://{system}.portals.example.com.',
  })
