/** Columns of a collection with their indexes: renamed, indexed, taken away. Each change is made at once. */
import { ActionIcon, Button, Group, Loader, NativeSelect, Stack, Table, Text, TextInput } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { tellFailed } from '../../frame/tell.ts'
import { type Collection, type Column, changeCollection, type Index, indexesQuery, setIndex } from './data-api.ts'

type Props = { systemKey: string; collection: Collection; columns: Column[]; onDone: () => unknown }

export function ColumnsTab(props: Props) {
  const { collection, columns, onDone } = props
  const indexes = useQuery(indexesQuery(collection.collectionID))
  const [leaving, setLeaving] = useState<string>()
  if (indexes.isPending) return <Loader aria-label="Loading the indexes" />
  if (indexes.isError) return <Failure error={indexes.error} />
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        An index makes filters and orders by a column fast. A unique one also keeps two rows from having the same value.
      </Text>
      <Table.ScrollContainer minWidth={280}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Index</Table.Th>
              <Table.Th aria-label="Delete" w={40} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {columns.map((column) => (
              <OneColumn
                key={column.ColumnName}
                {...props}
                column={column}
                indexes={indexes.data.filter(({ name }) => name === column.ColumnName)}
                onDelete={() => setLeaving(column.ColumnName)}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Confirm
        opened={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Delete the column ${leaving ?? ''}?`}
        label="Delete"
        action={async () => {
          await changeCollection(collection.collectionID, { deleteColumn: leaving })
          await onDone()
        }}
      >
        What every row holds in it goes for good.
      </Confirm>
    </Stack>
  )
}

type OneProps = Props & { column: Column; indexes: Index[]; onDelete: () => void }

function OneColumn({ systemKey, collection, column, indexes, onDone, onDelete }: OneProps) {
  const { ColumnName: before, ColumnType: type, PK } = column
  const [name, setName] = useState(before)
  const unique = indexes.some((one) => one.type === 'Unique Index')
  const plain = indexes.some((one) => one.type === 'Nonunique Index')
  const fail = (error: Error) => tellFailed(error, 'Not changed')
  const rename = useMutation({
    mutationFn: () => changeCollection(collection.collectionID, { renameColumn: { from: before, to: name } }),
    onSuccess: onDone,
    onError: fail,
  })
  const index = useMutation({
    mutationFn: async (wanted: string) => {
      const set = (isUnique: boolean, present: boolean) =>
        setIndex(systemKey, collection.name, before, { unique: isUnique, present })
      // What is wanted comes first: it may be refused, and then nothing is lost.
      if (wanted === 'Unique' && !unique) await set(true, true)
      if (wanted === 'Index' && !plain) await set(false, true)
      if (wanted !== 'Unique' && unique) await set(true, false)
      if (wanted !== 'Index' && plain) await set(false, false)
    },
    onError: fail,
    onSettled: onDone,
  })
  return (
    <Table.Tr>
      <Table.Td>
        {PK ? (
          `${before} (${type})`
        ) : (
          <Group gap={4} wrap="nowrap" align="flex-start">
            <TextInput
              aria-label={`Name of ${before}`}
              size="xs"
              description={type}
              inputWrapperOrder={['input', 'description']}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            {name !== before && (
              <Button size="compact-sm" mt={3} loading={rename.isPending} onClick={() => rename.mutate()}>
                Rename
              </Button>
            )}
          </Group>
        )}
      </Table.Td>
      <Table.Td>
        {PK ? (
          'Primary key'
        ) : type === 'jsonb' ? (
          '–'
        ) : (
          <NativeSelect
            aria-label={`Index of ${before}`}
            size="xs"
            data={['None', 'Index', 'Unique']}
            value={index.isPending ? index.variables : unique ? 'Unique' : plain ? 'Index' : 'None'}
            disabled={index.isPending}
            onChange={(event) => index.mutate(event.currentTarget.value)}
          />
        )}
      </Table.Td>
      <Table.Td>
        {!PK && (
          <ActionIcon variant="subtle" color="red" aria-label={`Delete ${before}`} onClick={onDelete}>
            <IconTrash size={16} />
          </ActionIcon>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
