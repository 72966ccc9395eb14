/** The roles of a user: each with a way out, and a box to add one. A change holds at once, for open sessions too. */
import { Alert, Badge, Button, CloseButton, Group, Loader, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Role, rolesQuery } from '../roles/shapes.ts'
import { changeUser } from './shapes.ts'

export const rolesOfUserQuery = (key: string, userId: string) => ({
  queryKey: ['user-roles', key, userId],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    ask<Role[]>(`/admin/user/${key}/roles?user=${encodeURIComponent(userId)}`, { signal }),
})

export function UserRoles({ userId }: { userId: string }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const held = useQuery(rolesOfUserQuery(key, userId))
  const all = useQuery(rolesQuery(key))
  const [chosen, setChosen] = useState<string | null>(null)
  const change = useMutation({
    mutationFn: (roles: { add?: string[]; delete?: string[] }) => changeUser(key, userId, { roles }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['user-roles', key, userId] })
      setChosen(null)
      tellDone('The roles are saved.')
    },
  })
  if (held.isPending || all.isPending) return <Loader size="sm" aria-label="Loading the roles" />
  if (held.isError) return <Failure error={held.error} />
  const mine = new Set(held.data.map(({ ID }) => ID))
  const others = (all.data ?? []).filter(({ ID, Name }) => !mine.has(ID) && Name !== 'Anonymous')
  return (
    <Stack>
      {held.data.length === 0 && (
        <Alert color="yellow">Without a role this user may sign in and do nothing. Add at least Authenticated.</Alert>
      )}
      <Group gap="xs" role="list" aria-label="Roles of the user">
        {held.data.map(({ ID, Name }) => (
          <Badge
            key={ID}
            role="listitem"
            variant="light"
            size="lg"
            tt="none"
            rightSection={
              <CloseButton
                size="xs"
                variant="transparent"
                aria-label={`Take the role ${Name} away`}
                disabled={change.isPending}
                onClick={() => change.mutate({ delete: [ID] })}
              />
            }
          >
            {Name}
          </Badge>
        ))}
      </Group>
      <Group align="flex-end" gap="xs">
        <Select
          label="Add Role"
          flex={1}
          searchable
          placeholder={others.length === 0 ? 'The user has all of them' : 'Choose one'}
          data={others.map(({ ID, Name }) => ({ value: ID, label: Name }))}
          value={chosen}
          onChange={setChosen}
        />
        <Button
          disabled={chosen === null}
          loading={change.isPending}
          onClick={() => chosen !== null && change.mutate({ add: [chosen] })}
        >
          Add
        </Button>
      </Group>
      {change.isError && <Failure error={change.error} title="Not changed" />}
      <Text size="xs" c="dimmed">
        A change holds at once, in sessions that are open too.
      </Text>
    </Stack>
  )
}
