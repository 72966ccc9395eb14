/**
 * How the edges of a system are, for its developers: the link, what each holds of what its deployments give it, and what
 * waits. Worked out from what links note in the database, so any node answers for all of them.
 */

import { second } from '../base/clock.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { deploymentsOf, goesTo } from '../domain/edges/deployments.ts'
import { type EdgeState, edgesOf, stateOf } from '../domain/edges/edges.ts'
import { laneOfAside } from '../store/down/aside.ts'
import { type Cursor, type Cursors, type Lane, lanes } from '../store/down/groups.ts'
import { countChanged, logHead } from '../store/down/read.ts'
import { listUnits } from '../store/tables/code.ts'
import { listCollections } from '../store/tables/collections.ts'
import type { EdgeRecord } from '../store/tables/edges.ts'
import { findSystem } from '../store/tables/systems.ts'
import { kindsOf } from './feed.ts'
import type { AsideItem } from './messages.ts'
import { type EdgeScope, markOnEdge, scopeOfEdge } from './scope.ts'

/**
 * - `there`: as it is on the platform.
 * - `coming`: the edge is linked, and it or a change of it is on its way.
 * - `behind`: the edge has it as it was, and is not linked.
 * - `missing`: it was never brought there as a whole.
 * - `set aside`: some of it could not be written there, and is not as on the platform.
 * - `stopped`: it could not be written there, and nothing more of its lane goes there.
 */
export type AssetState = 'there' | 'coming' | 'behind' | 'missing' | 'set aside' | 'stopped'
export type EdgeAsset = { asset_class: string; asset_id: string; state: AssetState }

/**
 * Times in milliseconds. `queued` counts rows that changed since and may concern the edge, up to 1,000; none in a first sync.
 * `stopped` says why nothing more of it is written there; '' where it goes on.
 */
export type LaneStatus = {
  queued: number
  first_sync: boolean
  up_to_date: number | null
  set_aside: number
  stopped: string
}

/** What could not be written there: a row, code, a collection, or an index of one. By the word of the edge. */
export type EdgeSetAside = { asset_class: string; asset_id: string; part: string; reason: string; at: number }

export type EdgeStatus = {
  name: string
  description: string
  state: EdgeState
  since: number | null
  lanes: Record<Lane, LaneStatus>
  /** The oldest time since when something waits for the edge; null where nothing does. */
  behind_since: number | null
  /** What its clock was ahead of the platform's when it linked. */
  clock_difference_ms: number | null
  version: string
  enrolled: number | null
  last_talked: number | null
  problem: string
  problem_at: number | null
  set_aside: EdgeSetAside[]
  /** When all that it holds was last compared, how often something was not as here and came anew, and when that was last. */
  checked: { at: number | null; differences: number; last_difference: number | null; lane: string }
  assets: EdgeAsset[]
}

/** Between two looks at what waits, where nothing but the change log is another. */
const growthEvery = 2 * second
const mostCounted = 1_000

type Given = {
  scope: EdgeScope
  names: ReadonlyMap<string, string>
  /** Of the system: what comes with the program is on every edge. */
  libraries: ReadonlySet<string>
  head: { incarnation: string; position: number; floor: number }
  count: (lane: Lane, after: number, of: EdgeScope) => Promise<number>
}

/** Throws permissionDenied. */
export async function edgeStatuses(scope: SystemScope): Promise<EdgeStatus[]> {
  const edges = await edgesOf(scope)
  const { data } = scope
  const system = await findSystem(data.node, data.key)
  const head = await logHead(data)
  if (edges.length === 0 || system === undefined || head === undefined) return []
  const deployments = await deploymentsOf(scope)
  const names = new Map((await listCollections(data)).map(({ id, name }) => [id, name]))
  const libraries = new Set((await listUnits(data, 'library')).map(({ name }) => name))
  // Edges of the same deployments are given the same.
  const scopes = new Map<string, Promise<EdgeScope>>()
  // And edges that are away since the same change miss the same.
  const counts = new Map<string, Promise<number>>()
  const count = (
    lane: Lane,
    after: number,
    { collections: all, copies, rows: single, marks }: EdgeScope,
  ): Promise<number> => {
    // What is copied once waits for nothing, and of single rows those count that follow.
    const collections = [...all].filter((id) => !copies.has(`collection ${id}`) && !single.has(id))
    const rows = [...single].flatMap(([id, keys]) =>
      [...keys].flatMap(([key, mark]) => (mark === '' ? [`${id}/${key}`] : [])),
    )
    const key = JSON.stringify([lane, after, marks.data])
    const counted =
      counts.get(key) ?? countChanged(data, kindsOf[lane], { after, collections, rows, most: mostCounted })
    counts.set(key, counted)
    return counted
  }
  const statuses: EdgeStatus[] = []
  for (const edge of edges) {
    const given = JSON.stringify(deployments.filter((one) => goesTo(one, edge.name)).map(({ name }) => name))
    const of = scopes.get(given) ?? scopeOfEdge(data, system, edge.name)
    scopes.set(given, of)
    statuses.push(await statusOf(scope, edge, { scope: await of, names, libraries, head, count }))
  }
  return statuses
}

