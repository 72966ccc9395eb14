/** The own columns of a user. Only what was changed here is sent, so nothing of somebody else's is undone. */
import { Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Column, changeUser, columnsQuery, type User } from './shapes.ts'

const textOf = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

/** What was typed as a value of the column's type; an empty text is no value. Throws where it is none. */
export function typedValue(text: string, { ColumnName, ColumnType }: Column): unknown {
  if (text === '') return null
  switch (ColumnType) {
    case 'int':
    case 'bigint':
    case 'float':
    case 'double': {
      const number = Number(text)
      if (Number.isNaN(number)) throw new Error(`${ColumnName} must be a number.`)
      return number
    }
    case 'bool':
      if (text !== 'true' && text !== 'false') throw new Error(`${ColumnName} must be true or false.`)
      return text === 'true'
    case 'jsonb':
      try {
        return JSON.parse(text)
      } catch {
        throw new Error(`${ColumnName} must be JSON.`)
      }
    default:
      return text
  }
}

export function ColumnValues({ user }: { user: User }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const columns = useQuery(columnsQuery(key))
  const [draft, setDraft] = useState<Record<string, string>>({})
  const own = (columns.data ?? []).filter(({ UserDefined }) => UserDefined)
  const changed = own.filter(({ ColumnName: name }) => name in draft && draft[name] !== textOf(user[name]))
  const save = useMutation({
    mutationFn: async () => {
      const changes = changed.map((column) => [column.ColumnName, typedValue(draft[column.ColumnName]!, column)])
      await changeUser(key, user.user_id, Object.fromEntries(changes))
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['user', key, user.user_id] })
      await queries.invalidateQueries({ queryKey: ['users', key] })
      await queries.invalidateQueries({ queryKey: ['authenticators', key, user.user_id] })
      setDraft({})
      tellDone('The columns are saved.')
    },
  })
  if (columns.isError) return <Failure error={columns.error} />
  if (columns.isSuccess && own.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        This system has no columns of its own. Add some in the list of users, by Columns.
      </Text>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        {own.map(({ ColumnName: name, ColumnType: type }) => {
          const given = {
            label: `${name} (${type})`,
            value: draft[name] ?? textOf(user[name]),
            onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) =>
              setDraft((before) => ({ ...before, [name]: value })),
          }
          return type === 'jsonb' ? <Textarea key={name} autosize {...given} /> : <TextInput key={name} {...given} />
        })}
        {save.isError && <Failure error={save.error} title="Not saved" />}
        <Group gap="xs">
          <Button type="submit" loading={save.isPending} disabled={changed.length === 0}>
            Save
          </Button>
          <Button variant="default" disabled={changed.length === 0} onClick={() => setDraft({})}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
