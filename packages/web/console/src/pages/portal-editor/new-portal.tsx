/** The dialog that makes a portal. */
import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { newId } from './editor.ts'
import { freshConfig } from './model/portal.ts'
import { createPortal } from './portal-api.ts'

type Props = { opened: boolean; onClose: () => void; systemKey: string }

export function NewPortal({ opened, onClose, systemKey }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New portal">
      <Form systemKey={systemKey} onClose={onClose} />
    </Modal>
  )
}

function Form({ systemKey, onClose }: Omit<Props, 'opened'>) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: () => createPortal(systemKey, name.trim(), { config: freshConfig(newId), description }),
    onSuccess: async () => {
      onClose()
      await navigate(`/systems/${systemKey}/portals/${encodeURIComponent(name.trim())}/edit`)
      await queries.invalidateQueries({ queryKey: ['portals', systemKey] })
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
          description="Shown in its header and its link. It stays."
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
        {create.isError && <Failure error={create.error} title="Not made" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
