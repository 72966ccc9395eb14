/** Portals, Edit: loads one portal, and shows the editor on it. */
import { Anchor, Group, Loader, Stack } from '@mantine/core'
import { IconChevronLeft } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { portalQuery } from './portal-api.ts'
import { PortalEditor } from './portal-editor.tsx'

export function PortalEditorPage() {
  const key = useSystemKey()
  const name = useParams().name ?? ''
  const portal = useQuery({ ...portalQuery(key, name), refetchInterval: 15_000 })
  return (
    <Stack gap="xs">
      <Anchor component={Link} to={`/systems/${key}/portals`} size="sm">
        <Group gap={4}>
          <IconChevronLeft size={14} /> All portals
        </Group>
      </Anchor>
      {portal.data !== undefined ? (
        <PortalEditor key={name} systemKey={key} name={name} current={portal.data} />
      ) : portal.isError ? (
        <Failure error={portal.error} title={`${name} cannot be edited`} />
      ) : (
        <Loader aria-label={`Loading ${name}`} />
      )}
    </Stack>
  )
}
