/** Users of a system as the node answers them, with what is known of their accounts beside the row. */
import { ask } from '../../api.ts'

export type User = { user_id: string; email: string; creation_date: string } & Record<string, unknown>

export type Column = { ColumnName: string; ColumnType: string; UserDefined: boolean }

export type Account = {
  user_id: string
  email: string
  weak_password: boolean
  disabled: boolean
  /** `asked` or `exposed` where a new password is asked for, else ''. */
  new_password: string
  failed_sign_ins: number
  /** Unix seconds; 0 for none. */
  blocked_until: number
}

const queried = (query: object): string => encodeURIComponent(JSON.stringify(query))

export const columnsQuery = (key: string) => ({
  queryKey: ['user-columns', key],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Column[]>(`/admin/user/${key}/columns`, { signal }),
})

export const pageSize = 50

/** One page of the users whose e-mail has that text in it, and how many there are. */
export const usersQuery = (key: string, search: string, page: number) => ({
  queryKey: ['users', key, search, page],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const pattern = `(?i)${search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`
    const filters = search === '' ? {} : { FILTERS: [[{ RE: [{ email: pattern }] }]] }
    const sorted = { ...filters, SORT: [{ ASC: 'email' }], PAGESIZE: pageSize, PAGENUM: page }
    const [rows, { count }] = await Promise.all([
      ask<User[]>(`/admin/user/${key}?query=${queried(sorted)}`, { signal }),
      ask<{ count: number }>(`/admin/user/${key}/count?query=${queried(filters)}`, { signal }),
    ])
    const accounts = await accountsOf(
      key,
      rows.map(({ user_id }) => user_id),
      signal,
    )
    return { rows, count, accounts }
  },
})

async function accountsOf(key: string, ids: string[], signal: AbortSignal): Promise<Map<string, Account>> {
  if (ids.length === 0) return new Map()
  const query = ids.map((id) => `user=${encodeURIComponent(id)}`).join('&')
  const accounts = await ask<Account[]>(`/admin/v/4/system/${key}/accounts?${query}`, { signal })
  return new Map(accounts.map((account) => [account.user_id, account]))
}

/** One user with his account; `undefined` where he is gone. */
export const userQuery = (key: string, id: string) => ({
  queryKey: ['user', key, id],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = queried({ FILTERS: [[{ EQ: [{ user_id: id }] }]] })
    const [rows, accounts] = await Promise.all([
      ask<User[]>(`/admin/user/${key}?query=${query}`, { signal }),
      accountsOf(key, [id], signal),
    ])
    const [user] = rows
    return user === undefined ? null : { user, account: accounts.get(id) }
  },
})

/** `changes` as the node's call for managing a user has them. */
export const changeUser = (key: string, user: string, changes: object): Promise<void> =>
  ask(`/admin/user/${key}`, { method: 'PUT', body: { user, changes } })
