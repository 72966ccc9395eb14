/** What a caller may do. Rights are the union over the caller's roles, read anew for every request: a change holds at once. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { allBits, allItemsKind, bits, type ResourceKind } from '@gatehouse/contract/permissions.ts'
import { type GrantRecord, listGrants } from '../../store/tables/roles.ts'
import type { Caller } from './caller.ts'
import { demandMadeHere } from './made-here.ts'
import type { SystemScope } from './scope.ts'

export type Need = { kind: ResourceKind; item?: string; level: number }

/** The bits that the caller holds on one thing. */
export async function levelOf(scope: SystemScope, kind: ResourceKind, item = ''): Promise<number> {
  const { caller } = scope
  if (caller.kind === 'developer') return allBits
  if (caller.kind === 'nobody') return 0
  const grants = await ownGrants(scope, caller)
  const wide = allItemsKind[kind]
  const held = grants.reduce(
    (level, grant) =>
      (grant.kind === kind && grant.item === item) || (grant.kind === wide && grant.item === '')
        ? level | grant.level
        : level,
    0,
  )
  return changesNothing(caller, kind) ? held & bits.read : held
}

/**
 * A session from elsewhere reads, runs services and writes rows. What others rest on, as code, users, roles and portals, it does not
 * change: that would last beyond its end, and reach beyond its roles.
 */
const changesNothing = (caller: Caller, kind: ResourceKind): boolean =>
  caller.kind === 'user' && caller.elsewhere !== undefined && kind !== 'collections'

/** Rights of the caller's roles: of his own, those that count through a session from elsewhere, or of Anonymous. */
function ownGrants(
  scope: SystemScope,
  caller: Extract<Caller, { kind: 'user' | 'anonymous' }>,
): Promise<GrantRecord[]> {
  if (caller.kind === 'user' && caller.elsewhere !== undefined) {
    const roleIds = [...caller.elsewhere.roles]
    return scope.kept.get(scope, `rights of roles ${JSON.stringify(roleIds)}`, () =>
      listGrants(scope.data, { roleIds }),
    )
  }
  return caller.kind === 'user'
    ? scope.kept.get(scope, `rights of ${caller.userId}`, () => listGrants(scope.data, { userId: caller.userId }))
    : scope.kept.get(scope, 'rights of Anonymous', () => listGrants(scope.data, { roleIds: ['Anonymous'] }))
}

export async function may(scope: SystemScope, need: Need): Promise<boolean> {
  return ((await levelOf(scope, need.kind, need.item)) & need.level) === need.level
}

/** Throws permissionDenied where the caller lacks a bit. `what` finishes the sentence "You may not …". */
export async function demand(scope: SystemScope, need: Need, what: string): Promise<void> {
  if (await may(scope, need)) return
  if (scope.caller.kind === 'nobody') {
    throw new GatehouseError('notSignedIn', `You may not ${what} without signing in.`)
  }
  if (changesNothing(scope.caller, need.kind) && need.level !== bits.read) demandMadeHere(scope, what)
  const names = Object.entries(bits)
    .filter(([, bit]) => (need.level & bit) !== 0)
    .map(([name]) => name.toUpperCase())
  throw new GatehouseError('permissionDenied', `You may not ${what}: no role of yours has ${names.join('+')} on it.`, {
    hint: 'A developer of the system can give that right to one of your roles.',
  })
}

/** All rights of the caller as one map, for checks of "does not give away what he does not hold". */
export async function heldRights(scope: SystemScope): Promise<(kind: ResourceKind, item: string) => number> {
  const { caller } = scope
  if (caller.kind === 'developer') return () => allBits
  if (caller.kind === 'nobody') return () => 0
  const grants = await ownGrants(scope, caller)
  const held = new Map<string, number>()
  for (const grant of grants) {
    const name = `${grant.kind}/${grant.item}`
    held.set(name, (held.get(name) ?? 0) | grant.level)
  }
  return (kind, item) => {
    const wide = allItemsKind[kind]
    return (held.get(`${kind}/${item}`) ?? 0) | (wide === undefined ? 0 : (held.get(`${wide}/`) ?? 0))
  }
}
