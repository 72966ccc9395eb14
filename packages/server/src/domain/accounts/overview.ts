/** What a developer should know of accounts beside their rows: weak passwords, switched-off accounts, running waits. */
import type { Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { everything } from '@gatehouse/contract/query.ts'
import { selectItems } from '../../store/rows.ts'
import { accountStates, findAccount } from '../../store/tables/accounts.ts'
import { listFailures, waitingAccounts } from '../../store/tables/failures.ts'
import { audit } from '../access/audit.ts'
import { demand } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'
import { forgetWrong } from './ledger.ts'
import { askedWhy } from './new-password.ts'
import { userTable } from './users.ts'

export type AccountOverview = {
  user_id: string
  email: string
  /** Set by a developer or a service below the rules that bind people, and not changed since. */
  weak_password: boolean
  disabled: boolean
  /** Why another password is asked for: `asked` or `exposed`; '' where none is. */
  new_password: string
  failed_sign_ins: number
  /** Unix seconds; 0 where the account may be tried now. */
  blocked_until: number
}

export async function accountsOverview(
  scope: SystemScope,
  page: { size: number; number: number },
): Promise<AccountOverview[]> {
  const { rows } = await selectItems(scope.data, await userTable(scope.data), {
    ...everything,
    sort: [{ column: 'email', direction: 'asc' }],
    pageSize: page.size,
    pageNumber: page.number,
    columns: ['user_id', 'email'],
  })
  return statesOf(scope, rows)
}

const mostWaiting = 500

/** Accounts that must wait after failures: the first of them, those that wait longest. */
export async function waitingOverview(scope: SystemScope): Promise<AccountOverview[]> {
  const ids = await waitingAccounts(scope.store, scope.system.key, scope.clock.now(), mostWaiting)
  return overviewOf(scope, ids)
}

/** Those of these ids that are accounts, in no order. */
export async function overviewOf(scope: SystemScope, ids: readonly string[]): Promise<AccountOverview[]> {
  if (ids.length === 0) return []
  const { rows } = await selectItems(scope.data, await userTable(scope.data), {
    ...everything,
    any: ids.map((id) => [{ operator: 'EQ', column: 'user_id', value: id }]),
    columns: ['user_id', 'email'],
  })
  return statesOf(scope, rows)
}

/** Lets an account be tried again at once, by somebody who manages users. Throws permissionDenied, noSuchUser. */
export async function unlockAccount(scope: SystemScope, userId: string): Promise<void> {
  await demand(scope, { kind: 'manageusers', level: bits.update }, 'manage users')
  if ((await findAccount(scope.data, { userId })) === undefined) {
    throw new GatehouseError('noSuchUser', 'There is no such user.')
  }
  await scope.data.transaction(async (tx) => {
    await forgetWrong(tx.node, tx.key, userId)
    audit(tx, scope, { kind: 'unlock', action: 'unlock', subject: userId })
  })
}

async function statesOf(scope: SystemScope, rows: readonly Row[]): Promise<AccountOverview[]> {
  const ids = rows.map((row) => String(row.user_id))
  const states = await accountStates(scope.data, ids)
  const failures = await listFailures(scope.store, scope.system.key, ids)
  const now = scope.clock.now()
  return rows.map((row) => {
    const id = String(row.user_id)
    const failed = failures.get(id)
    const blockedUntil = failed?.blockedUntil ?? 0
    return {
      user_id: id,
      email: String(row.email),
      weak_password: states.get(id)?.weak ?? false,
      disabled: states.get(id)?.disabled ?? false,
      new_password: askedWhy({ passwordVoid: states.get(id)?.passwordVoid ?? null }) ?? '',
      failed_sign_ins: failed?.count ?? 0,
      blocked_until: blockedUntil > now ? Math.ceil(blockedUntil / 1000) : 0,
    }
  })
}
