/** The dialog that makes a service or a library. */
import { Button, Group, Modal, SegmentedControl, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { createUnit, type Kind } from './code-api.ts'
import { RunAsBox } from './run-as.tsx'

type Props = { opened: boolean; onClose: () => void; systemKey: string }

export function NewCode({ opened, onClose, systemKey }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New code">
      <Form systemKey={systemKey} onClose={onClose} />
    </Modal>
  )
}

const begun = (name: string): string =>
  `function ${name}(req, resp) {\n  // req.params holds what the caller sent.\n  resp.success('Success')\n}\n`

function Form({ systemKey, onClose }: { systemKey: string; onClose: () => void }) {
  const [name, setName] = useState('')
  const [kind, setKind] = useState<Kind>('service')
  const [runAs, setRunAs] = useState('')
  const [params, setParams] = useState<string[]>([])
  const [description, setDescription] = useState('')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: () => {
      const service = { code: begun(name), run_user: runAs.trim(), parameters: params, dependencies: 'clearblade' }
      const fields = kind === 'service' ? service : { code: '', description, visibility: 'system' }
      return createUnit(queries, { key: systemKey, kind, name }, fields)
    },
    onSuccess: () => {
      onClose()
      navigate(`/systems/${systemKey}/code/${kind}/${encodeURIComponent(name)}`)
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
          description="Letters, digits and _, with a letter first"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Stack gap={4}>
          <Text size="sm" fw={500} id="new-code-type">
            Type
          </Text>
          <SegmentedControl
            aria-labelledby="new-code-type"
            value={kind}
            onChange={(value) => setKind(value as Kind)}
            data={[
              { value: 'service', label: 'Service' },
              { value: 'library', label: 'Library' },
            ]}
          />
        </Stack>
        {kind === 'service' ? (
          <>
            <RunAsBox systemKey={systemKey} value={runAs} onChange={setRunAs} />
            <TagsInput
              label="Parameters"
              description="Names of what the caller sends; press Enter after each"
              value={params}
              onChange={setParams}
            />
          </>
        ) : (
          <Textarea
            label="Description"
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
        )}
        {create.isError && <Failure error={create.error} />}
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
