/** A cell with room: JSON, long texts, and the way to no value. */
import { Alert, Button, Group, Modal, Stack, Textarea } from '@mantine/core'
import { useState } from 'react'
import type { Cells, Editing } from './use-cells.ts'
import { editable, example } from './values.ts'

export function CellDialog({ cells }: { cells: Cells }) {
  const { editing } = cells
  const open = editing?.wide === true ? editing : undefined
  return (
    <Modal
      opened={open !== undefined}
      onClose={cells.cancel}
      size="lg"
      title={open === undefined ? '' : `${open.column.ColumnName} (${open.column.ColumnType})`}
    >
      {open !== undefined && <Form editing={open} cells={cells} />}
    </Modal>
  )
}

function Form({ editing, cells }: { editing: Editing; cells: Cells }) {
  const { column, before } = editing
  const [text, setText] = useState(editing.text ?? editable(column.ColumnType, before))
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void cells.write(text)
      }}
    >
      <Stack>
        <Textarea
          aria-label={`Value of ${column.ColumnName}`}
          data-autofocus
          autosize
          minRows={6}
          maxRows={20}
          placeholder={example[column.ColumnType]}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {cells.wrong !== '' && (
          <Alert color="red" role="alert" title="Not written">
            {cells.wrong}
          </Alert>
        )}
        <Group justify="space-between">
          <Button variant="subtle" disabled={before === null} onClick={() => void cells.write(null)}>
            No value (null)
          </Button>
          <Group gap="xs">
            <Button variant="default" onClick={cells.cancel}>
              Cancel
            </Button>
            <Button type="submit" loading={cells.writing}>
              Save
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}
