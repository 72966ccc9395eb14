/** What an edge knows of itself, for whoever looks after it at its site: its link, what it holds, its clock. No row, no user. */
import { everything } from '@gatehouse/contract/query.ts'
import type { Means } from '../domain/access/scope.ts'
import { readSettings } from '../domain/systems/settings.ts'
import { type Lane, lanes } from '../store/down/groups.ts'
import { countItems } from '../store/rows.ts'
import { listUnits } from '../store/tables/code.ts'
import { findCollection, listCollections } from '../store/tables/collections.ts'
import { findPlatformLink } from '../store/tables/platform-links.ts'
import { findSystem } from '../store/tables/systems.ts'
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
  /** `whole`: everything of the lane was here once. `written`: when something of it came last, since the node started. */
  lanes: Record<Lane, { whole: boolean; written: number | null }>
  holds: {
    sign_in: string
    users: number
    collections: { name: string; rows: number }[]
    services: string[]
    libraries: string[]
  }
  /** `doubt` says why the clock is not believed until the platform is heard; '' while it is. */
  clock: { now: number; doubt: string; platform_ahead_ms: number | null; measured: number | null }
  /** Up to when all is here that the platform knew of users. */
  users_as_of: number | null
}

const mostNamed = 200

export async function ownState({ store, clock }: Means, link: EdgeLink, version: string): Promise<OwnState> {
  const { place } = link
  const data = store.forSystem(place.system)
  const system = await findSystem(store, place.system)
  const cursors = (await findPlatformLink(store))?.cursors ?? {}
  const written = link.written
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
      lanes.map((lane) => [lane, { whole: cursors[lane]?.at === null, written: written[lane] ?? null }]),
    ) as OwnState['lanes'],
    holds: {
      sign_in: system === undefined ? '' : readSettings(system.settings).auth_service,
      users: users === undefined ? 0 : await countItems(data, users, everything),
      collections,
      services: await named('service'),
      libraries: await named('library'),
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
