/** The version of the auth service that serves: what is named as safe, and what has withdrawn itself. Gatehouse's own calls. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { forgetSafeVersion, isWithdrawn, restoreVersion, safeVersion } from '../../domain/auth/withdrawal.ts'
import { systemByKey } from '../../domain/systems/systems.ts'
import type { Assembly } from '../../engine/assemble.ts'
import type { Engine } from '../../engine/engine.ts'
import { codeOf, nameSafe } from '../../engine/safe-version.ts'
import { type Route, route } from '../route.ts'

const path = '/admin/v/4/system/:key/auth-service/versions'

const iso = (ms: number): string => new Date(ms).toISOString()

/** `serving`: which code is asked: `current`, `safe`, or `none` where sign-in refuses. */
async function state(engine: Engine, given: SystemScope): Promise<Record<string, unknown>> {
  const system = await systemByKey(given, given.system.key)
  const scope = system === undefined ? given : { ...given, system }
  const { settings } = scope.system
  const current = settings.auth_service === '' ? undefined : await engine.assemblies.get(scope, settings.auth_service)
  const safe = safeVersion(settings)
  const gone = current !== undefined && isWithdrawn(settings, current.service, codeOf(current))
  const { auth_withdrawn: withdrawn } = settings
  return {
    service: settings.auth_service,
    current: current?.version ?? null,
    serving: current === undefined ? 'none' : !gone ? 'current' : safe === undefined ? 'none' : 'safe',
    safe: safe === undefined ? null : { version: safe.version, named_at: iso(safe.at), named_by: safe.by },
    withdrawn:
      !gone || withdrawn === null
        ? null
        : { version: withdrawn.version, at: iso(withdrawn.at), erred: withdrawn.erred, seen: withdrawn.seen },
    rule: settings.auth_withdraw,
  }
}

async function demandCurrent(engine: Engine, scope: SystemScope): Promise<Assembly> {
  const { auth_service: service } = scope.system.settings
  const assembly = service === '' ? undefined : await engine.assemblies.get(scope, service)
  if (assembly !== undefined) return assembly
  throw service === ''
    ? new GatehouseError('badRequest', 'This system has no auth service.', { hint: 'Set auth_service first.' })
    : new GatehouseError('noSuchService', `There is no service "${service}" in this system.`)
}

export const authVersionRoutes = (engine: Engine): Route[] => [
  route({
    method: 'GET',
    path,
    allow: 'system developer',
    summary: 'Which version of the auth service serves, which is named as safe, and whether one has withdrawn itself',
    handle: (scope) => state(engine, scope),
  }),
  route({
    method: 'POST',
    path: `${path}/safe`,
    allow: 'system developer',
    summary: 'Name what runs now as safe: service and libraries as they are, kept whole',
    handle: async (scope) => {
      await nameSafe(scope, await demandCurrent(engine, scope))
      return state(engine, scope)
    },
  }),
  route({
    method: 'DELETE',
    path: `${path}/safe`,
    allow: 'system developer',
    summary: 'Name no version as safe any more',
    handle: async (scope) => {
      await forgetSafeVersion(scope)
      return state(engine, scope)
    },
  }),
  route({
    method: 'POST',
    path: `${path}/restore`,
    allow: 'system developer',
    summary: 'Let the version that withdrew itself serve again; it is counted anew',
    handle: async (scope) => {
      await restoreVersion(scope)
      return state(engine, scope)
    },
  }),
]
