/** What is said of a portal, and its end. */
import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Confirm } from '../../frame/confirm.tsx'
import { tellDone } from '../../frame/tell.ts'
import { CodeField } from './code-field.tsx'
import type { Editor } from './editor.ts'
import { type Config, isObject } from './model/config.ts'
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
      <AsJson editor={editor} />
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

/** The whole config, for whatever has no box in the editor. */
function AsJson({ editor: { work, edit } }: { editor: Editor }) {
  const [words, setWords] = useState<string>()
  const read = words === undefined ? undefined : configIn(words)
  return (
    <Group>
      <Button variant="default" onClick={() => setWords(JSON.stringify(work.config, null, 2))}>
        Edit as JSON
      </Button>
      <Modal opened={words !== undefined} onClose={() => setWords(undefined)} title="The config as JSON" size="70rem">
        <Stack>
          <CodeField tall label="Config" language="javascript" value={words ?? ''} onChange={setWords} />
          {typeof read === 'string' && (
            <Text size="sm" c="var(--mantine-color-error)" role="alert">
              {read}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setWords(undefined)}>
              Cancel
            </Button>
            <Button
              disabled={read === undefined || typeof read === 'string'}
              onClick={() => {
                if (typeof read === 'object') edit(() => read)
                setWords(undefined)
                tellDone('Taken over. It is saved when you save, and undo brings the old one back.')
              }}
            >
              Take it over
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Group>
  )
}

/** A text says why it cannot be taken. */
function configIn(words: string): Config | string {
  try {
    const value: unknown = JSON.parse(words)
    return isObject(value) ? value : 'The config must be an object.'
  } catch (error) {
    return `Not JSON yet: ${(error as Error).message}`
  }
}
