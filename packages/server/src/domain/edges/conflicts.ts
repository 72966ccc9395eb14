/** What was decided where two places had changed the same, for the developers of the system. */
import { deleteConflicts, listConflicts, type SyncConflict } from '../../store/tables/sync-conflicts.ts'
import { audit } from '../access/audit.ts'
import type { SystemScope } from '../access/scope.ts'
import { demandDeveloper, demandDeveloperRights } from './edges.ts'

/** Newest first; they hold values of rows. */
export async function conflictsOf(
  scope: SystemScope,
  page: { limit: number; before?: number },
): Promise<SyncConflict[]> {
  demandDeveloperRights(scope)
  return listConflicts(scope.data, page)
}

/** Answers how many were forgotten; the rows stay as they are. */
export async function forgetConflicts(scope: SystemScope): Promise<number> {
  demandDeveloper(scope)
  return scope.data.transaction(async (tx) => {
    const count = await deleteConflicts(tx)
    audit(tx, scope, { kind: 'records', action: 'delete', subject: 'conflicts', details: { count } })
    return count
  })
}
