/** Name and id of a collection, and its end. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Confirm } from '../../frame/confirm.tsx'
import { CopyButton, Mono } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Collection, changeCollection, collectionsKey, deleteCollection } from './data-api.ts'

type Props = { systemKey: string; collection: Collection; onClose: () => void }

export function CollectionProperties({ systemKey, collection, onClose }: Props) {
  const { collectionID: id, name: before } = collection
  const [name, setName] = useState(before)
  const [removing, { open, close }] = useDisclosure(false)
  const queries = useQueryClient()
  const navigate = useNavigate()
  const listChanged = () => queries.invalidateQueries({ queryKey: collectionsKey(systemKey) })
  const rename = useMutation({
    mutationFn: () => changeCollection(id, { renameCollection: name }),
    onSuccess: async () => {
      await listChanged()
      tellDone(`${before} is named ${name.trim()} now`)
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
        <Group gap={4}>
          <Mono>{id}</Mono>
          <CopyButton value={id} what="the collection ID" />
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
        label="Delete"
        action={async () => {
          await deleteCollection(id)
          await navigate(`/systems/${systemKey}/data`)
          queries.removeQueries({ queryKey: ['collection', id], type: 'inactive' })
          tellDone(`${before} is deleted`)
          await listChanged()
        }}
      >
        The collection goes with all its rows and the rights on it. Services that use it fail from then on.
      </Confirm>
    </Stack>
  )
}
