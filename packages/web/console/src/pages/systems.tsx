/** The developer's systems, and a new one. */
import { Badge, Button, Card, Group, Loader, Modal, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconBox, IconDownload, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { ask } from '../api.ts'
import { Failure } from '../frame/failure.tsx'
import { NothingYet } from '../frame/nothing-yet.tsx'
import { PageHead } from '../frame/page-head.tsx'

type Listed = { appID: string; name: string; auth_service: string; is_owner: boolean }

export const systemsQuery = {
  queryKey: ['systems'],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Listed[]>('/admin/allsystems', { signal }),
}

export function SystemsPage() {
  const systems = useQuery(systemsQuery)
  const [adding, { open, close }] = useDisclosure(false)
  return (
    <Stack>
      <PageHead
        title="Systems"
        text="A system is one application: its users, roles, collections, services and portals."
        actions={
          <>
            <Button component={Link} to="/packages/install" variant="default" leftSection={<IconDownload size={16} />}>
              Install
            </Button>
            <Button leftSection={<IconPlus size={16} />} onClick={open}>
              New system
            </Button>
          </>
        }
      />
      {systems.isPending && <Loader aria-label="Loading the systems" />}
      {systems.isError && <Failure error={systems.error} />}
      {systems.data?.length === 0 && (
        <NothingYet
          icon={IconBox}
          title="There is no system yet"
          action={
            <Button component={Link} to="/packages" variant="light">
              Look at the packages
            </Button>
          }
        >
          Begin with a package, which brings a whole system that works, or make an empty one.
        </NothingYet>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {systems.data?.map(({ appID, name, auth_service, is_owner }) => (
          <Card key={appID} component={Link} to={`/systems/${appID}`} withBorder>
            <Group gap="xs" justify="space-between" wrap="nowrap">
              <Text fw={600} truncate>
                {name}
              </Text>
              {!is_owner && (
                <Badge variant="light" tt="none" style={{ flexShrink: 0 }}>
                  shared with you
                </Badge>
              )}
            </Group>
            <Text size="sm" c="dimmed">
              {auth_service === '' ? 'The password decides sign-ins' : `Sign-ins are judged by ${auth_service}`}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Modal opened={adding} onClose={close} title="New system">
        <NewSystem />
      </Modal>
    </Stack>
  )
}

function NewSystem() {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: () =>
      ask<{ appId: string }>('/admin/v/4/systemmanagement', { method: 'POST', body: { name, description } }),
    onSuccess: async ({ appId }) => {
      await queries.invalidateQueries({ queryKey: ['systems'] })
      navigate(`/systems/${appId}`)
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {create.isError && <Failure error={create.error} />}
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  )
}
