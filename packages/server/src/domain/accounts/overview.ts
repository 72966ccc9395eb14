/** What a developer should know of accounts beside their rows: weak passwords, switched-off accounts, running waits. */
import { everything } from '@gatehouse/contract/query.ts'
import { selectItems } from '../../store/rows.ts'
import { accountStates } from '../../store/tables/accounts.ts'
import { listFailures } from '../../store/tables/failures.ts'
import type { SystemScope } from '../access/scope.ts'
import { userTable } from './users.ts'

export type AccountOverview = {
  user_id: string
  email: string
  /** Set by a developer or a service below the rules that bind people, and not changed since. */
  weak_password: boolean
  disabled: boolean
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
      failed_sign_ins: failed?.count ?? 0,
      blocked_until: blockedUntil > now ? Math.ceil(blockedUntil / 1000) : 0,
    }
  })
}
