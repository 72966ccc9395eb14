/** How much of the change log is kept: on the platform for its edges, on an edge for itself. Where other old rows are removed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { day, hour } from '../base/clock.ts'
import type { Means } from '../domain/access/scope.ts'
import { type Cursor, lanes } from '../store/down/groups.ts'
import { logHead } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { listEdges } from '../store/tables/edges.ts'
import {
  compactLog,
  forgetOtherThanRows,
  logState,
  positionBefore,
  raiseFloor,
  systemsWithLogs,
} from '../store/trim.ts'
import type { UpCursor } from '../store/up/facts.ts'
import { foldChanges } from '../store/up/stamps.ts'
import { upwardOfSystem } from './scope.ts'

export type TrimRules = { keptMs: number; pinMs: number; mostRows: number; pauseMs: number }

export const trimRules: TrimRules = {
  /** A receiver that lost power may stand further back than it said. */
  keptMs: hour,
  /** For how long a first sync that is under way holds the log from where it began. */
  pinMs: day,
  /** What is beyond is removed whoever needs it. */
  mostRows: 2_000_000,
  pauseMs: 5,
}

/** `days`: for how long an edge that is away finds what it missed; after that it is brought everything. */
export async function trimLogs({ store, clock }: Means, days: number, rules: TrimRules = trimRules): Promise<void> {
  for (const key of await systemsWithLogs(store)) await trimLog(store.forSystem(key), clock.now(), days, rules)
}

const pauseOf = (ms: number) => async (): Promise<void> => void (await sleep(ms))

async function trimLog(store: SystemStore, now: number, days: number, rules: TrimRules): Promise<void> {
  // What edges' rows are decided by is worked out of the log first.
  while (await store.transaction(async (tx) => foldChanges(tx, await upwardOfSystem(tx), now))) {}
  const head = await logHead(store)
  const state = await logState(store)
  if (head === undefined || state === undefined) return
  const before = (ms: number): Promise<number> => positionBefore(store, now - ms, state.floor, state.position)
  const settled = await before(rules.keptMs)
  const ends = await edgeEnds(store, head.incarnation)
  const everybody = Math.min(settled, ...ends.map(({ position }) => position))
  const pinnedFrom = await before(rules.pinMs)
  const pins = ends.filter(({ first, position }) => first && position >= pinnedFrom).map(({ position }) => position)
  const limit = Math.max(await before(days * day), state.position - rules.mostRows)
  const fold = state.fold ?? Number.POSITIVE_INFINITY
  const floor = Math.min(Math.max(everybody, Math.min(limit, ...pins)), fold)
  const pause = pauseOf(rules.pauseMs)
  if (floor > state.floor) await raiseFloor(store, floor, pause)
  await compactLog(store, Math.min(settled, fold), pause)
}

/** Where the edges stand in each lane, of those that were ever linked; whoever has no cursor here begins anew anyway. */
async function edgeEnds(store: SystemStore, incarnation: string): Promise<{ position: number; first: boolean }[]> {
  return (await listEdges(store)).flatMap(({ cursors }) =>
    lanes.flatMap((lane) => {
      const cursor = cursors[lane] as Cursor | undefined
      return cursor?.incarnation === incarnation ? [{ position: cursor.position, first: cursor.at !== null }] : []
    }),
  )
}

/** Of an edge. What the platform has not taken stays as it is, and for `days` all else, for a platform that is restored. */
export async function trimOwnLog(
  { store, clock }: Means,
  key: string,
  taken: UpCursor | null,
  days: number,
): Promise<void> {
  const data = store.forSystem(key)
  const head = await logHead(data)
  const state = await logState(data)
  if (head === undefined || state === undefined) return
  const old = await positionBefore(data, clock.now() - days * day, 0, state.position)
  await forgetOtherThanRows(data, old)
  if (taken?.incarnation === head.incarnation) {
    await compactLog(data, Math.min(old, taken.position), pauseOf(trimRules.pauseMs))
  }
}
