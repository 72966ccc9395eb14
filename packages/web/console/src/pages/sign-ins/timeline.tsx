/**
 * The list of attempts, newest first. Only the rows that can be seen are drawn, and while somebody reads further down the
 * list stands still: what came meanwhile waits for a click.
 */
import { Badge, Box, Button, Group, Text, UnstyledButton } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import { atClock } from '../../frame/times.ts'
import { useEmails } from './names.ts'
import { StepsBar } from './steps-bar.tsx'
import { decisions, doorWords, type Trace, tookMs } from './traces.ts'

const rowHeight = 52
const beyond = 6
const tallest = 560

type Props = { systemKey: string; traces: Trace[]; onOpen: (trace: Trace) => void; older: (() => void) | undefined }

export function Timeline({ systemKey, traces, onOpen, older }: Props) {
  const { ref, width } = useElementSize()
  const [top, setTop] = useState(0)
  const [held, setHeld] = useState<Trace[]>()
  const shown = held ?? traces
  const waiting = held === undefined ? 0 : traces.filter(({ at }) => at > (held[0]?.at ?? 0)).length
  const height = Math.min(tallest, shown.length * rowHeight)
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond)
  const visible = shown.slice(first, first + Math.ceil(height / rowHeight) + 2 * beyond)
  const emails = useEmails(
    systemKey,
    visible.flatMap(({ userId }) => userId ?? []),
  )
  const narrow = width < 620
  return (
    <Box ref={ref} pos="relative">
      {waiting > 0 && (
        <Button
          size="xs"
          pos="absolute"
          top={6}
          left="50%"
          style={{ transform: 'translateX(-50%)', zIndex: 1 }}
          onClick={({ currentTarget }) => {
            setHeld(undefined)
            currentTarget.parentElement?.querySelector('[role=list]')?.scrollTo({ top: 0 })
          }}
        >
          {waiting} new
        </Button>
      )}
      <Box
        role="list"
        aria-label="Sign-ins"
        h={height}
        style={{ overflowY: 'auto', overflowAnchor: 'none' }}
        onScroll={({ currentTarget }) => {
          const next = currentTarget.scrollTop
          setTop(next)
          if (next === 0) setHeld(undefined)
          else if (held === undefined) setHeld(traces)
        }}
      >
        <Box h={shown.length * rowHeight} pos="relative">
          {visible.map((trace, index) => (
            <Box key={trace.id} role="listitem" pos="absolute" top={(first + index) * rowHeight} left={0} right={0}>
              <Row trace={trace} email={emails.get(trace.userId ?? '')} narrow={narrow} onOpen={onOpen} />
            </Box>
          ))}
        </Box>
      </Box>
      {older !== undefined && (
        <Button
          variant="subtle"
          size="xs"
          mt="xs"
          onClick={() => {
            setHeld(undefined)
            older()
          }}
        >
          Older ones
        </Button>
      )}
    </Box>
  )
}

type RowProps = { trace: Trace; email: string | undefined; narrow: boolean; onOpen: (trace: Trace) => void }

export const whoOf = (trace: Trace, email: string | undefined): string =>
  email ?? (trace.userId === undefined ? (trace.door === 'anonymous' ? 'nobody' : 'not known yet') : 'a user')

function Row({ trace, email, narrow, onOpen }: RowProps) {
  const { decision, at, phase, door, service, why } = trace
  const { word, color } = decisions[decision]
  const way = [service ?? doorWords(door), phase === undefined ? '' : `phase ${phase}`].filter(Boolean).join(', ')
  return (
    <UnstyledButton
      w="100%"
      h={rowHeight}
      px="xs"
      onClick={() => onOpen(trace)}
      style={{ borderBottom: '1px solid var(--mantine-color-default-border)' }}
    >
      <Group gap="sm" wrap="nowrap" h="100%">
        <Text size="sm" c="dimmed" w={72} style={{ flexShrink: 0 }}>
          {atClock(at)}
        </Text>
        <Badge variant="light" color={color} w={88} tt="none" style={{ flexShrink: 0 }}>
          {word}
        </Badge>
        <Box flex={1} miw={0}>
          <Text size="sm" truncate>
            {whoOf(trace, email)}
            <Text span c="dimmed" size="sm">
              {' '}
              {way}
            </Text>
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {why}
          </Text>
        </Box>
        {!narrow && (
          <>
            <StepsBar trace={trace} width={120} />
            <Text size="sm" w={72} ta="right" style={{ flexShrink: 0 }}>
              {Math.round(tookMs(trace))} ms
            </Text>
          </>
        )}
      </Group>
    </UnstyledButton>
  )
}
