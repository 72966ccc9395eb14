/** Whom a run acts as, and how its code sees people. */
import type { Caller } from '../domain/access/caller.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { userRow } from '../domain/accounts/users.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { findDeveloper } from '../store/tables/developers.ts'
import type { Assembly } from './assemble.ts'

/** The run-as user, else the caller; undefined where the run-as user cannot act any more. */
export async function effectiveIdentity(scope: SystemScope, assembly: Assembly): Promise<Caller | undefined> {
  const { run_user: userId } = assembly.settings
  if (userId === '') return scope.caller
  const account = await findAccount(scope.data, { userId })
  return account === undefined || account.disabled ? undefined : { kind: 'user', userId, sessionId: undefined }
}

export async function personOf(scope: SystemScope, caller: Caller): Promise<{ userid: string; userEmail: string }> {
  switch (caller.kind) {
    case 'user':
      return { userid: caller.userId, userEmail: String((await userRow(scope, caller.userId)).email) }
    case 'developer': {
      const developer = await findDeveloper(scope.store, { id: caller.developerId })
      return { userid: caller.developerId, userEmail: developer?.email ?? '' }
    }
    default:
      return { userid: '', userEmail: '' }
  }
}
