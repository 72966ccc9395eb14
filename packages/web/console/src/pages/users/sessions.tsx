/** The open sessions of a user, and their end. */
import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'

type Session = { user_id: string; issued: number }

export function Sessions({ userId, email }: { userId: string; email: string }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const query = encodeURIComponent(JSON.stringify({ FILTERS: [[{ EQ: [{ user_id: userId }] }]] }))
  const path = `/admin/v/4/session/${key}/user?query=${query}`
  const sessions = useQuery({
    queryKey: ['sessions', key, userId],
    queryFn: ({ signal }) => ask<Session[]>(path, { signal }),
    refetchInterval: 5_000,
  })
  if (sessions.isPending) return <Loader size="sm" aria-label="Loading the sessions" />
  if (sessions.isError) return <Failure error={sessions.error} />
  const open = sessions.data
  return (
    <Group justify="space-between">
      <Stack gap={2}>
        {open.length === 0 && (
          <Text size="sm" c="dimmed">
            None is open.
          </Text>
        )}
        {open.slice(0, 20).map(({ issued }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: sessions have no name that could be shown
          <Text key={index} size="sm">
            Open since {atDay(issued * 1000)}
          </Text>
        ))}
        {open.length > 20 && <Text size="sm">and {open.length - 20} more</Text>}
      </Stack>
      <Button variant="default" disabled={open.length === 0} onClick={() => setAsking(true)}>
        End all sessions
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`End the sessions of ${email}?`}
        label="End them"
        action={async () => {
          const { count } = await ask<{ count: number }>(path, { method: 'DELETE' })
          await queries.invalidateQueries({ queryKey: ['sessions', key, userId] })
          tellDone(`${count} ${count === 1 ? 'session has' : 'sessions have'} ended.`)
        }}
      >
        The user is signed out everywhere and has to sign in again.
      </Confirm>
    </Group>
  )
}
