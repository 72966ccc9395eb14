/** Systems: making, finding, changing, deleting. What is in them has folders of its own. */
import { isDeepStrictEqual } from 'node:util'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { allBits, defaultRoles, resourceKindNames, resourceKinds } from '@gatehouse/contract/permissions.ts'
import { hexId, hexSecret } from '../../base/ids.ts'
import { sameText } from '../../base/secrets.ts'
import { createUserTable, dropTables } from '../../store/rows.ts'
import { insertRole, putGrant } from '../../store/tables/roles.ts'
import { endSessions } from '../../store/tables/sessions.ts'
import { isSystemDeveloper } from '../../store/tables/system-developers.ts'
import {
  deleteSystemRows,
  findSystem,
  insertSystem,
  listSystems,
  lockSystem,
  type SystemRow,
  updateSystem,
} from '../../store/tables/systems.ts'
import { audit, changesBetween } from '../access/audit.ts'
import type { NodeScope, SystemFacts, SystemScope } from '../access/scope.ts'
import { checkSettings, readSettings } from './settings.ts'

const facts = (row: SystemRow): SystemFacts => ({ ...row, settings: readSettings(row.settings) })

export async function createSystem(
  scope: NodeScope,
  input: { name: string; description: string },
): Promise<{ key: string; secret: string; name: string; description: string }> {
  if (scope.caller.kind !== 'developer') throw new GatehouseError('notSignedIn', 'Only developers make systems.')
  const now = scope.clock.now()
  const row: SystemRow & { incarnation: string } = {
    key: hexId(),
    secret: hexSecret(),
    name: checkSystemName(input.name),
    description: input.description,
    ownerId: scope.caller.developerId,
    settings: {},
    revision: 1,
    createdAt: now,
    incarnation: hexId(8),
  }
  await scope.store.transaction(async (tx) => {
    await insertSystem(tx, row)
    const system = tx.forSystem(row.key)
    for (const name of defaultRoles) {
      await insertRole(system, { id: name, name, description: `Default role ${name}`, createdAt: now })
    }
    for (const kind of resourceKindNames) {
      if (resourceKinds[kind].items) continue
      await putGrant(system, { roleId: 'Administrator', kind, item: '', level: allBits })
    }
    await createUserTable(system, { id: hexId(), createdAt: now })
    audit(system, scope, { kind: 'system', action: 'create', subject: row.name })
  })
  return { key: row.key, secret: row.secret, name: row.name, description: row.description }
}

/** The system with this key, or undefined. Does not ask who may see it. */
export async function systemByKey(scope: Pick<NodeScope, 'store'>, key: string): Promise<SystemFacts | undefined> {
  const row = await findSystem(scope.store, key)
  return row && facts(row)
}

export async function systemDetails(scope: SystemScope): Promise<SystemRow> {
  const row = await findSystem(scope.store, scope.system.key)
  if (row === undefined) throw noSuchSystem()
  return row
}

export async function ownSystems(scope: NodeScope): Promise<SystemFacts[]> {
  if (scope.caller.kind !== 'developer') throw new GatehouseError('notSignedIn', 'Only developers have systems.')
  return (await listSystems(scope.store, scope.caller.developerId)).map(facts)
}

/**
 * The system, where this developer works on it: it is his own, or shared with him. The one place that decides it, asked for
 * every request. An unknown key and somebody else's system get the same answer.
 */
export async function developedBy(
  { store }: Pick<NodeScope, 'store'>,
  caller: NodeScope['caller'],
  system: SystemFacts | undefined,
): Promise<SystemFacts | undefined> {
  if (system === undefined || caller.kind !== 'developer') return undefined
  if (caller.developerId === system.ownerId) return system
  return (await isSystemDeveloper(store, system.key, caller.developerId)) ? system : undefined
}

export const noSuchSystem = (): GatehouseError =>
  new GatehouseError('noSuchSystem', 'There is no such system, or it is not yours.')

export const secretMatches = (system: SystemFacts, secret: string): boolean => sameText(system.secret, secret)

/**
 * Name, description and settings in one step. Setting another auth service ends the user sessions that it did not grant,
 * unless `keep_sessions` is true. `if_unchanged` names values as they were read: where one of them is another by now,
 * nothing is changed. Throws conflict.
 */
