/** The open sessions of a system's users, as those who manage users see and end them. Opening one is `domain/auth`. */
import { bits } from '@gatehouse/contract/permissions.ts'
import { isUnfiltered, type Query } from '@gatehouse/contract/query.ts'
import { endSessions, listSessions, type SessionRecord } from '../../store/tables/sessions.ts'
import { audit } from '../access/audit.ts'
import { demand } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'
import { findInList, type ListColumns, pageOf } from './list-query.ts'

const issued = (session: SessionRecord): number => Math.floor(session.createdAt / 1000)

const columns: ListColumns<SessionRecord> = { user_id: (session) => session.subjectId, issued }

const ofUsers = (scope: SystemScope): Promise<SessionRecord[]> =>
  listSessions(scope.data, { kind: 'user', now: scope.clock.now() })

/** Who is signed in and since when, in Unix seconds; nothing that could be used as a token. Oldest first. */
export async function findUserSessions(
  scope: SystemScope,
  query: Query,
): Promise<{ user_id: string; issued: number }[]> {
  await demand(scope, { kind: 'manageusers', level: bits.read }, 'see sessions')
  const found = findInList(await ofUsers(scope), columns, query)
  return pageOf(found, query).map((session) => ({ user_id: session.subjectId, issued: issued(session) }))
}

export async function countUserSessions(scope: SystemScope, query: Query): Promise<number> {
  await demand(scope, { kind: 'manageusers', level: bits.read }, 'count sessions')
  return findInList(await ofUsers(scope), columns, query).length
}

/** Ends the sessions that match, whatever page the query names; answers how many those were. */
export async function endUserSessions(scope: SystemScope, query: Query): Promise<number> {
  await demand(scope, { kind: 'manageusers', level: bits.delete }, 'end sessions')
  const now = scope.clock.now()
  const reason = 'somebody who manages users ended it'
  return scope.data.transaction(async (tx) => {
    const inside = { ...scope, data: tx }
    const noted = (count: number, users: string[] | 'all'): number => {
      audit(tx, scope, { kind: 'session', action: 'end', subject: '', details: { ended: count, users } })
      return count
    }
    if (isUnfiltered(query)) {
      return noted(await endSessions(tx.node, { systemKey: tx.key, kind: 'user' }, now, reason), 'all')
    }
    let ended = 0
    const users = new Set<string>()
    for (const session of findInList(await ofUsers(inside), columns, query)) {
      ended += await endSessions(tx.node, { systemKey: tx.key, kind: 'user', id: session.id }, now, reason)
      users.add(session.subjectId)
    }
    return noted(ended, [...users].slice(0, 20))
  })
}
