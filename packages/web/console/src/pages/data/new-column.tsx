/** The dialog that adds a column. */

import { columnTypes } from '@gatehouse/contract/columns.ts'
import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { changeCollection } from './data-api.ts'

type Props = { opened: boolean; onClose: () => void; id: string; onDone: () => unknown }

export function NewColumn({ opened, onClose, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New column">
      <Form onClose={onClose} {...rest} />
    </Modal>
  )
}

function Form({ onClose, id, onDone }: Omit<Props, 'opened'>) {
  const [name, setName] = useState('')
  const [type, setType] = useState<string>('string')
  const add = useMutation({
    mutationFn: () => changeCollection(id, { addColumn: { name, type } }),
    onSuccess: async () => {
      await onDone()
      onClose()
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        add.mutate()
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
        <NativeSelect
          label="Type"
          data={[...columnTypes]}
          value={type}
          onChange={(event) => setType(event.currentTarget.value)}
        />
        {add.isError && <Failure error={add.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
