/** System Settings → Secrets: keys of other services. They are written here and never shown again. */
import {
  ActionIcon,
  Button,
  Group,
  Loader,
  Modal,
  PasswordInput,
  Stack,
  Table,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core'
import { IconKey, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'

type Secret = { name: string; hosts: string[]; updated_at: number; updated_by: string }

export function SecretsTab() {
  const key = useSystemKey()
  const path = `/admin/v/4/system/${key}/secrets`
  const queries = useQueryClient()
  const secrets = useQuery({ queryKey: ['secrets', key], queryFn: ({ signal }) => ask<Secret[]>(path, { signal }) })
  const [edited, setEdited] = useState<Secret | 'new'>()
  const [removed, setRemoved] = useState<Secret>()
  const refresh = () => queries.invalidateQueries({ queryKey: ['secrets', key] })
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setEdited('new')}>
      Add a secret
    </Button>
  )
  return (
    <Stack maw={860}>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" flex={1} miw={220}>
          Code names one as secret:NAME; the node puts the value in on its way to the hosts of the secret, or to a
          provider of messages. Nobody reads a value back.
        </Text>
        {secrets.data !== undefined && secrets.data.length > 0 && add}
      </Group>
      {secrets.isPending && <Loader aria-label="Loading the secrets" />}
      {secrets.isError && <Failure error={secrets.error} />}
      {secrets.data?.length === 0 && (
        <NothingYet icon={IconKey} title="There is no secret yet" action={add}>
          The Auth Token of a text message account is one: add it as TWILIO_TOKEN.
        </NothingYet>
      )}
      {secrets.data !== undefined && secrets.data.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table aria-label="Secrets">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>May be sent to</Table.Th>
                <Table.Th>Written</Table.Th>
                <Table.Th w={90} aria-label="Actions" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {secrets.data.map((one) => (
                <Table.Tr key={one.name}>
                  <Table.Td>{one.name}</Table.Td>
                  <Table.Td>{one.hosts.length === 0 ? 'providers of messages alone' : one.hosts.join(', ')}</Table.Td>
                  <Table.Td>{atDay(one.updated_at)}</Table.Td>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`Change ${one.name}`}
                        onClick={() => setEdited(one)}
                      >
                        <IconPencil size={16} />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`Remove ${one.name}`}
                        onClick={() => setRemoved(one)}
                      >
                        <IconTrash size={16} />
                      </ActionIcon>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Modal
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title={edited === 'new' ? 'Add a secret' : `Change ${edited?.name}`}
      >
        {edited !== undefined && (
          <SecretForm
            path={path}
            known={edited === 'new' ? undefined : edited}
            onDone={() => {
              setEdited(undefined)
              return refresh()
            }}
          />
        )}
      </Modal>
      <Confirm
        opened={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={`Remove ${removed?.name}?`}
        label="Remove"
        action={async () => {
          await ask(`${path}/${encodeURIComponent(removed!.name)}`, { method: 'DELETE' })
          await refresh()
          tellDone(`${removed!.name} is removed.`)
        }}
      >
        What names it stops working: requests of code, or messages.
      </Confirm>
    </Stack>
  )
}

type FormProps = { path: string; known: Secret | undefined; onDone: () => void }

function SecretForm({ path, known, onDone }: FormProps) {
  const [name, setName] = useState(known?.name ?? '')
  const [value, setValue] = useState('')
  const [hosts, setHosts] = useState(known?.hosts ?? [])
  const save = useMutation({
    mutationFn: () => ask(path, { method: known === undefined ? 'POST' : 'PUT', body: { name, value, hosts } }),
    onSuccess: () => {
      tellDone(`${name} is written. It is not shown again.`)
      onDone()
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          required
          disabled={known !== undefined}
          description="Letters, digits, _ and -"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          {...(known === undefined && { 'data-autofocus': true })}
        />
        <PasswordInput
          label={known === undefined ? 'Value' : 'New value'}
          required
          autoComplete="off"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <TagsInput
          label="Hosts"
          description="Where requests of code may send it, as api.example.com. None: to providers of messages alone."
          value={hosts}
          onChange={setHosts}
        />
        {save.isError && <Failure error={save.error} title="Not written" />}
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </Stack>
    </form>
  )
}
