/** Name and id of a collection, and its end. */
import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { useClipboard, useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { Confirm } from '../code/confirm.tsx'
import { type Collection, changeCollection, collectionsKey, deleteCollection } from './data-api.ts'

type Props = { systemKey: string; collection: Collection; onClose: () => void }

export function CollectionProperties({ systemKey, collection, onClose }: Props) {
  const { collectionID: id, name: before } = collection
  const [name, setName] = useState(before)
  const [removing, { open, close }] = useDisclosure(false)
  const { copy, copied } = useClipboard({ timeout: 1500 })
  const queries = useQueryClient()
  const navigate = useNavigate()
  const listChanged = () => queries.invalidateQueries({ queryKey: collectionsKey(systemKey) })
  const rename = useMutation({
    mutationFn: () => changeCollection(id, { renameCollection: name }),
    onSuccess: async () => {
      await listChanged()
      notifications.show({ color: 'green', message: `${before} is named ${name.trim()} now` })
      onClose()
      navigate(`/systems/${systemKey}/data/${encodeURIComponent(name.trim())}`, { replace: true })
    },
  })
  return (
    <Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          rename.mutate()
        }}
      >
        <Stack gap="xs">
          <TextInput
            label="Name"
            description="Services that use the collection by its name need the new one"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {rename.isError && <Failure error={rename.error} title="Not renamed" />}
          <Group justify="flex-end">
            <Button type="submit" disabled={name.trim() === before} loading={rename.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
      <div>
        <Text size="sm" fw={500}>
          Collection ID
        </Text>
        <Group gap="xs">
          <Code>{id}</Code>
          <Button size="compact-sm" variant="default" onClick={() => copy(id)}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        </Group>
      </div>
      <Group>
        <Button color="red" variant="light" onClick={open}>
          Delete the collection
        </Button>
      </Group>
      <Confirm
        opened={removing}
        onClose={close}
        title={`Delete ${before}?`}
        action="Delete"
        run={async () => {
          await deleteCollection(id)
          await navigate(`/systems/${systemKey}/data`)
          queries.removeQueries({ queryKey: ['collection', id], type: 'inactive' })
          notifications.show({ color: 'green', message: `${before} is deleted` })
          await listChanged()
        }}
      >
        The collection goes with all its rows and the rights on it. Services that use it fail from then on.
      </Confirm>
    </Stack>
  )
}
