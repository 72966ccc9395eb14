/** Devices on which a user is remembered, so that no second factor is asked for; and forgetting them. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'

type Device = { id: string; user_agent: string; remembered_at: string; expires_at: string }

const most = 20

export function Devices({ userId }: { userId: string }) {
  const key = useSystemKey()
  const path = `/admin/v/4/system/${key}/users/${encodeURIComponent(userId)}/devices`
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  const devices = useQuery({
    queryKey: ['devices', key, userId],
    queryFn: ({ signal }) => ask<Device[]>(path, { signal }),
  })
  if (devices.isError) return <Failure error={devices.error} />
  if (devices.data === undefined || devices.data.length === 0) return null
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          Remembered on
        </Text>
        <Button size="xs" variant="default" onClick={() => setAsking(true)}>
          Forget the devices
        </Button>
      </Group>
      {devices.data.slice(0, most).map(({ id, user_agent: program, expires_at: until }) => (
        <Text key={id} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {program || 'a program without a name'}, until {atDay(Date.parse(until))}
        </Text>
      ))}
      {devices.data.length > most && <Text size="sm">and {devices.data.length - most} more</Text>}
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title="Forget the devices?"
        label="Forget"
        action={async () => {
          await ask(path, { method: 'DELETE' })
          await queries.invalidateQueries({ queryKey: ['devices', key, userId] })
          tellDone('The devices are forgotten.')
        }}
      >
        The second factor is asked for again on each of them.
      </Confirm>
    </Stack>
  )
}
