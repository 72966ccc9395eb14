/** Columns of the user table: those that the system has of its own, to add and to drop. */
import { ActionIcon, Button, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { columnsQuery } from './shapes.ts'

const types = ['string', 'int', 'bigint', 'float', 'double', 'bool', 'timestamp', 'uuid', 'blob', 'jsonb']

export function ColumnsEditor({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Columns of users">
      <Columns />
    </Modal>
  )
}

function Columns() {
  const key = useSystemKey()
  const path = `/admin/user/${key}/columns`
  const queries = useQueryClient()
  const columns = useQuery(columnsQuery(key))
  const [name, setName] = useState('')
  const [type, setType] = useState<string>('string')
  const [dropped, setDropped] = useState<string>()
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['user-columns', key] })
    await queries.invalidateQueries({ queryKey: ['users', key] })
  }
  const add = useMutation({
    mutationFn: () => ask(path, { method: 'POST', body: { column_name: name.trim(), type } }),
    onSuccess: async () => {
      await refresh()
      tellDone(`The column ${name.trim()} is added.`)
      setName('')
    },
  })
  const own = (columns.data ?? []).filter(({ UserDefined }) => UserDefined)
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        A column sms_phone holds the phone for codes: a number that a developer writes there is bound to the user.
      </Text>
      {own.length > 0 && (
        <Table>
          <Table.Tbody>
            {own.map(({ ColumnName, ColumnType }) => (
              <Table.Tr key={ColumnName}>
                <Table.Td>
                  {ColumnName} ({ColumnType})
                </Table.Td>
                <Table.Td w={40}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Drop ${ColumnName}`}
                    onClick={() => setDropped(ColumnName)}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          add.mutate()
        }}
      >
        <Group align="flex-end" gap="xs">
          <TextInput
            flex={1}
            miw={140}
            label="Name of a new column"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Type"
            w={130}
            data={types}
            allowDeselect={false}
            value={type}
            onChange={(value) => setType(value ?? 'string')}
          />
          <Button type="submit" loading={add.isPending}>
            Add
          </Button>
        </Group>
        {add.isError && <Failure error={add.error} />}
      </form>
      <Confirm
        opened={dropped !== undefined}
        onClose={() => setDropped(undefined)}
        title={`Drop the column ${dropped}?`}
        label="Drop"
        action={async () => {
          await ask(`${path}?column=${encodeURIComponent(dropped!)}`, { method: 'DELETE' })
          await refresh()
          tellDone(`The column ${dropped} is dropped.`)
        }}
      >
        Its values are lost, for all users.
      </Confirm>
    </Stack>
  )
}
