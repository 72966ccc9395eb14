/** E-mails of the users whose ids are on the screen, asked for as they come up. */
import { useQuery } from '@tanstack/react-query'
import { ask } from '../../api.ts'

const most = 100

export function useEmails(key: string, ids: readonly string[]): ReadonlyMap<string, string> {
  const wanted = [...new Set(ids)].sort().slice(0, most)
  const found = useQuery({
    queryKey: ['emails', key, wanted],
    queryFn: async ({ signal }) => {
      const query = { FILTERS: wanted.map((id) => [{ EQ: [{ user_id: id }] }]), SELECTCOLUMNS: ['user_id', 'email'] }
      const path = `/admin/user/${key}?query=${encodeURIComponent(JSON.stringify(query))}`
      const rows = await ask<{ user_id: string; email: string }[]>(path, { signal })
      return new Map(rows.map((row) => [row.user_id, row.email]))
    },
    enabled: wanted.length > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
  })
  return found.data ?? new Map()
}
