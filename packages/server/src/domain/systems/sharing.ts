/**
 * Sharing a system: its owner adds developers and removes them, and hands it over. They may do everything in it that the owner
 * may, but delete it, share it or hand it over. What a request may is asked anew each time (`systems.ts`), so whoever is
 * removed has nothing from the next request on.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Store } from '../../store/store.ts'
import { type DeveloperRecord, findDeveloper } from '../../store/tables/developers.ts'
import {
  addSystemDeveloper,
  listSystemDevelopers,
  removeSystemDeveloper,
  type SharedWith,
} from '../../store/tables/system-developers.ts'
import { lockSystem, updateSystem } from '../../store/tables/systems.ts'
import { audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandOwner, noSuchSystem } from './systems.ts'

/** With whom one system is shared, at most. */
export const mostDevelopers = 100

export type Sharing = { owner: { developerId: string; email: string }; developers: SharedWith[] }

/** For everybody who works on the system. */
export async function sharingOf(scope: SystemScope): Promise<Sharing> {
  return readSharing(scope, scope.system.ownerId)
}

async function readSharing({ data }: SystemScope, ownerId: string): Promise<Sharing> {
  const owner = await findDeveloper(data.node, { id: ownerId })
  return { owner: { developerId: ownerId, email: owner?.email ?? '' }, developers: await listSystemDevelopers(data) }
}

/** Developers by e-mail or id. */
export type SharingChange = { owner?: string | undefined; add: readonly string[]; remove: readonly string[] }

/**
 * All of it or nothing. The owner before stays as one of the developers. A developer who is no owner may remove himself, and
 * nothing else. Throws permissionDenied, badRequest.
 */
export async function changeSharing(scope: SystemScope, change: SharingChange): Promise<Sharing> {
  if (change.owner === undefined && change.add.length === 0 && change.remove.length === 0) {
    throw new GatehouseError('noChanges', 'Nothing is to be changed: there is no owner, and nobody to add or remove.')
  }
  return scope.data.transaction(async (tx) => {
    const row = await lockSystem(tx)
    if (row === undefined) throw noSuchSystem()
    const removed: DeveloperRecord[] = []
    for (const who of change.remove) removed.push(await developerNamed(tx.node, who))
    if (!isLeaving(scope, change, removed)) demandOwner(scope, row)
    const now = scope.clock.now()
    const by = callerLabel(scope.caller)
    for (const { id, email } of removed) {
      if (!(await removeSystemDeveloper(tx, id))) {
        throw new GatehouseError('badRequest', `The system is not shared with ${email}.`)
      }
    }
    for (const who of change.add) {
      const { id, email } = await developerNamed(tx.node, who)
      if (id === row.ownerId) throw new GatehouseError('badRequest', `${email} owns the system already.`)
      await addSystemDeveloper(tx, { developerId: id, addedAt: now, addedBy: by })
    }
    const details: Record<string, unknown> = { removed: removed.map(({ email }) => email), added: change.add }
    let { ownerId } = row
    if (change.owner !== undefined) {
      const next = await developerNamed(tx.node, change.owner)
      if (next.id !== ownerId) {
        await removeSystemDeveloper(tx, next.id)
        await addSystemDeveloper(tx, { developerId: ownerId, addedAt: now, addedBy: by })
        await updateSystem(tx, { ownerId: next.id })
        ownerId = next.id
        details.owner = next.email
      }
    }
    const sharing = await readSharing({ ...scope, data: tx }, ownerId)
    if (sharing.developers.length > mostDevelopers) {
      throw new GatehouseError('badRequest', `A system is shared with ${mostDevelopers} developers at most.`)
    }
    audit(tx, scope, { kind: 'system', action: 'share', subject: row.name, details })
    return sharing
  })
}

/** Whoever goes needs nobody's leave. */
function isLeaving(
  { caller }: SystemScope,
  { owner, add }: SharingChange,
  removed: readonly DeveloperRecord[],
): boolean {
  const isAlone = owner === undefined && add.length === 0 && removed.length > 0
  const isSession = caller.kind === 'developer' && caller.sessionId !== undefined
  return isAlone && isSession && removed.every(({ id }) => id === caller.developerId)
}

async function developerNamed(store: Store, who: string): Promise<DeveloperRecord> {
  const found = who.includes('@') ? await findDeveloper(store, { email: who }) : await findDeveloper(store, { id: who })
  if (found === undefined || found.disabled) {
    throw new GatehouseError('badRequest', `There is no developer ${who.slice(0, 320)} on this node.`, {
      hint: 'Developers are made by gatehouse developer add, or come by invitation.',
    })
  }
  return found
}
