/** Replay: what other code would have decided of the sign-ins that were recorded, and the recording itself. */
import { Badge, Button, Group, NumberInput, Paper, Stack, Table, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { atDay } from '../../frame/times.ts'
import { Recording } from './recording.tsx'
import type { Decided, Other, Replay, Which } from './trial-shapes.ts'
import { WhichCode } from './which-code.tsx'

export function ReplayTab() {
  const key = useSystemKey()
  const path = `/admin/v/4/system/${key}/auth-service`
  const queries = useQueryClient()
  const [which, setWhich] = useState<Which>({})
  const [last, setLast] = useState<number | string>(100)
  const recorded = useQuery({
    queryKey: ['recorded', key],
    queryFn: ({ signal }) => ask<unknown[]>(`${path}/recorded?limit=500`, { signal }),
    refetchInterval: 5_000,
  })
  const replay = useMutation({
    mutationFn: () =>
      ask<Replay>(`${path}/replay`, { method: 'POST', body: { ...which, ...(last !== '' && { last: Number(last) }) } }),
  })
  const count = recorded.data?.length ?? 0
  return (
    <Stack>
      <Recording count={count} onForgotten={() => queries.invalidateQueries({ queryKey: ['recorded', key] })} />
      {recorded.isError && <Failure error={recorded.error} />}
      <Paper withBorder p="md">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            replay.mutate()
          }}
        >
          <Stack>
            <Title order={2} size="h4">
              Replay
            </Title>
            <Text size="sm" c="dimmed">
              Each call of the code is answered from the record. Nothing is sent and nothing is written.
            </Text>
            <WhichCode which={which} onWhich={setWhich} />
            <Group align="flex-end">
              <NumberInput label="The newest" w={160} min={1} max={1_000} value={last} onChange={setLast} />
              <Button type="submit" loading={replay.isPending} disabled={count === 0}>
                Replay
              </Button>
            </Group>
          </Stack>
        </form>
      </Paper>
      {replay.isError && <Failure error={replay.error} title="It could not be replayed" />}
      {replay.isSuccess && <Outcome replay={replay.data} />}
    </Stack>
  )
}

function Outcome({ replay: { replayed, same, flips, unknown } }: { replay: Replay }) {
  return (
    <Paper withBorder p="md" role="status" aria-label="What the replay found">
      <Group gap="xs">
        <Text>Of {replayed} sign-ins</Text>
        <Badge variant="light" tt="none" size="lg">
          {same} the same
        </Badge>
        <Badge variant="light" color={flips.length > 0 ? 'red' : 'gray'} tt="none" size="lg">
          {flips.length} would flip
        </Badge>
        <Badge variant="light" color={unknown.length > 0 ? 'yellow' : 'gray'} tt="none" size="lg">
          {unknown.length} unknown
        </Badge>
      </Group>
      <Others title="Would flip" others={flips} />
      <Others title="Unknown" others={unknown} />
    </Paper>
  )
}

const words = ({ decision, factors = [] }: Decided): string =>
  factors.length === 0 ? decision : `${decision} (${factors.join(' + ')})`

function Others({ title, others }: { title: string; others: Other[] }) {
  if (others.length === 0) return null
  return (
    <Table.ScrollContainer minWidth={560} mt="md">
      <Table aria-label={title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{title}</Table.Th>
            <Table.Th>Was</Table.Th>
            <Table.Th>Would be</Table.Th>
            <Table.Th>Why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {others.map(({ id, at, was, would }) => (
            <Table.Tr key={id}>
              <Table.Td>{atDay(Date.parse(at))}</Table.Td>
              <Table.Td>{words(was)}</Table.Td>
              <Table.Td>{words(would)}</Table.Td>
              <Table.Td>{would.why}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
