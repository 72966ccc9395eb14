/** The box for whom a service runs as: suggests e-mails of users; empty is the caller. */
import { Autocomplete } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ask } from '../../api.ts'

type Listed = { user_id: string; email: string }

const users = (key: string, query: unknown, signal: AbortSignal): Promise<Listed[]> =>
  ask(`/admin/user/${encodeURIComponent(key)}?query=${encodeURIComponent(JSON.stringify(query))}`, { signal })

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The e-mail of a user; who is gone keeps the id. */
export const emailQuery = (key: string, userId: string) => ({
  queryKey: ['system', key, 'email', userId],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<string> => {
    if (userId === '') return ''
    const [user] = await users(key, { FILTERS: [[{ EQ: [{ user_id: userId }] }]], PAGESIZE: 1 }, signal)
    return user?.email ?? userId
  },
})

type Props = { systemKey: string; value: string; onChange: (email: string) => void }

export function RunAsBox({ systemKey, value, onChange }: Props) {
  const [typed] = useDebouncedValue(value.trim(), 200)
  const suggested = useQuery({
    queryKey: ['system', systemKey, 'emails', typed],
    queryFn: ({ signal }) => {
      const filters = typed === '' ? {} : { FILTERS: [[{ RE: [{ email: escaped(typed) }] }]] }
      return users(systemKey, { ...filters, SORT: [{ ASC: 'email' }], PAGESIZE: 20 }, signal)
    },
    placeholderData: keepPreviousData,
  })
  return (
    <Autocomplete
      label="Run as"
      description="E-mail of a user, whose rights the service then has whoever calls it"
      placeholder="<caller>"
      value={value}
      onChange={onChange}
      data={[...new Set(suggested.data?.map(({ email }) => email))]}
      autoComplete="off"
    />
  )
}
