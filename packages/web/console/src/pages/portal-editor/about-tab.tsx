/** What is said of a portal, and its end. */
import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Confirm } from '../../frame/confirm.tsx'
import { tellDone } from '../../frame/tell.ts'
import type { Editor } from './editor.ts'
import { deletePortal, portalQuery } from './portal-api.ts'

type Props = { editor: Editor; onGone: () => void }

export function AboutTab({ editor, onGone }: Props) {
  const { systemKey, name, work, editWork } = editor
  const [deleting, setDeleting] = useState(false)
  const queries = useQueryClient()
  const navigate = useNavigate()
  return (
    <Stack maw={640}>
      <Textarea
        label="Description"
        autosize
        minRows={2}
        value={work.description}
        onChange={(event) => {
          const description = event.currentTarget.value
          editWork((held) => ({ ...held, description }), 'description')
        }}
      />
      <Text size="sm" c="dimmed">
        Type {work.type || 'custom_v2'}. Who may open or edit it stands beside it under Portals, Edit Roles.
      </Text>
      <Group>
        <Button variant="light" color="red" leftSection={<IconTrash size={16} />} onClick={() => setDeleting(true)}>
          Delete the portal
        </Button>
      </Group>
      <Confirm
        opened={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete ${name}?`}
        label="Delete"
        typed={name}
        action={async () => {
          await deletePortal(systemKey, name)
          onGone()
          tellDone(`${name} is deleted.`)
          await navigate(`/systems/${systemKey}/portals`)
          queries.removeQueries({ queryKey: portalQuery(systemKey, name).queryKey })
          await queries.invalidateQueries({ queryKey: ['portals', systemKey] })
        }}
      >
        Links to it lead nowhere then. It does not come back; the rights of roles on its name stay.
      </Confirm>
    </Stack>
  )
}
