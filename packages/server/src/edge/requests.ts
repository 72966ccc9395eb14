/**
 * What users ask for at an edge: taken from what the edge tells, shown to developers of the system, and done only by their word, by
 * the platform's own rules. An edge may tell anything, so what no request may hold is refused before it is kept, and all of it
 * is looked at again before it is done.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { day } from '../base/clock.ts'
import { audit } from '../domain/access/audit.ts'
import { callerLabel } from '../domain/access/caller.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { readProfileChanges, refusedNames, requestRules } from '../domain/accounts/profile-requests.ts'
import { updateUsers } from '../domain/accounts/users.ts'
import { demandDeveloper, demandDeveloperRights } from '../domain/edges/edges.ts'
import { readRows, userTable } from '../store/down/read.ts'
import { rowsWhere } from '../store/rows.ts'
import { findAccount } from '../store/tables/accounts.ts'
import {
  countOpenRequests,
  decideRequest,
  type EdgeRequest,
  hasRequest,
  insertRequest,
  listRequests,
} from '../store/tables/edge-requests.ts'
import { findEdge } from '../store/tables/edges.ts'
import { takeCount } from '../store/tables/send-counts.ts'
import type { ReadFact } from './facts.ts'
import type { EdgeScope } from './scope.ts'
import type { Tally } from './taking-facts.ts'

/** In the transaction that takes what the edge tells; of a user who signs in there. */
export async function takeRequest(
  scope: SystemScope,
  of: EdgeScope,
  edge: string,
  fact: Extract<ReadFact, { kind: 'request' }>,
  tally: Tally,
): Promise<void> {
  const changes = readProfileChanges(fact.changes)
  if (!of.requests || changes === undefined || refusedNames(changes).length > 0) {
    tally.unasked += 1
    return
  }
  const { data, clock } = scope
  const now = clock.now()
  const counted = { kind: 'requests told by an edge', subject: edge, windowMs: day, most: requestRules.edgeDay }
  const open = await countOpenRequests(data, edge, fact.user)
  const isFull = open.ofUser >= requestRules.openOfUser || open.ofEdge >= requestRules.openOfEdge
  if (isFull || (await takeCount(data, counted, now)) !== undefined) {
    tally.unheard += 1
    return
  }
  await insertRequest(data, { edge, userId: fact.user, changes, askedAt: Math.min(fact.at, now) })
}

const mostShown = 500

/** `present` is what stands in the columns now; `email` '' and `present` null for a user who is gone. */
export type ShownRequest = EdgeRequest & { email: string; present: Record<string, unknown> | null }

/** Those that are open first. Of one edge, or of all. Throws noSuchAsset. */
export async function requestsOf(scope: SystemScope, edge?: string): Promise<ShownRequest[]> {
  demandDeveloperRights(scope)
  const { data } = scope
  if (edge !== undefined && (await findEdge(data, edge)) === undefined) throw noSuch('edge')
  const found = await listRequests(data, edge === undefined ? { state: 'open' } : { edge }, mostShown)
  const ids = [...new Set(found.map(({ userId }) => userId))]
  const rows = new Map((await readRows(data, await userTable(data), ids)).map((row) => [String(row.user_id), row]))
  return found.map((one) => {
    const row = rows.get(one.userId)
    const present = row && Object.fromEntries(Object.keys(one.changes).map((name) => [name, row[name] ?? null]))
    return { ...one, email: String(row?.email ?? ''), present: present ?? null }
  })
}

/**
 * Does what was asked for, or not. What cannot be done leaves the request open. Throws noSuchAsset, conflict for one that was
 * decided on, noSuchUser, and whatever a change of these columns throws.
 */
export async function decideOn(
  scope: SystemScope,
  which: { edge: string; id: string },
  isApproved: boolean,
): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    const inside = { ...scope, store: tx.node, data: tx }
    const state = isApproved ? 'approved' : 'turned down'
    const facts = { at: scope.clock.now(), by: callerLabel(scope.caller) }
    const asked = await decideRequest(tx, which, state, facts)
    if (asked === undefined) {
      if (!(await hasRequest(tx, which))) throw noSuch('request')
      throw new GatehouseError('conflict', 'This request was decided on already.')
    }
    const { userId } = asked
    // Held: who is deleted meanwhile has nothing changed, and nobody is told that he has.
    const account = await findAccount(tx, { userId }, { hold: true })
    if (isApproved) {
      const changes = readProfileChanges(asked.changes)
      if (account === undefined) throw new GatehouseError('noSuchUser', 'The user who asked is gone.')
      if (changes === undefined || refusedNames(changes).length > 0) {
        throw new GatehouseError('badValue', 'This request holds what no request may change: turn it down.')
      }
      await updateUsers(inside, rowsWhere('user_id', userId), changes)
    }
    audit(tx, scope, {
      ...{ kind: 'user', action: isApproved ? 'approve request' : 'turn down request' },
      subject: account?.emailKey ?? userId,
      details: { id: userId, edge: which.edge, request: which.id, columns: Object.keys(asked.changes) },
    })
  })
}

const noSuch = (what: string): GatehouseError =>
  new GatehouseError('noSuchAsset', `There is no such ${what} in this system.`)