async function statusOf(scope: SystemScope, edge: EdgeRecord, given: Given): Promise<EdgeStatus> {
  const { state, since } = stateOf(edge, scope.clock.now())
  const cursors = edge.cursors as Cursors
  const isLinked = state === 'connected'
  const of = {} as Record<Lane, LaneStatus>
  const { items = [], stopped = {} } = edge.aside
  for (const lane of lanes) {
    const held = edge.lanes[lane]
    const first = !isWhole(cursors[lane], lane, given)
    const after = Math.max(held?.position ?? 0, cursors[lane]?.position ?? 0)
    const isIdle = isLinked && held?.idle === true
    const queued = isIdle || first ? 0 : await given.count(lane, after, given.scope)
    const aside = items.filter(({ kind }) => laneOfAside(kind) === lane).length
    of[lane] = {
      queued,
      first_sync: first,
      up_to_date: held?.at ?? null,
      set_aside: aside,
      stopped: stopped[lane] ?? '',
    }
  }
  const isEnrolled = edge.enrolledAt !== null
  const waiting = lanes.filter((lane) => isEnrolled && (of[lane].queued > 0 || of[lane].first_sync))
  const times = waiting.map((lane) => of[lane].up_to_date ?? edge.enrolledAt ?? edge.createdAt)
  return {
    ...{ name: edge.name, description: edge.description, state, since, lanes: of },
    behind_since: waiting.length === 0 ? null : Math.min(...times),
    clock_difference_ms: edge.clockOff,
    ...{ version: edge.version, enrolled: edge.enrolledAt, last_talked: edge.seenAt },
    ...{ problem: edge.problem, problem_at: edge.problemAt },
    checked: {
      ...{ at: edge.checked.at ?? null, differences: edge.checked.found ?? 0 },
      ...{ last_difference: edge.checked.foundAt ?? null, lane: edge.checked.foundIn ?? '' },
    },
    set_aside: items.map((item) => asideOf(item, given)),
    assets: assetsOf(cursors, of, isLinked, given, items),
  }
}

const partOf = {
  ...{ row: 'collection', index: 'collection', collection: 'collection' },
  ...{ service: 'service', library: 'library', portal: 'portal' },
} as const

const fits = (cursor: Cursor | undefined, lane: Lane, { scope, head }: Given): cursor is Cursor =>
  cursor !== undefined &&
  cursor.incarnation === head.incarnation &&
  [false, true].some((gateway) => cursor.scope === markOnEdge(scope, lane, gateway)) &&
  cursor.position <= head.position &&
  cursor.position >= head.floor

const isWhole = (cursor: Cursor | undefined, lane: Lane, given: Given): boolean =>
  fits(cursor, lane, given) && cursor.at === null

/** Ids of collections as names; a row by its key. */
function asideOf({ kind, id, reason, at }: AsideItem, { names }: Given): EdgeSetAside {
  const rest = { reason, at }
  if (kind === 'service') return { asset_class: 'services', asset_id: id, part: '', ...rest }
  if (kind === 'library') return { asset_class: 'libraries', asset_id: id, part: '', ...rest }
  if (kind === 'portal') return { asset_class: 'portals', asset_id: id, part: '', ...rest }
  const collection = kind === 'collection' ? id : id.slice(0, id.indexOf('/'))
  const within = kind === 'collection' ? '' : id.slice(collection.length + 1)
  const name = names.get(collection) ?? collection
  const part = kind === 'row' ? `row ${within}` : kind === 'index' ? `index of ${within}` : ''
  return { asset_class: name, asset_id: '', part, ...rest }
}

