/** One change, whole: with what it was from and to, the program, and its place in the chain. */
import { Code, Drawer, Group, Stack, Text } from '@mantine/core'
import { Mono } from '../../frame/copy.tsx'
import { atDay } from '../../frame/times.ts'
import { type AuditRow, kindLabel } from './shapes.ts'

export function AuditEntry({ row, onClose }: { row: AuditRow | undefined; onClose: () => void }) {
  return (
    <Drawer opened={row !== undefined} onClose={onClose} position="right" title="One change">
      {row !== undefined && <Details row={row} />}
    </Drawer>
  )
}

function Details({ row }: { row: AuditRow }) {
  const facts: [string, string][] = [
    ['When', atDay(Date.parse(row.at))],
    ['Who', row.who],
    ['What', `${kindLabel(row.kind)}: ${row.action}`],
    ['Of', row.subject],
    ['System', row.system],
    ['From', row.address],
    ['Program', row.user_agent],
    ['In the run', row.run],
  ]
  return (
    <Stack>
      <Stack gap={4}>
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <Group key={name} gap="xs" wrap="nowrap" align="baseline">
              <Text size="sm" c="dimmed" w={84} style={{ flexShrink: 0 }}>
                {name}
              </Text>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {value}
              </Text>
            </Group>
          ))}
      </Stack>
      {Object.keys(row.details).length > 0 && (
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {JSON.stringify(row.details, null, 2)}
        </Code>
      )}
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        Row {row.position} of node <Mono>{row.node}</Mono>, <Mono>{row.hash}</Mono>
      </Text>
    </Stack>
  )
}
