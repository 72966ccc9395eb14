/** What is kept of runs that are over: failed ones, and logs. Writing them is the engine's business. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { findUnit } from '../../store/tables/code.ts'
import { deleteFailedRuns, listFailedRuns, listRunLogs } from '../../store/tables/records.ts'
import { audit } from '../access/audit.ts'
import { demand } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'

/** The newest so many; older ones stay until they age out. */
const mostRuns = 500
const mostLogs = 200
const mostIds = 1_000

/** What a run was called with may be anybody's secret: this is for those who may change every service. */
const demandRuns = (scope: SystemScope, level: number): Promise<void> =>
  demand(scope, { kind: 'allservices', level }, 'see how services ran')

/** Whether the caller may read them. Throws permissionDenied. */
export const demandFailedRuns = (scope: SystemScope): Promise<void> => demandRuns(scope, bits.update)

/** Newest first: `{Service, Args, Response, Error, UserId, UserType, Id, Datetime}`. */
export async function failedRuns(scope: SystemScope): Promise<Record<string, unknown>[]> {
  await demandRuns(scope, bits.update)
  return listFailedRuns(scope.data, mostRuns)
}

/** Runs that ended well leave no record but their log. */
export async function completedRuns(scope: SystemScope): Promise<never[]> {
  await demandRuns(scope, bits.update)
  return []
}

/** Forgets the failed runs with these ids, or that id; answers what was known of them. */
export async function forgetFailedRuns(scope: SystemScope, ids: unknown): Promise<Record<string, unknown>[]> {
  await demandRuns(scope, bits.delete)
  const list = typeof ids === 'string' ? [ids] : ids
  if (!Array.isArray(list) || list.length > mostIds || list.some((id) => typeof id !== 'string' || id.length > 100)) {
    throw new GatehouseError('badRequest', `The body needs "id", a list of at most ${mostIds} ids of failed runs.`)
  }
  return scope.data.transaction(async (tx) => {
    const gone = await deleteFailedRuns(tx, list as string[])
    audit(tx, scope, { kind: 'records', action: 'forget failed runs', subject: '', details: { count: gone.length } })
    return gone
  })
}

/** Logs of the newest runs of a service that logs. Throws noSuchService. */
export async function runLogs(scope: SystemScope, service: string): Promise<{ at: number; text: string }[]> {
  await demand(scope, { kind: 'services', item: service, level: bits.update }, `read the logs of "${service}"`)
  if ((await findUnit(scope.data, 'service', service)) === undefined) {
    throw new GatehouseError('noSuchService', `There is no service "${service}" in this system.`)
  }
  return listRunLogs(scope.data, service, mostLogs)
}