export async function changeSystem(scope: SystemScope, body: Record<string, unknown>): Promise<SystemFacts> {
  const changes = checkSettings(body)
  const name = body.name === undefined ? undefined : checkSystemName(body.name)
  if (body.description !== undefined && typeof body.description !== 'string') {
    throw new GatehouseError('badSetting', 'description must be a text.')
  }
  const description = body.description as string | undefined
  return scope.data.transaction(async (tx) => {
    const row = await lockSystem(tx)
    if (row === undefined) throw noSuchSystem()
    const before = readSettings(row.settings)
    demandUnchanged({ ...before, name: row.name, description: row.description }, body.if_unchanged)
    const settings: Record<string, unknown> = { ...row.settings, ...changes }
    const another = changes.auth_service !== undefined && changes.auth_service !== before.auth_service
    if (another) Object.assign(settings, { auth_epoch: before.auth_epoch + 1, auth_withdrawn: null })
    await updateSystem(tx, {
      settings,
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
    })
    if (another && changes.auth_service !== '' && body.keep_sessions !== true) {
      const sparing = { systemKey: tx.key, kind: 'user' as const, exceptGrantedBy: `service:${changes.auth_service}` }
      await endSessions(tx.node, sparing, scope.clock.now(), 'another auth service was set')
    }
    if (changes.anonymous === 'closed') {
      const which = { systemKey: tx.key, kind: 'anonymous' as const }
      await endSessions(tx.node, which, scope.clock.now(), 'anonymous sessions were closed')
    }
    const now = { ...row, settings, name: name ?? row.name, description: description ?? row.description }
    audit(tx, scope, {
      kind: another ? 'auth-service' : 'settings',
      action: 'change',
      subject: now.name,
      details: { ...changed({ ...row, settings: before }, facts(now)), keep_sessions: another && body.keep_sessions },
    })
    return facts(now)
  })
}

/** Names and settings; what counts the changes itself is none. */
function changed(before: Named, after: Named): Record<string, unknown> {
  const plain = ({ name, description, settings: { auth_epoch: _, ...settings } }: Named) => ({
    ...{ ...settings, name },
    ...(description !== undefined && { description }),
  })
  return changesBetween(plain(before), plain(after))
}

type Named = { name: string; description?: string; settings: SystemFacts['settings'] }

function demandUnchanged(now: Record<string, unknown>, expected: unknown): void {
  if (expected === undefined || expected === null) return
  if (typeof expected !== 'object' || Array.isArray(expected)) {
    throw new GatehouseError('badSetting', 'if_unchanged must be an object of settings as they were read.')
  }
  const changed = Object.entries(expected)
    .filter(([name, value]) => !Object.hasOwn(now, name) || !isDeepStrictEqual(now[name], value))
    .map(([name]) => name.slice(0, 80))
  if (changed.length === 0) return
  throw new GatehouseError('conflict', `Somebody else changed this meanwhile: ${changed.slice(0, 20).join(', ')}.`, {
    hint: 'Nothing was saved. Read the settings again, and look at both before you save.',
  })
}

export async function regenerateSecret(scope: SystemScope): Promise<string> {
  const secret = hexSecret()
  await scope.data.transaction(async (tx) => {
    await updateSystem(tx, { secret })
    audit(tx, scope, { kind: 'system', action: 'new secret', subject: scope.system.name })
  })
  return secret
}

/** For its owner alone. Throws permissionDenied. */
export async function deleteSystem(scope: SystemScope): Promise<void> {
  await scope.data.transaction(async (tx) => {
    demandOwner(scope, await lockSystem(tx))
    await dropTables(tx)
    await deleteSystemRows(tx)
    audit(tx, scope, { kind: 'system', action: 'delete', subject: scope.system.name })
  })
}

/**
 * What only the owner may: delete, share, hand over. `row` is the system as it is in the transaction that does it. Code that
 * the owner runs cannot either, whoever wrote it: it has his rights but no session of his.
 */
export function demandOwner({ caller }: SystemScope, row: SystemRow | undefined): asserts row is SystemRow {
  if (row === undefined) throw noSuchSystem()
  if (caller.kind !== 'developer' || caller.developerId !== row.ownerId || caller.sessionId === undefined) {
    throw new GatehouseError('permissionDenied', 'Only the owner of the system deletes it, shares it or hands it over.')
  }
}

/** Throws badSystemName. */
export function checkSystemName(name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200 || /\p{Cc}/u.test(name)) {
    throw new GatehouseError('badSystemName', 'A system needs a name of 1 to 200 characters.')
  }
  return name.trim()
}
