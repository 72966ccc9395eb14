/** Boxes of rights, a row for each thing: four for most, one for services, two for portals. */
import { Checkbox, Table, Text } from '@mantine/core'
import { bitsOf } from './shapes.ts'

type Row = { kind: string; item: string; label: string; text?: string }

type Props = {
  title: string
  kind: string
  rows: Row[]
  levelOf: (kind: string, item: string) => number
  onLevel: (kind: string, item: string, level: number) => void
}

export function RightsTable({ title, kind, rows, levelOf, onLevel }: Props) {
  const columns = bitsOf(kind)
  if (rows.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        There are none in this system.
      </Text>
    )
  }
  return (
    <Table.ScrollContainer minWidth={160 + columns.length * 80}>
      <Table aria-label={`Rights on ${title}`}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            {columns.map(({ word }) => (
              <Table.Th key={word} w={100}>
                {word}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ kind: rowKind, item, label, text }) => {
            const level = levelOf(rowKind, item)
            return (
              <Table.Tr key={`${rowKind}/${item}`}>
                <Table.Td>
                  {label}
                  {text !== undefined && (
                    <Text size="xs" c="dimmed">
                      {text}
                    </Text>
                  )}
                </Table.Td>
                {columns.map(({ bit, word }) => (
                  <Table.Td key={word}>
                    <Checkbox
                      aria-label={`${label}: ${word}`}
                      checked={(level & bit) !== 0}
                      onChange={({ currentTarget: { checked } }) =>
                        onLevel(rowKind, item, checked ? level | bit : level & ~bit)
                      }
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
