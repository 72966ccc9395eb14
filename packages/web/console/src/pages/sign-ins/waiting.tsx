/** Accounts that must wait after wrong passwords, and the way to let them in at once. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { atClock } from '../../frame/times.ts'

type Account = { user_id: string; email: string; failed_sign_ins: number; blocked_until: number }

export function Waiting({ systemKey }: { systemKey: string }) {
  const path = `/admin/v/4/system/${systemKey}/accounts`
  const queries = useQueryClient()
  const waiting = useQuery({
    queryKey: ['waiting', systemKey],
    queryFn: ({ signal }) => ask<Account[]>(`${path}?waiting=true`, { signal }),
    refetchInterval: 3_000,
  })
  const unlock = useMutation({
    mutationFn: ({ user_id: user }: Account) => ask(`${path}/unlock`, { method: 'POST', body: { user } }),
    onSuccess: async (_, { email }) => {
      await queries.invalidateQueries({ queryKey: ['waiting', systemKey] })
      tellDone(`${email} may try again.`)
    },
    onError: (error) => tellFailed(error),
  })
  if (waiting.data === undefined || waiting.data.length === 0) return null
  return (
    <Alert color="orange" icon={<IconLock size={18} />} title="Accounts that wait after wrong passwords">
      <Stack gap="xs">
        {waiting.data.map((account) => (
          <Group key={account.user_id} justify="space-between" gap="xs">
            <Text size="sm">
              {account.email}: {account.failed_sign_ins} wrong in a row, waits until{' '}
              {atClock(account.blocked_until * 1000)}
            </Text>
            <Button
              size="xs"
              variant="default"
              aria-label={`Unlock ${account.email}`}
              loading={unlock.isPending && unlock.variables.user_id === account.user_id}
              onClick={() => unlock.mutate(account)}
            >
              Unlock
            </Button>
          </Group>
        ))}
      </Stack>
    </Alert>
  )
}
