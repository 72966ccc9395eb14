/** Portals: the pages for users of the system. Open one, edit it, take its link along, choose who may open it. */
import { Button, Card, Group, Loader, SimpleGrid, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconExternalLink, IconLayoutDashboard, IconLink, IconPencil, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { ApiError, ask } from '../api.ts'
import { Failure } from '../frame/failure.tsx'
import { NothingYet } from '../frame/nothing-yet.tsx'
import { PageHead } from '../frame/page-head.tsx'
import { type SystemDetails, systemQuery, useSystemKey } from '../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../frame/tell.ts'
import { NewPortal } from './portal-editor/new-portal.tsx'
import { PortalRoles } from './portal-roles.tsx'

type Portal = { name: string; description: string | null; type: string }

export function PortalsPage() {
  const key = useSystemKey()
  const [adding, { open, close }] = useDisclosure(false)
  const portals = useQuery({
    queryKey: ['portals', key],
    queryFn: ({ signal }) => ask<Portal[]>(`/admin/portals/${key}`, { signal }),
  })
  return (
    <Stack>
      <PageHead
        title="Portals"
        text="Pages for the users of this system. What users see there, they see by their roles."
        actions={
          <Button leftSection={<IconPlus size={16} />} onClick={open}>
            New
          </Button>
        }
      />
      {portals.isPending && <Loader aria-label="Loading the portals" />}
      {portals.isError && <Failure error={portals.error} title="The portals cannot be listed" />}
      {portals.data?.length === 0 && (
        <NothingYet icon={IconLayoutDashboard} title="This system has no portal">
          A portal comes with a package, as Two Factor Login with two-factor-auth. Press New to make one.
        </NothingYet>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {portals.data?.map((portal) => (
          <PortalCard key={portal.name} portal={portal} />
        ))}
      </SimpleGrid>
      <NewPortal opened={adding} onClose={close} systemKey={key} />
    </Stack>
  )
}

async function portalUrl({ appId, appSecret }: SystemDetails, name: string): Promise<string> {
  const query = new URLSearchParams({ systemKey: appId, systemSecret: appSecret, name })
  try {
    return (await ask<{ url: string }>(`/console-api/portal/createURL?${query}`)).url
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 501)) throw error
    throw new ApiError(
      error.status,
      'This node keeps portals and cannot show them yet.',
      'An export has them whole.',
      '',
    )
  }
}

function PortalCard({ portal: { name, description } }: { portal: Portal }) {
  const key = useSystemKey()
  const system = useQuery(systemQuery(key)).data!
  const [editing, setEditing] = useState(false)
  const open = useMutation({
    mutationFn: async () => {
      // Opened by the click itself, since a window that opens later is taken for an advertisement.
      const window = globalThis.open('', '_blank')
      try {
        const url = await portalUrl(system, name)
        if (window === null) throw new Error('The browser opened no window. Copy the link instead.')
        window.opener = null
        window.location.href = url
      } catch (error) {
        window?.close()
        throw error
      }
    },
    onError: (error) => tellFailed(error, 'The portal was not opened'),
  })
  const copy = useMutation({
    mutationFn: async () => navigator.clipboard.writeText(await portalUrl(system, name)),
    onSuccess: () => tellDone('The link is copied. Paste it into a private window.'),
    onError: (error) => tellFailed(error, 'The link was not copied'),
  })
  return (
    <Card withBorder>
      <Text fw={600}>{name}</Text>
      {description !== null && description !== '' && (
        <Text size="sm" c="dimmed">
          {description}
        </Text>
      )}
      <Group gap="xs" mt="sm">
        <Button
          size="xs"
          leftSection={<IconExternalLink size={14} />}
          loading={open.isPending}
          aria-label={`Open ${name}`}
          onClick={() => open.mutate()}
        >
          Open
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPencil size={14} />}
          component={Link}
          to={`/systems/${key}/portals/${encodeURIComponent(name)}/edit`}
          aria-label={`Edit ${name}`}
        >
          Edit
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLink size={14} />}
          loading={copy.isPending}
          aria-label={`Copy link of ${name}`}
          onClick={() => copy.mutate()}
        >
          Copy link
        </Button>
        <Button size="xs" variant="default" aria-label={`Edit roles of ${name}`} onClick={() => setEditing(true)}>
          Edit Roles
        </Button>
      </Group>
      <Text size="sm" c="dimmed" mt="xs">
        To see it as a user does, copy the link and paste it into a private window.
      </Text>
      <PortalRoles portal={name} opened={editing} onClose={() => setEditing(false)} />
    </Card>
  )
}