function assetsOf(
  cursors: Cursors,
  status: Record<Lane, LaneStatus>,
  isLinked: boolean,
  given: Given,
  aside: readonly AsideItem[],
): EdgeAsset[] {
  const { scope, names, libraries } = given
  const kept = new Set(
    aside.map(({ kind, id }) => `${partOf[kind]} ${partOf[kind] === 'collection' ? id.split('/')[0] : id}`),
  )
  const stateIn = (lane: Lane, isThere = isWhole(cursors[lane], lane, given), thing = ''): AssetState => {
    if (kept.has(thing)) return 'set aside'
    if (status[lane].stopped !== '' && status[lane].queued + Number(!isThere) > 0) return 'stopped'
    if (isThere && status[lane].queued === 0) return 'there'
    if (isLinked) return 'coming'
    return isThere ? 'behind' : 'missing'
  }
  // A first sync goes through collections in order of id.
  const { data } = cursors
  const upTo = fits(data, 'data', given) && data.at !== null && data.at !== '' ? data.at.split('/')[0]! : ''
  const collections = [...scope.collections].map((id) => ({
    ...{ asset_class: names.get(id) ?? id, asset_id: '' },
    state: stateIn('data', isWhole(data, 'data', given) || (upTo !== '' && id < upTo), `collection ${id}`),
  }))
  const code = (kind: 'services' | 'libraries' | 'portals', all: ReadonlySet<string>): EdgeAsset[] =>
    [...all].map((name) => ({
      ...{ asset_class: kind, asset_id: name },
      state: stateIn(
        'configuration',
        undefined,
        `${{ services: 'service', libraries: 'library', portals: 'portal' }[kind]} ${name}`,
      ),
    }))
  const byName = (one: EdgeAsset, other: EdgeAsset): number =>
    one.asset_class.localeCompare(other.asset_class) || one.asset_id.localeCompare(other.asset_id)
  return [
    ...(scope.signIn ? [{ asset_class: 'sign_in', asset_id: '', state: stateIn('identity') }] : []),
    ...collections.sort(byName),
    ...code('portals', scope.portals),
    ...[...scope.largePortals].map((name) => ({ asset_class: 'portals', asset_id: name, state: 'missing' as const })),
    ...code('services', scope.services).sort(byName),
    ...code('libraries', new Set([...scope.libraries].filter((name) => libraries.has(name)))).sort(byName),
  ]
}

/** Milliseconds; null where nothing waits. */
export const lagOf = ({ behind_since: since }: EdgeStatus, now: number): number | null =>
  since === null ? null : Math.max(0, now - since)

/** The statuses as a developer follows them: each edge that is another than it was, and those that are gone. */
export class EdgeFollowing {
  readonly #scope: SystemScope
  readonly #seen = new Map<string, string>()
  #found = new Map<string, EdgeStatus>()
  #mark = ''
  #position = -1
  #workedOutAt = Number.NEGATIVE_INFINITY

  constructor(scope: SystemScope) {
    this.#scope = scope
  }

  /** Names. What is costly is worked out where an edge is another, and now and then while the change log grows. */
  async look(): Promise<string[]> {
    const [edges, head] = [await edgesOf(this.#scope), await logHead(this.#scope.data)]
    const now = this.#scope.clock.now()
    const mark = JSON.stringify(edges.map((edge) => [{ ...edge, seenAt: 0 }, stateOf(edge, now).state]))
    const position = head?.position ?? -1
    const isDue = performance.now() - this.#workedOutAt >= growthEvery
    if (mark === this.#mark && (position === this.#position || !isDue)) return []
    this.#mark = mark
    this.#position = position
    this.#workedOutAt = performance.now()
    this.#found = new Map((await edgeStatuses(this.#scope)).map((one) => [one.name, one]))
    const changed: string[] = []
    for (const [name, status] of this.#found) {
      const text = JSON.stringify(status)
      if (this.#seen.get(name) === text) continue
      this.#seen.set(name, text)
      changed.push(name)
    }
    for (const name of this.#seen.keys()) if (!this.#found.has(name)) changed.push(name)
    return changed
  }

  async rows(names: readonly string[]): Promise<({ id: string; at: number } & Record<string, unknown>)[]> {
    const at = this.#scope.clock.now()
    return names.map((name) => {
      const status = this.#found.get(name)
      if (status !== undefined) return { id: name, at, ...status }
      this.#seen.delete(name)
      return { id: name, at, gone: true }
    })
  }
}
