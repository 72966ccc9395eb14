/**
 * Sessions that were made at the other end of a link between platform and edge, and are good here: for as long as the user may sign
 * in there, with the roles that a deployment names, and never with a privileged one. On the platform it is asked anew each time
 * what counts of one; an edge knows it by what came down to it.
 */
import type { SystemStore } from '../../store/store.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import { listMemberships } from '../../store/tables/roles.ts'
import { endSessions, type SessionRecord } from '../../store/tables/sessions.ts'
import type { Elsewhere } from '../access/caller.ts'
import type { Means } from '../access/scope.ts'

type Used = Pick<Means, 'store' | 'clock' | 'edge' | 'throughEdge'>

/** Of a session that is open by its row. */
export async function readElsewhere(
  means: Used,
  session: SessionRecord,
  place: string,
): Promise<Elsewhere | 'not good'> {
  const data = means.store.forSystem(session.systemKey)
  if (means.edge !== undefined) {
    const roles = await rolesOnEdge(data, session)
    return roles === undefined ? 'not good' : { place, roles }
  }
  const through = await means.throughEdge?.(data, { edge: place, userId: session.subjectId })
  if (through === undefined || through === 'apart') return 'not good'
  if (through !== 'gone') return { place, ...through }
  // It does not come back when the user does.
  await endThrough(data, { edge: place, userId: session.subjectId }, means.clock.now())
  return 'not good'
}

/** Whoever may not sign in at an edge any more has no sessions that were made there; answers how many those were. */
export const endThrough = (
  data: SystemStore,
  { edge, userId }: { edge: string; userId: string },
  now: number,
): Promise<number> =>
  data.transaction((tx) =>
    endSessions(
      tx.node,
      { systemKey: tx.key, kind: 'user', subjectId: userId, place: edge },
      now,
      'the user may not sign in at that edge any more',
    ),
  )

/** Undefined where the user is not here, or is switched off. */
async function rolesOnEdge(data: SystemStore, session: SessionRecord): Promise<string[] | undefined> {
  const account = await findAccount(data, { userId: session.subjectId })
  if (account === undefined || account.disabled) return undefined
  const limit = session.roles ?? undefined
  const held = await listMemberships(data, session.subjectId)
  return held
    .filter(({ id, privileged }) => !privileged && (limit === undefined || limit.includes(id)))
    .map(({ id }) => id)
}
