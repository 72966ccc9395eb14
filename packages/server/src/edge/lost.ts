/**
 * Giving an edge up, where somebody may have it who should not. In one transaction its key is refused, and whatever of its
 * users lay there is good no more: sessions, passwords, authenticator apps, recovery codes of that place. All who were ever
 * sent to it count, also those who left its deployments since: what was deleted on a disk can be read from it.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hexId, hexSecret } from '../base/ids.ts'
import { audit } from '../domain/access/audit.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { noteNotice } from '../domain/accounts/notices.ts'
import { demandDeveloper } from '../domain/edges/edges.ts'
import { keysAfter, readUsers, userTable } from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { findAccount, voidPassword } from '../store/tables/accounts.ts'
import { disableApp, listAuthenticators } from '../store/tables/authenticators.ts'
import { deleteDevices } from '../store/tables/devices.ts'
import { deleteEdgeCodes } from '../store/tables/edge-recovery-codes.ts'
import { countEdgeSessions } from '../store/tables/edge-sessions.ts'
import { forgetSentUsers, sentUsers } from '../store/tables/edge-users.ts'
import { deleteEdge } from '../store/tables/edges.ts'
import { countRecoveryCodes } from '../store/tables/recovery-codes.ts'
import { endSessions } from '../store/tables/sessions.ts'
import { lockSystem, updateSystem } from '../store/tables/systems.ts'
import { scopeOfEdge, userOnEdge } from './scope.ts'

/** Of one who could sign in there. */
export type LostUser = {
  userId: string
  email: string
  /** Second factors that are good no more: `totp`, `recovery` (of that place). */
  lost: string[]
  /** Those that are left. */
  left: string[]
}

export type LostEdge = {
  users: LostUser[]
  /** Of all its users, wherever they were made. */
  endedSessions: number
  /** Of these the ones that were made there. */
  edgeSessions: number
  secret: string | undefined
}

const usersAtOnce = 200

/** Throws noSuchAsset where there is no such edge and nobody was ever sent to one. */
export async function loseEdge(
  scope: SystemScope,
  name: string,
  { newSecret }: { newSecret: boolean },
): Promise<LostEdge> {
  demandDeveloper(scope)
  return scope.data.transaction(async (tx): Promise<LostEdge> => {
    const system = await lockSystem(tx)
    if (system === undefined) throw new GatehouseError('noSuchSystem', 'The system is gone.')
    const edgeSessions = await countEdgeSessions(tx, name, scope.clock.now())
    const edge = await deleteEdge(tx, name)
    const ids = new Set(await sentUsers(tx, name))
    // Whoever may be there by now counts too, whatever was noted.
    if (edge) for (const id of await namedUsers(tx, await scopeOfEdge(tx, system, name))) ids.add(id)
    if (!edge && ids.size === 0) {
      throw new GatehouseError('noSuchAsset', 'There is no such edge in this system, and there was none.')
    }
    const placed = new Set(await deleteEdgeCodes(tx, { edge: name }))
    const users: LostUser[] = []
    let endedSessions = 0
    for (const userId of ids) {
      const made = await voidUser({ ...scope, data: tx }, name, userId)
      if (made === undefined) continue
      endedSessions += made.ended
      users.push({ ...made.user, lost: [...made.user.lost, ...(placed.has(userId) ? ['recovery'] : [])] })
    }
    // Of whoever else it told: nobody is who was never sent to it, but what is of the edge ends with it.
    const made = { systemKey: tx.key, kind: 'user' as const, place: name }
    endedSessions += await endSessions(tx.node, made, scope.clock.now(), 'the edge was lost')
    await forgetSentUsers(tx, name)
    const secret = newSecret ? hexSecret() : undefined
    if (secret !== undefined) await updateSystem(tx, { secret })
    audit(tx, scope, {
      ...{ kind: 'edge', action: 'lost', subject: name },
      details: {
        ...{
          users: users.map(({ userId }) => userId),
          ended_sessions: endedSessions,
          edge_sessions: edgeSessions,
          new_secret: newSecret,
        },
        left_without_second_factor: users.filter(isLeftWithout).map(({ userId }) => userId),
      },
    })
    return { users, endedSessions, edgeSessions, secret }
  })
}

/** Had a second factor, and has none now. */
export const isLeftWithout = ({ lost, left }: LostUser): boolean => lost.length > 0 && left.length === 0

async function namedUsers(tx: SystemStore, of: Awaited<ReturnType<typeof scopeOfEdge>>): Promise<string[]> {
  const found: string[] = []
  const table = await userTable(tx)
  for (let after = ''; ; ) {
    const keys = await keysAfter(tx, table, after, usersAtOnce)
    for (const user of await readUsers(tx, keys)) if (userOnEdge(of, user)?.canSignIn) found.push(user.id)
    if (keys.length < usersAtOnce) return found
    after = keys.at(-1)!
  }
}

/** Undefined for one who is gone. */
async function voidUser(
  scope: SystemScope,
  edge: string,
  userId: string,
): Promise<{ user: LostUser; ended: number } | undefined> {
  const { data: tx } = scope
  const account = await findAccount(tx, { userId }, { hold: true })
  if (account === undefined) return undefined
  await voidPassword(tx, userId, { why: `the edge ${edge} was lost`, stamp: hexId(8) })
  const lost = (await disableApp(tx, userId)) ? ['totp'] : []
  await deleteDevices(tx, userId)
  const which = { systemKey: tx.key, kind: 'user' as const, subjectId: userId }
  const ended = await endSessions(tx.node, which, scope.clock.now(), 'an edge that held the account was lost')
  const codes = await countRecoveryCodes(tx, userId)
  const bound = (await listAuthenticators(tx, userId)).filter(
    ({ kind, state }) => state === 'bound' && (kind !== 'recovery' || codes > 0),
  )
  await noteNotice(scope, userId, { what: 'edge lost', label: edge })
  const left = [...new Set(bound.map(({ kind }) => kind))]
  return { user: { userId, email: account.emailKey, lost, left }, ended }
}
