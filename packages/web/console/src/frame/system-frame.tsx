/** Round every page of one system: its name, and the way to its parts. */
import { Anchor, Box, Group, Loader, NavLink, ScrollArea, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, NavLink as RouterLink, useParams } from 'react-router'
import { ask } from '../api.ts'
import { Failure } from './failure.tsx'
import { places } from './places.tsx'

/** A system with its settings, as `GET /admin/v/4/systemmanagement` answers it. */
export type SystemDetails = {
  appId: string
  appSecret: string
  name: string
  description: string
  auth_service: string
} & Record<string, unknown>

export const systemQuery = (key: string) => ({
  queryKey: ['system', key],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    ask<SystemDetails>(`/admin/v/4/systemmanagement?id=${encodeURIComponent(key)}`, { signal }),
})

/** The key of the system that the page is of. */
export const useSystemKey = (): string => useParams().systemKey!

export function SystemFrame() {
  const key = useSystemKey()
  const system = useQuery(systemQuery(key))
  if (system.isPending) return <Loader aria-label="Loading the system" />
  if (system.isError) return <Failure error={system.error} title="This system cannot be opened" />
  return (
    <>
      <Group gap="xs" mb="sm" wrap="nowrap">
        <Anchor component={Link} to="/systems">
          Systems
        </Anchor>
        <Text c="dimmed">/</Text>
        <Text fw={600} truncate>
          {system.data.name}
        </Text>
      </Group>
      <ScrollArea type="never" mb="md">
        <Group component="nav" aria-label={`Parts of ${system.data.name}`} gap={4} wrap="nowrap">
          {places.map(({ path, label, icon: Icon }) => (
            <NavLink
              key={path}
              component={RouterLink}
              to={`/systems/${key}/${path}`}
              label={label}
              leftSection={<Icon size={16} />}
              w="auto"
              px="sm"
              py={6}
              style={{ borderRadius: 'var(--mantine-radius-sm)', whiteSpace: 'nowrap' }}
            />
          ))}
        </Group>
      </ScrollArea>
      <Box>
        <Outlet />
      </Box>
    </>
  )
}
