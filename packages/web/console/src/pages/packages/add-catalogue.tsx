/** Adds a further catalogue by the address of its index. */
import { Button, Modal, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import type { Listing } from './shapes.ts'

export function AddCatalogue({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Add a catalogue">
      <CatalogueForm onClose={onClose} />
    </Modal>
  )
}

function CatalogueForm({ onClose }: { onClose: () => void }) {
  const [url, setUrl] = useState('')
  const queries = useQueryClient()
  const add = useMutation({
    mutationFn: () => ask<Listing>('/admin/v/4/catalogues', { method: 'POST', body: { url: url.trim() } }),
    onSuccess: async ({ name, packages }) => {
      await queries.invalidateQueries({ queryKey: ['catalogues'] })
      tellDone(`${name} is added, with ${packages.length} packages.`)
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
          label="Address"
          description="Another node's /packages, or any list of packages in that shape. Administrators of this node add catalogues."
          placeholder="https://node.example.com/packages"
          required
          data-autofocus
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        {add.isError && <Failure error={add.error} />}
        <Button type="submit" loading={add.isPending}>
          Add
        </Button>
      </Stack>
    </form>
  )
}
