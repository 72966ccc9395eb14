/** Edges as the node tells of them (`edge/status.ts` on the node). Times in milliseconds. */
import type { Thing } from '../../frame/follow.ts'

export type EdgeState = 'waiting' | 'connected' | 'away' | 'refused'
export type AssetState = 'there' | 'coming' | 'behind' | 'missing' | 'set aside' | 'stopped'
export type Asset = { asset_class: string; asset_id: string; state: AssetState }
export type Lane = {
  queued: number
  first_sync: boolean
  up_to_date: number | null
  set_aside: number
  stopped: string
}
/** What could not be written there, and why. */
export type SetAside = { asset_class: string; asset_id: string; part: string; reason: string; at: number }

export type Edge = Thing & {
  name: string
  description: string
  state: EdgeState
  since: number | null
  lanes: Record<'identity' | 'configuration' | 'data', Lane>
  behind_since: number | null
  clock_difference_ms: number | null
  version: string
  last_talked: number | null
  problem: string
  problem_at: number | null
  set_aside: SetAside[]
  checked: { at: number | null; differences: number; last_difference: number | null; lane: string }
  assets: Asset[]
}

export const allEdges = '___ALL_EDGES___'

export const edgeStates: Record<EdgeState, { label: string; color: string }> = {
  connected: { label: 'connected', color: 'teal' },
  away: { label: 'away', color: 'orange' },
  waiting: { label: 'waiting for its token', color: 'gray' },
  refused: { label: 'refused', color: 'red' },
}

export const kindWords = (kind: string): string =>
  ({ sign_in: 'Sign-in', services: 'Service', libraries: 'Library', portals: 'Portal' })[kind] ?? 'Collection'

/** Of which one or all are named; every other class is a collection. They are changed on the platform alone. */
export const namedKinds: ReadonlySet<string> = new Set(['services', 'libraries', 'portals'])

/** What people call an asset: "Readings", "report", "Sign-in". */
export const assetName = ({ asset_class: kind, asset_id: id }: Pick<Asset, 'asset_class' | 'asset_id'>): string =>
  kind === 'sign_in'
    ? 'Sign-in'
    : namedKinds.has(kind)
      ? id || 'all of them'
      : [kind, id].filter((text) => text !== '').join(', row ')

/** As "2 identity, 14 data". */
export function queuedWords({ lanes, state }: Edge): string {
  if (state === 'waiting') return 'everything'
  const waiting = Object.entries(lanes).filter(([, { queued, first_sync: first }]) => first || queued > 0)
  if (waiting.length === 0) return 'nothing'
  return waiting
    .map(([lane, { queued, first_sync: first }]) => (first ? `all ${lane}` : `${queued} ${lane}`))
    .join(', ')
}
