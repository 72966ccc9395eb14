/** Which code of an auth service is asked: the one in use, or where that has withdrawn itself, the one named as safe. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { hashToken } from '../base/secrets.ts'
import type { SafeVersion, SystemScope } from '../domain/access/scope.ts'
import { isWithdrawn, nameSafeVersion, safeVersion } from '../domain/auth/withdrawal.ts'
import { findSafeVersion } from '../store/tables/safe-versions.ts'
import type { Assembly, AssemblyCache } from './assemble.ts'

/** Names one state of a service and of all libraries that it loads. */
export const codeOf = ({ versions }: Assembly): string =>
  hashToken(JSON.stringify(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1))))

/** Whom it runs as and how long it may take are settings, and stay those of today. */
type Stored = Omit<Assembly, 'settings' | 'problem'>

/** @throws GatehouseError `codeInvalid` where it cannot run */
export async function nameSafe(scope: SystemScope, assembly: Assembly): Promise<SafeVersion> {
  const { settings: _, problem, ...stored } = assembly
  if (problem !== undefined) {
    throw new GatehouseError('codeInvalid', `Version ${assembly.version} of "${assembly.service}" cannot run.`, {
      hint: 'Name a version that signs people in.',
    })
  }
  const { service, version } = assembly
  const code = codeOf(assembly)
  if (isWithdrawn(scope.system.settings, service, code)) {
    throw new GatehouseError('conflict', `Version ${version} of "${service}" has withdrawn itself.`, {
      hint: 'Restore it first, or make another version current.',
    })
  }
  return nameSafeVersion(scope, { service, version, code, assembly: JSON.stringify(stored) })
}

/** Undefined where what is in use has withdrawn itself and nothing may take its place. */
export async function servingAssembly(
  assemblies: AssemblyCache,
  scope: SystemScope,
  inUse: Assembly,
): Promise<Assembly | undefined> {
  const { settings } = scope.system
  if (!isWithdrawn(settings, inUse.service, codeOf(inUse))) return inUse
  const named = safeVersion(settings)
  if (named === undefined) return undefined
  return assemblies.keep(scope, `${named.service}/safe`, async () => {
    const safe = await findSafeVersion(scope.data, named.service)
    if (safe === undefined || safe.code !== named.code) return undefined
    return { ...(JSON.parse(safe.assembly) as Stored), settings: inUse.settings, problem: undefined }
  })
}
