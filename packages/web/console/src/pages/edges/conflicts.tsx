/** Where an edge and another place had changed the same row: which rule decided, whose stands, and the values that did not. */
import { Button, Code, Group, Modal, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Mono } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'
import { itemsQuery } from '../roles/items.ts'

type Conflict = {
  id: string
  at: number
  edge: string
  collection_id: string
  item_id: string
  rule: string
  outcome: string
  detail: Record<string, unknown>
}

const most = 100

const outcomes: Record<string, string> = {
  edge: 'the edge stands',
  platform: 'the platform stands',
  both: 'both are kept',
  'by column': 'column by column',
  'set aside': 'set aside: it could not be written',
}

export function Conflicts() {
  const key = useSystemKey()
  const queries = useQueryClient()
  const path = `/admin/v/4/system/${key}/conflicts`
  const items = useQuery(itemsQuery(key))
  const conflicts = useQuery({
    queryKey: ['conflicts', key],
    queryFn: ({ signal }) => ask<Conflict[]>(`${path}?limit=${most}`, { signal }),
    refetchInterval: 10_000,
  })
  const [opened, setOpened] = useState<Conflict>()
  const [forgetting, setForgetting] = useState(false)
  const names = new Map(items.data?.Collections?.map(({ id, name }) => [id ?? '', name]))
  if (conflicts.isError) return <Failure error={conflicts.error} title="The conflicts cannot be listed" />
  if (conflicts.data === undefined || conflicts.data.length === 0) return null
  return (
    <Paper withBorder p="md" component="section" aria-label="Conflicts">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          Conflicts
        </Title>
        <Button size="xs" variant="default" onClick={() => setForgetting(true)}>
          Forget them
        </Button>
      </Group>
      <Table.ScrollContainer minWidth={640}>
        <Table aria-label="Conflicts" stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Edge</Table.Th>
              <Table.Th>Row</Table.Th>
              <Table.Th>Decided</Table.Th>
              <Table.Th aria-label="Details" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {conflicts.data.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>{atDay(one.at)}</Table.Td>
                <Table.Td>{one.edge}</Table.Td>
                <Table.Td>
                  {names.get(one.collection_id) ?? one.collection_id}
                  <Text size="xs" c="dimmed" ff="monospace">
                    {one.item_id.slice(0, 13)}
                  </Text>
                </Table.Td>
                <Table.Td>{outcomes[one.outcome] ?? one.outcome}</Table.Td>
                <Table.Td>
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Details of ${one.item_id}`}
                    onClick={() => setOpened(one)}
                  >
                    Details
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {conflicts.data.length === most && (
        <Text size="xs" c="dimmed" mt={4}>
          The newest {most}.
        </Text>
      )}
      <Modal opened={opened !== undefined} onClose={() => setOpened(undefined)} title="What was decided" size="lg">
        {opened !== undefined && (
          <Stack gap="xs">
            <Text size="sm">
              Row <Mono>{opened.item_id}</Mono> of {names.get(opened.collection_id) ?? opened.collection_id}, changed at{' '}
              {opened.edge}. Rule {opened.rule.replaceAll('_', ' ')}: {outcomes[opened.outcome] ?? opened.outcome}.
            </Text>
            <Code block tabIndex={0} aria-label="Details" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {JSON.stringify(opened.detail, null, 2)}
            </Code>
          </Stack>
        )}
      </Modal>
      <Confirm
        opened={forgetting}
        onClose={() => setForgetting(false)}
        title="Forget the conflicts?"
        label="Forget"
        action={async () => {
          await ask(path, { method: 'DELETE' })
          await queries.invalidateQueries({ queryKey: ['conflicts', key] })
          tellDone('The conflicts are forgotten. The rows stay as they are.')
        }}
      >
        The rows stay as they are. What did not stand was in this list alone.
      </Confirm>
    </Paper>
  )
}
