/** The dialog that makes a row. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { type Column, insertRows } from './data-api.ts'
import { example, typed } from './values.ts'

type Props = { opened: boolean; onClose: () => void; id: string; columns: Column[]; onDone: () => unknown }

export function NewRow({ opened, onClose, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="New row">
      <Form onClose={onClose} {...rest} />
    </Modal>
  )
}

function Form({ onClose, id, columns, onDone }: Omit<Props, 'opened'>) {
  const own = columns.filter(({ PK }) => !PK)
  const [texts, setTexts] = useState<Record<string, string>>({})
  const wrongOf = ({ ColumnName, ColumnType }: Column): string | undefined => {
    try {
      typed(ColumnType, texts[ColumnName] ?? '')
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  const create = useMutation({
    mutationFn: () => {
      const given = own.filter(({ ColumnName }) => (texts[ColumnName] ?? '') !== '')
      const row = given.map(({ ColumnName, ColumnType }) => [ColumnName, typed(ColumnType, texts[ColumnName]!)])
      return insertRows(id, [Object.fromEntries(row)])
    },
    onSuccess: async () => {
      await onDone()
      onClose()
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (own.every((column) => wrongOf(column) === undefined)) create.mutate()
      }}
    >
      <Stack>
        {own.length === 0 && (
          <Text size="sm" c="dimmed">
            The collection has no column of its own yet: the row will be an item_id alone.
          </Text>
        )}
        {own.map((column) => (
          <TextInput
            key={column.ColumnName}
            label={`${column.ColumnName} (${column.ColumnType})`}
            placeholder={example[column.ColumnType]}
            value={texts[column.ColumnName] ?? ''}
            error={wrongOf(column)}
            onChange={(event) => setTexts({ ...texts, [column.ColumnName]: event.currentTarget.value })}
          />
        ))}
        <Text size="xs" c="dimmed">
          What is left empty has no value. The item_id is made by the node.
        </Text>
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
