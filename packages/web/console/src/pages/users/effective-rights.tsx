/** What a user may do in the end: the union over all roles, and which role each right comes from. */
import { Loader, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { itemKinds, itemsOf, levelWords, type Role, wideKinds, wideLevel } from '../roles/shapes.ts'
import { rolesOfUserQuery } from './user-roles.tsx'

type Right = { what: string; on: string; level: number; kind: string; by: string[] }

function rightsOf(roles: readonly Role[]): Right[] {
  const found = new Map<string, Right>()
  const add = (right: Omit<Right, 'by'>, role: Role): void => {
    if (right.level === 0) return
    const id = `${right.kind}/${right.on}`
    const known = found.get(id) ?? { ...right, level: 0, by: [] }
    found.set(id, { ...known, level: known.level | right.level, by: [...known.by, role.Name] })
  }
  for (const role of roles) {
    for (const { read, title, all } of itemKinds) {
      if (all !== undefined)
        add({ what: title, on: `all ${title.toLowerCase()}`, kind: all.read, level: wideLevel(role, all.read) }, role)
      for (const { Name, Level } of itemsOf(role, read)) add({ what: title, on: Name, kind: read, level: Level }, role)
    }
    for (const { read, title } of wideKinds)
      add({ what: 'System-wide', on: title, kind: read, level: wideLevel(role, read) }, role)
  }
  return [...found.values()]
}

export function EffectiveRights({ userId }: { userId: string }) {
  const key = useSystemKey()
  const roles = useQuery(rolesOfUserQuery(key, userId))
  if (roles.isPending) return <Loader size="sm" aria-label="Loading the rights" />
  if (roles.isError) return <Failure error={roles.error} />
  const rights = rightsOf(roles.data)
  if (rights.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing: no role of this user has a right. Give a role rights under Roles.
      </Text>
    )
  }
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table aria-label="Effective rights">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Kind</Table.Th>
            <Table.Th>On</Table.Th>
            <Table.Th>May</Table.Th>
            <Table.Th>By the role</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rights.map(({ what, on, level, kind, by }) => (
            <Table.Tr key={`${kind}/${on}`}>
              <Table.Td>{what}</Table.Td>
              <Table.Td>{on}</Table.Td>
              <Table.Td>{levelWords(level, kind)}</Table.Td>
              <Table.Td>{by.join(', ')}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
