/** Security: which roles may do what with one service or one collection. Writing it is whoever shows it. */
import { ActionIcon, Button, Checkbox, Group, Menu, Stack, Table, Text } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { generalLevel, type Levels, type Resource, type Role } from './roles-api.ts'

type Props = {
  roles: Role[]
  resource: Resource
  /** Columns with the bit that each stands for. */
  boxes: readonly { label: string; bit: number }[]
  /** What a role gets that is added. */
  first: number
  levels: Levels
  onChange: (levels: Levels) => void
}

export function RightsEditor({ roles, resource, boxes, first, levels, onChange }: Props) {
  const listed = roles.filter(({ ID }) => ID in levels)
  const others = roles.filter(({ ID }) => !(ID in levels))
  const all = boxes.reduce((sum, { bit }) => sum | bit, 0)
  const general = roles.filter((role) => (generalLevel(role, resource) & all) !== 0)
  const what = resource.kind === 'services' ? 'service' : 'collection'
  const remove = (id: string) => onChange(Object.fromEntries(Object.entries(levels).filter(([one]) => one !== id)))
  return (
    <Stack gap="sm">
      <Group>
        <Menu>
          <Menu.Target>
            <Button variant="light" leftSection={<IconPlus size={16} />} disabled={others.length === 0}>
              Role
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={300} style={{ overflowY: 'auto' }}>
            {others.map(({ ID, Name }) => (
              <Menu.Item key={ID} onClick={() => onChange({ ...levels, [ID]: first })}>
                {Name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      {listed.length === 0 ? (
        <Text size="sm" c="dimmed">
          No role has a right on this {what} yet. Press + Role to give it to one; Anonymous is whoever has not signed
          in.
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={260}>
          <Table horizontalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                {boxes.map(({ label }) => (
                  <Table.Th key={label} fz="xs">
                    {label}
                  </Table.Th>
                ))}
                <Table.Th aria-label="Remove" w={32} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {listed.map(({ ID, Name }) => (
                <Table.Tr key={ID}>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{Name}</Table.Td>
                  {boxes.map(({ label, bit }) => (
                    <Table.Td key={label}>
                      <Checkbox
                        aria-label={`${label} by ${Name}`}
                        checked={((levels[ID] ?? 0) & bit) !== 0}
                        onChange={() => onChange({ ...levels, [ID]: (levels[ID] ?? 0) ^ bit })}
                      />
                    </Table.Td>
                  ))}
                  <Table.Td>
                    <ActionIcon variant="subtle" color="red" aria-label={`Remove ${Name}`} onClick={() => remove(ID)}>
                      <IconX size={16} />
                    </ActionIcon>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {general.length > 0 && (
        <Text size="sm" c="dimmed">
          Beside these, by a right on every {what}: {general.map(({ Name }) => Name).join(', ')}.
        </Text>
      )}
    </Stack>
  )
}
