/** What an edge knows of itself, for whoever looks after it at its site: its link, what it holds, its clock. No row, no user. */
import { everything } from '@gatehouse/contract/query.ts'
import type { Means } from '../domain/access/scope.ts'
import { readSettings } from '../domain/systems/settings.ts'
import { listAsides } from '../store/down/aside.ts'
import { type Lane, lanes } from '../store/down/groups.ts'
import { listPortalSizes } from '../store/down/portals.ts'
import { countChanged, logHead } from '../store/down/read.ts'
import { countItems } from '../store/rows.ts'
import type { SystemStore } from '../store/store.ts'
import { listUnits } from '../store/tables/code.ts'
import { findCollection, listCollections } from '../store/tables/collections.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { findSystem } from '../store/tables/systems.ts'
import { syncedCollections } from '../store/up/local.ts'
import { countFacts, outboxHead } from '../store/up/outbox.ts'
import type { EdgeLink } from './edge-link.ts'

/** Times in milliseconds. */
export type OwnState = {
  name: string
  system: string
  system_name: string
  platform: string
  /** The platform is reached without https beyond this machine. */
  insecure: boolean
  version: string
  link: { state: 'away' | 'connected' | 'refused'; since: number; problem: string }
  /**
   * `whole`: everything of the lane was here once. `written`: when something of it came last, since the node started.
   * `stopped`: why nothing more of it is written; '' where it is.
   */
  lanes: Record<Lane, { whole: boolean; written: number | null; stopped: string }>
  /** What came down and could not be written here; rows by the name of their collection and their key. */
  set_aside: { what: string; reason: string; at: number }[]
  /** What waits for the platform, up to 1,000 rows; null before the platform has said what it has. */
  going_up: { facts: number; rows: number } | null
  holds: {
    sign_in: string
    users: number
    collections: { name: string; rows: number }[]
    services: string[]
    libraries: string[]
    portals: string[]
  }
  /** `doubt` says why the clock is not believed until the platform is heard; '' while it is. */
  clock: { now: number; doubt: string; platform_ahead_ms: number | null; measured: number | null }
  /** Up to when all is here that the platform knew of users. */
  users_as_of: number | null
}

const mostNamed = 200
const mostCounted = 1_000

export async function ownState({ store, clock }: Means, link: EdgeLink, version: string): Promise<OwnState> {
  const { place } = link
  const data = store.forSystem(place.system)
  const system = await findSystem(store, place.system)
  const cursors = (await findPlatformLink(store))?.cursors ?? {}
  const { written, stopped } = link
  const collections = []
  for (const { id, name } of (await listCollections(data)).slice(0, mostNamed)) {
    const found = await findCollection(data, { id })
    if (found !== undefined) collections.push({ name, rows: await countItems(data, found, everything) })
  }
  const users = system && (await findCollection(data, { kind: 'users' }))
  const named = async (kind: 'service' | 'library'): Promise<string[]> =>
    (await listUnits(data, kind)).slice(0, mostNamed).map(({ name }) => name)
  const { measured } = link
  return {
    ...{ name: place.name, system: place.system, system_name: system?.name ?? '', platform: place.platform },
    ...{ insecure: place.insecure, version, link: link.state },
    lanes: Object.fromEntries(
      lanes.map((lane) => [
        lane,
        { whole: cursors[lane]?.at === null, written: written[lane] ?? null, stopped: stopped[lane] ?? '' },
      ]),
    ) as OwnState['lanes'],
    set_aside: await setAside(data),
    going_up: await goingUp(data, link.taken),
    holds: {
      sign_in: system === undefined ? '' : readSettings(system.settings).auth_service,
      users: users === undefined ? 0 : await countItems(data, users, everything),
      collections,
      services: await named('service'),
      libraries: await named('library'),
      portals: (await listPortalSizes(data)).map(({ name }) => name).sort(),
    },
    clock: {
      now: clock.now(),
      doubt: link.standing.doubt(),
      platform_ahead_ms: measured?.platformAhead ?? null,
      measured: measured?.at ?? null,
    },
    users_as_of: link.standing.identityAt,
  }
}

async function setAside(data: SystemStore): Promise<OwnState['set_aside']> {
  const names = new Map((await listCollections(data)).map(({ id, name }) => [id, name]))
  return (await listAsides(data)).map(({ kind, id, reason, at }) => {
    const collection = id.split('/')[0]!
    const within = id.slice(collection.length + 1)
    const of = names.get(collection) ?? collection
    const what = kind === 'row' || kind === 'index' ? `${kind} ${within} of ${of}` : `${kind} ${names.get(id) ?? id}`
    return { what, reason, at }
  })
}

async function goingUp(data: SystemStore, taken: EdgeLink['taken']): Promise<OwnState['going_up']> {
  if (taken === undefined) return null
  const behind = (
    at: { incarnation: string; position: number } | null,
    head: { incarnation: string } | undefined,
  ): number => (at !== null && at.incarnation === head?.incarnation ? at.position : 0)
  const after = behind(taken.rows, await logHead(data))
  const synced = [...(await syncedCollections(data))]
  const collections = synced.flatMap(([id, keys]) => (keys === undefined ? [id] : []))
  const rows = synced.flatMap(([id, keys]) => [...(keys ?? [])].map((key) => `${id}/${key}`))
  return {
    facts: await countFacts(data, behind(taken.facts, await outboxHead(data))),
    // Without any nothing is asked for, since it would mean all.
    rows: synced.length === 0 ? 0 : await countChanged(data, ['item'], { after, collections, rows, most: mostCounted }),
  }
}
