/** How sign-ins ended, over time: one column for each span, the ends stacked. */
import { Box, Group, Paper, SegmentedControl, Text, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { atClock, atDay } from '../../frame/times.ts'
import { type Decision, decisions } from './traces.ts'

/** How wide a column is, in seconds, and how many there are. */
const ranges = {
  '15 min': { span: 15, spans: 60 },
  '1 hour': { span: 60, spans: 60 },
  '1 day': { span: 1_800, spans: 48 },
  '7 days': { span: 10_800, spans: 56 },
} as const

type Range = keyof typeof ranges
type Count = { at: number; decision: Decision; count: number }
/** Times in milliseconds, by the clock of the node. */
type Counts = { from: number; span: number; spans: number; counts: Count[] }

const order: Decision[] = ['granted', 'more', 'refused', 'failed']
const height = 120

export function Chart({ systemKey }: { systemKey: string }) {
  const [range, setRange] = useState<Range>('1 hour')
  const { span, spans } = ranges[range]
  const counts = useQuery({
    queryKey: ['sign-in-counts', systemKey, range],
    queryFn: ({ signal }) =>
      ask<Counts>(`/admin/v/4/system/${systemKey}/sign-ins/counts?span=${span}&spans=${spans}`, { signal }),
    refetchInterval: 3_000,
    placeholderData: keepPreviousData,
  })
  const totals = new Map<Decision, number>()
  for (const { decision, count } of counts.data?.counts ?? []) totals.set(decision, (totals.get(decision) ?? 0) + count)
  return (
    <Paper withBorder p="md" component="section" aria-label="Sign-ins over time">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          Over time
        </Title>
        <SegmentedControl
          size="xs"
          aria-label="How far back"
          data={Object.keys(ranges)}
          value={range}
          onChange={(value) => setRange(value as Range)}
        />
      </Group>
      {counts.isError && <Failure error={counts.error} />}
      <Columns data={counts.data ?? { from: 0, span: 1, spans, counts: [] }} totals={totals} />
      <Group gap="md" mt="xs">
        {order.map((decision) => (
          <Group key={decision} gap={6}>
            <Box w={10} h={10} bg={decisions[decision].paint} style={{ borderRadius: 2 }} aria-hidden />
            <Text size="sm">
              {totals.get(decision) ?? 0} {decisions[decision].word}
            </Text>
          </Group>
        ))}
      </Group>
    </Paper>
  )
}

function Columns({ data, totals }: { data: Counts; totals: ReadonlyMap<Decision, number> }) {
  const { from, span, spans, counts } = data
  const sums = new Map<number, number>()
  for (const { at, count } of counts) sums.set(at, (sums.get(at) ?? 0) + count)
  const tallest = Math.max(4, ...sums.values())
  const said = order.map((decision) => `${totals.get(decision) ?? 0} ${decisions[decision].word}`).join(', ')
  const stacked = new Map<number, number>()
  const sorted = counts.toSorted((one, other) => order.indexOf(one.decision) - order.indexOf(other.decision))
  return (
    <svg width="100%" height={height + 18} role="img" aria-label={`Sign-ins over time: ${said}`}>
      <line x1={0} x2="100%" y1={height} y2={height} stroke="var(--mantine-color-default-border)" />
      {sorted.map(({ at, decision, count }) => {
        const below = stacked.get(at) ?? 0
        stacked.set(at, below + count)
        const tall = (count / tallest) * (height - 14)
        return (
          <rect
            key={`${at}${decision}`}
            x={`${(100 * (at - from)) / span / spans + 5 / spans}%`}
            y={height - (below / tallest) * (height - 14) - tall}
            width={`${90 / spans}%`}
            height={tall}
            fill={decisions[decision].paint}
          >
            <title>{`${atDay(at)}: ${count} ${decisions[decision].word}`}</title>
          </rect>
        )
      })}
      <text x={0} y={11} fontSize={11} fill="var(--mantine-color-dimmed)">
        {tallest}
      </text>
      <text x={0} y={height + 14} fontSize={11} fill="var(--mantine-color-dimmed)">
        {from === 0 ? '' : span * spans > 86_400_000 ? atDay(from) : atClock(from)}
      </text>
      <text x="100%" y={height + 14} fontSize={11} textAnchor="end" fill="var(--mantine-color-dimmed)">
        now
      </text>
    </svg>
  )
}
