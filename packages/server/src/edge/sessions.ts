/** The sessions of one edge, for the developers of the system: those that it made, and those from elsewhere that are good there. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { audit } from '../domain/access/audit.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { demandDeveloper, demandDeveloperRights, noSuchEdge } from '../domain/edges/edges.ts'
import { readSigners } from '../store/down/sessions.ts'
import { holdUserSession, listEdgeSessions, openSessionsElsewhere } from '../store/tables/edge-sessions.ts'
import { findEdge } from '../store/tables/edges.ts'
import { endSessions, type SessionRecord } from '../store/tables/sessions.ts'

/** `email` is '' where the user is gone. */
export type SessionOfEdge = SessionRecord & { email: string }

const most = 1_000

/** Newest first: of those that it made also the ones that are over. Throws noSuchAsset. */
export async function sessionsOfEdge(scope: SystemScope, name: string): Promise<SessionOfEdge[]> {
  demandDeveloperRights(scope)
  const { data } = scope
  if ((await findEdge(data, name)) === undefined) throw noSuchEdge()
  const made = await listEdgeSessions(data, name, most)
  const others = await openSessionsElsewhere(data, name, { now: scope.clock.now(), most })
  const ids = new Set([...made, ...others].map(({ subjectId }) => subjectId))
  const users = new Map((await readSigners(data, [...ids])).map((user) => [user.id, user]))
  const good = []
  for (const one of others) if (await isGoodThere(scope, name, one)) good.push(one)
  return [...made, ...good]
    .sort((one, other) => other.createdAt - one.createdAt)
    .slice(0, most)
    .map((one) => ({ ...one, email: users.get(one.subjectId)?.emailKey ?? '' }))
}

/** Ends it wherever it is good. Throws noSuchAsset where it is not open, or not good at this edge. */
export async function endSessionOfEdge(scope: SystemScope, name: string, id: string): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    if ((await findEdge(tx, name)) === undefined) throw noSuchEdge()
    const now = scope.clock.now()
    const session = await holdUserSession(tx, id, now)
    const inside = { ...scope, data: tx }
    const [user] = session === undefined ? [] : await readSigners(tx, [session.subjectId])
    const isThere = session?.place === name || (session && (await isGoodThere(inside, name, session)))
    if (session === undefined || !isThere) {
      throw new GatehouseError('noSuchAsset', 'There is no such session at this edge, or it is over.')
    }
    await endSessions(tx.node, { systemKey: tx.key, kind: 'user', id }, now, 'a developer ended it')
    const details = { ended: 1, users: [session.subjectId], edge: name, session: id }
    audit(tx, scope, { kind: 'session', action: 'end', subject: user?.emailKey ?? '', details })
  })
}

/** Whether one that was made elsewhere has come there, or is on its way: its user may sign in there, and where it was made. */
async function isGoodThere(
  { data, throughEdge }: SystemScope,
  name: string,
  { subjectId: userId, place }: SessionRecord,
): Promise<boolean> {
  for (const edge of typeof place === 'string' ? [name, place] : [name]) {
    const through = await throughEdge?.(data, { edge, userId })
    if (typeof through !== 'object') return false
  }
  return true
}
