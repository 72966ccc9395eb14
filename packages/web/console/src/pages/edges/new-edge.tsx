/** The form that makes an edge. */
import { Button, Stack, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'

export type Token = { name: string; token: string }

export function NewEdge({ onMade }: { onMade: (made: Token) => void }) {
  const key = useSystemKey()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const make = useMutation({
    mutationFn: () =>
      ask<Token>(`/admin/edges/${key}/${encodeURIComponent(name.trim())}`, { method: 'POST', body: { description } }),
    onSuccess: ({ name: made, token }) => onMade({ name: made, token }),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        make.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          description="Letters, digits, and any of _ . -"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Description"
          description="Where it stands"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {make.isError && <Failure error={make.error} title="Not made" />}
        <Button type="submit" loading={make.isPending}>
          Create Edge
        </Button>
      </Stack>
    </form>
  )
}
