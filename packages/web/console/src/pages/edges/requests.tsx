/** Changes that users asked for at edges and that nobody has decided on: approved here, or turned down. */
import { Button, Group, Paper, Table, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'

type Request = {
  id: string
  at: number
  edge: string
  user_id: string
  email: string
  changes: Record<string, unknown>
  present: Record<string, unknown> | null
}

export function Requests() {
  const key = useSystemKey()
  const queries = useQueryClient()
  const requests = useQuery({
    queryKey: ['edge-requests', key],
    queryFn: ({ signal }) => ask<Request[]>(`/admin/v/4/system/${key}/edge-requests`, { signal }),
    refetchInterval: 10_000,
  })
  const decide = useMutation({
    mutationFn: ({ one, what }: { one: Request; what: 'approve' | 'turn-down' }) =>
      ask(`/admin/v/4/system/${key}/edges/${encodeURIComponent(one.edge)}/requests/${one.id}/${what}`, {
        method: 'POST',
        body: {},
      }),
    onSuccess: (_, { what }) => tellDone(what === 'approve' ? 'It is done.' : 'Turned down. Nothing was changed.'),
    onError: (error) => tellFailed(error, 'This request stays open'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['edge-requests', key] }),
  })
  if (requests.isError) return <Failure error={requests.error} title="The requests cannot be listed" />
  if (requests.data === undefined || requests.data.length === 0) return null
  return (
    <Paper withBorder p="md" component="section" aria-label="Requests">
      <Title order={2} size="h4">
        Requests
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        Changes that users asked for at an edge, by its word. Nothing changes before you approve it.
      </Text>
      <Table.ScrollContainer minWidth={640}>
        <Table aria-label="Requests">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Edge</Table.Th>
              <Table.Th>User</Table.Th>
              <Table.Th>Asks for</Table.Th>
              <Table.Th aria-label="Decide" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {requests.data.map((one) => {
              const who = one.email || one.user_id
              return (
                <Table.Tr key={one.id}>
                  <Table.Td>{atDay(one.at)}</Table.Td>
                  <Table.Td>{one.edge}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{who}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    {Object.entries(one.changes).map(([column, value]) => (
                      <Text key={column} size="sm">
                        {column}: {JSON.stringify(value)}
                        <Text span size="xs" c="dimmed">
                          {' '}
                          now {one.present === null ? 'not known' : JSON.stringify(one.present[column] ?? null)}
                        </Text>
                      </Text>
                    ))}
                  </Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      <Button
                        size="compact-xs"
                        aria-label={`Approve what ${who} asks for`}
                        disabled={decide.isPending}
                        onClick={() => decide.mutate({ one, what: 'approve' })}
                      >
                        Approve
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Turn down what ${who} asks for`}
                        disabled={decide.isPending}
                        onClick={() => decide.mutate({ one, what: 'turn-down' })}
                      >
                        Turn down
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              )
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  )
}
