/** Users: all of them, page by page, to search and to open; and a new one. */
import { Anchor, Badge, Button, Group, Loader, Pagination, Stack, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { IconColumns, IconSearch, IconUserPlus, IconUsers } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { atDay } from '../../frame/times.ts'
import { ColumnsEditor } from './columns.tsx'
import { NewUser } from './new-user.tsx'
import { type Account, columnsQuery, pageSize, type User, usersQuery } from './shapes.ts'

const mostColumns = 4

export function UsersPage() {
  const key = useSystemKey()
  const [search, setSearch] = useState('')
  const [page, setPage] = useState(1)
  const [searched] = useDebouncedValue(search.trim(), 250)
  const [adding, addingIs] = useDisclosure(false)
  const [columnsOpen, columnsAre] = useDisclosure(false)
  const users = useQuery({ ...usersQuery(key, searched, page), placeholderData: keepPreviousData })
  const columns = useQuery(columnsQuery(key))
  const { rows = [], count = 0, accounts = new Map<string, Account>() } = users.data ?? {}
  const own = (columns.data ?? []).filter(({ UserDefined }) => UserDefined).map(({ ColumnName }) => ColumnName)
  const pages = Math.ceil(count / pageSize)
  return (
    <Stack>
      <PageHead
        title="Users"
        text="Who may sign in to this system, at its portals and programs. Developers are not among them."
        actions={
          <>
            <Button variant="default" leftSection={<IconColumns size={16} />} onClick={columnsAre.open}>
              Columns
            </Button>
            <Button leftSection={<IconUserPlus size={16} />} onClick={addingIs.open}>
              User
            </Button>
          </>
        }
      />
      <Group>
        <TextInput
          aria-label="Search by e-mail"
          placeholder="Search by e-mail"
          leftSection={<IconSearch size={16} />}
          w={320}
          maw="100%"
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value)
            setPage(1)
          }}
        />
        <Text size="sm" c="dimmed" role="status">
          {users.data === undefined ? '' : `${count} ${count === 1 ? 'user' : 'users'}`}
        </Text>
      </Group>
      {users.isPending && <Loader aria-label="Loading the users" />}
      {users.isError && <Failure error={users.error} title="The users cannot be listed" />}
      {users.data !== undefined && count === 0 && (
        <NothingYet icon={IconUsers} title={searched === '' ? 'There is no user yet' : 'Nobody is called like that'}>
          {searched === ''
            ? 'Add one here, let a set-up service of a package make them, or open registration under System Settings.'
            : 'The search looks for the text anywhere in the e-mail.'}
        </NothingYet>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table highlightOnHover aria-label="Users">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Email</Table.Th>
                <Table.Th>State</Table.Th>
                {own.slice(0, mostColumns).map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
                <Table.Th>Made</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((user) => (
                <Row key={user.user_id} user={user} account={accounts.get(user.user_id)} own={own} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={setPage}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
        />
      )}
      <NewUser opened={adding} onClose={addingIs.close} />
      <ColumnsEditor opened={columnsOpen} onClose={columnsAre.close} />
    </Stack>
  )
}

function Row({ user, account, own }: { user: User; account: Account | undefined; own: string[] }) {
  const made = Date.parse(user.creation_date)
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={encodeURIComponent(user.user_id)} size="sm">
          {user.email}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <States account={account} />
      </Table.Td>
      {own.slice(0, mostColumns).map((name) => (
        <Table.Td key={name} maw={200}>
          <Text size="sm" truncate>
            {shown(user[name])}
          </Text>
        </Table.Td>
      ))}
      <Table.Td>{Number.isNaN(made) ? '' : atDay(made)}</Table.Td>
    </Table.Tr>
  )
}

const shown = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

export function States({ account }: { account: Account | undefined }) {
  if (account === undefined) return null
  const { disabled, weak_password: weak, blocked_until: until, new_password: asked } = account
  return (
    <Group gap={4}>
      {disabled && <State color="red" word="disabled" />}
      {until > 0 && <State color="orange" word="waits" />}
      {asked !== '' && <State color="orange" word={`needs a new password${asked === 'exposed' ? ': exposed' : ''}`} />}
      {weak && <State color="yellow" word="weak password" />}
      {!disabled && until === 0 && !weak && asked === '' && <State color="teal" word="active" />}
    </Group>
  )
}

const State = ({ color, word }: { color: string; word: string }) => (
  <Badge variant="light" color={color} tt="none">
    {word}
  </Badge>
)
