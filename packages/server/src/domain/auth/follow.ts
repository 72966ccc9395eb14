/**
 * Following what happens in a system: who may, for how long, and what is new since the last look. How it reaches the developer
 * is `http/follow.ts`.
 *
 * A row is dated by its beginning and written at its end, on whichever node, so no place in an order tells what was seen:
 * each look goes back a little, now and then further, and leaves out what it has seen.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { minute, second } from '../../base/clock.ts'
import { findDeveloper } from '../../store/tables/developers.ts'
import { type Followed, type FollowedRow, newestOf, rowsOf } from '../../store/tables/followed.ts'
import { isOpenSession } from '../../store/tables/sessions.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandFailedRuns } from '../code/runs.ts'
import { demandInbox } from '../sending/inbox.ts'
import { developedBy, systemByKey } from '../systems/systems.ts'

export const followRules = {
  lookBackMs: 3 * second,
  /** Longer than any sign-in takes. */
  farBackMs: minute + 10 * second,
  /** What stands there when the following begins. */
  firstRows: 500,
  /** What one look finds at most; who was away for longer sees the newest of them. */
  mostRows: 5_000,
} as const

/** For a developer in a session of his own, which no code that he runs has. Throws permissionDenied, noRoute. */
export async function demandFollowing(scope: SystemScope, what: Followed | 'edges'): Promise<void> {
  const { caller } = scope
  if (caller.kind !== 'developer' || caller.sessionId === undefined || scope.within !== undefined) {
    throw new GatehouseError('permissionDenied', 'Following is for developers at a console or a terminal.')
  }
  if (what === 'inbox') demandInbox(scope)
  if (what === 'failed-runs') await demandFailedRuns(scope)
}

/** Whether the session still stands, and the developer still works on the system. */
export async function mayStillFollow({ store, clock, caller, system }: SystemScope): Promise<boolean> {
  if (caller.kind !== 'developer' || caller.sessionId === undefined) return false
  const { sessionId: id, developerId } = caller
  if (!(await isOpenSession(store, { id, subjectId: developerId }, clock.now()))) return false
  const developer = await findDeveloper(store, { id: developerId })
  if (developer === undefined || developer.disabled) return false
  return (await developedBy({ store }, caller, await systemByKey({ store }, system.key))) !== undefined
}

/** What one developer has seen of one kind of rows. */
export class Following {
  readonly #scope: SystemScope
  readonly #what: Followed
  readonly #seen = new Map<string, number>()
  #newest: number | undefined

  /** `after`, in milliseconds, is how new the newest is that was seen before; what came about then comes again. */
  constructor(scope: SystemScope, what: Followed, after: number | undefined) {
    this.#scope = scope
    this.#what = what
    this.#newest = after
  }

  /** Ids of what was not seen yet, oldest first. */
  async look({ far }: { far: boolean }): Promise<string[]> {
    const { lookBackMs, farBackMs, firstRows, mostRows } = followRules
    const begins = this.#newest === undefined
    const since = begins ? 0 : this.#newest! - (far ? farBackMs : lookBackMs)
    const limit = begins ? firstRows : mostRows
    const found = await newestOf(this.#scope.data, this.#what, { since, limit })
    const fresh = found.filter(({ id }) => !this.#seen.has(id))
    for (const { id, at } of fresh) this.#seen.set(id, at)
    this.#newest = Math.max(this.#newest ?? 0, found[0]?.at ?? 0)
    if (far) this.#forget()
    return fresh.map(({ id }) => id).reverse()
  }

  rows(ids: readonly string[]): Promise<FollowedRow[]> {
    return rowsOf(this.#scope.data, this.#what, ids)
  }

  /** What no look goes back to any more. */
  #forget(): void {
    const oldest = this.#newest! - 2 * followRules.farBackMs
    for (const [id, at] of this.#seen) if (at < oldest) this.#seen.delete(id)
  }
}
