/**
 * Recovery codes for one place: made at the platform by a user with a fresh second factor, good at one edge and nowhere else.
 * The platform keeps that there are some, and their hashes sealed to that edge's key. So "once" needs no link: what is spent
 * stands where it was spent.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { uuid } from '../base/ids.ts'
import { sealTo } from '../base/link-keys.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import type { MadeRecoveryCodes } from '../domain/accounts/recovery-codes.ts'
import { type Body, renewRecoveryCodes } from '../domain/auth/enrolment.ts'
import { readUsers } from '../store/down/read.ts'
import { putEdgeCodes } from '../store/tables/edge-recovery-codes.ts'
import { type EdgeRecord, findEdge } from '../store/tables/edges.ts'
import { findSystem } from '../store/tables/systems.ts'
import { scopeOfEdge, userOnEdge } from './scope.ts'
import { sealedPlace } from './users-down.ts'

/** As `renewRecoveryCodes`, for the edge that `body.edge` names. Throws badRequest for one that the user is not at. */
export async function renewCodesForEdge(
  scope: SystemScope,
  body: Body,
): Promise<{ recovery_codes: string[]; edge: string; ended_sessions?: number }> {
  const { edge: name } = body
  if (typeof name !== 'string' || name === '')
    throw new GatehouseError('badRequest', 'edge must be the name of an edge.')
  if (scope.caller.kind === 'user') await demandThere(scope, name, scope.caller.userId)
  const made = await renewRecoveryCodes(scope, body, {
    edge: name,
    keep: (inside, userId, codes, madeBy) => keepFor(inside, name, { userId, codes, madeBy }),
  })
  return { ...made, edge: name }
}

/** Throws badRequest, the same for an edge that is not there and for one where the user is not. */
async function demandThere(
  scope: SystemScope,
  name: string,
  userId: string,
): Promise<EdgeRecord & { sealKey: string }> {
  const edge = await findEdge(scope.data, name, { hold: true })
  const [user] = await readUsers(scope.data, [userId])
  const system = await findSystem(scope.data.node, scope.data.key)
  const isThere =
    edge !== undefined &&
    user !== undefined &&
    system !== undefined &&
    userOnEdge(await scopeOfEdge(scope.data, system, name), user)?.canSignIn === true
  if (!isThere) throw new GatehouseError('badRequest', 'There is no such edge that this user signs in at.')
  const { sealKey } = edge
  if (sealKey === null) {
    throw new GatehouseError(
      'badRequest',
      'This edge has not come to the platform yet: there is nobody to keep the codes.',
    )
  }
  return { ...edge, sealKey }
}

/** In the transaction that `scope` holds; the edge is held, so that what is sealed is sealed to whoever it is. */
async function keepFor(
  scope: SystemScope,
  name: string,
  { userId, codes, madeBy }: { userId: string; codes: MadeRecoveryCodes; madeBy: string },
): Promise<void> {
  const { sealKey } = await demandThere(scope, name, userId)
  const id = uuid()
  const place = sealedPlace(name, scope.system.key, userId, id)
  await putEdgeCodes(scope.data, {
    ...{ id, userId, edge: name, codes: sealTo(sealKey, place, JSON.stringify(codes.rows)) },
    ...{ madeAt: scope.clock.now(), madeBy },
  })
}
