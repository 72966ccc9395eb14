/** The list of changes: when, who, what, from where. A row opens whole. */
import { Anchor, Badge, Table, Text } from '@mantine/core'
import { atDay } from '../../frame/times.ts'
import { type AuditRow, kindLabel, whoLabel } from './shapes.ts'

type Props = { rows: AuditRow[]; withSystem: boolean; onOpen: (row: AuditRow) => void }

export function AuditTable({ rows, withSystem, onOpen }: Props) {
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Changes' } }}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th>From</Table.Th>
            {withSystem && <Table.Th>System</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.node} ${row.position}`}>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>
                <Anchor component="button" type="button" size="sm" onClick={() => onOpen(row)}>
                  {atDay(Date.parse(row.at))}
                </Anchor>
              </Table.Td>
              <Table.Td>{whoLabel(row.who)}</Table.Td>
              <Table.Td>
                <Badge variant="light" color="gray" tt="none" mr={6}>
                  {kindLabel(row.kind)}
                </Badge>
                {row.action}
                {row.subject !== '' && (
                  <Text span fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {' '}
                    {row.subject}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{row.address}</Table.Td>
              {withSystem && (
                <Table.Td>
                  <Text size="xs" ff="monospace">
                    {row.system}
                  </Text>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
