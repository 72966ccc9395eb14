/** Deletes every row of a collection, once its name was typed. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { type Collection, deleteAllRows } from './data-api.ts'

type Props = { opened: boolean; onClose: () => void; collection: Collection; onDone: () => unknown }

export function DeleteAll({ opened, onClose, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Delete all rows?">
      <Form onClose={onClose} {...rest} />
    </Modal>
  )
}

function Form({ onClose, collection, onDone }: Omit<Props, 'opened'>) {
  const [name, setName] = useState('')
  const remove = useMutation({
    mutationFn: () => deleteAllRows(collection.collectionID),
    onSuccess: async ({ count }) => {
      await onDone()
      notifications.show({ color: 'green', message: `${count.toLocaleString()} rows are deleted` })
      onClose()
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (name === collection.name) remove.mutate()
      }}
    >
      <Stack>
        <Text size="sm">
          Every row of {collection.name} goes for good, whatever the filter shows. The collection and its columns stay.
        </Text>
        <TextInput
          label={`Type ${collection.name} to go on`}
          autoComplete="off"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {remove.isError && <Failure error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={name !== collection.name} loading={remove.isPending}>
            Delete All
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
