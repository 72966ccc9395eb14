/** One edge as it is now, and what can be done with it. */
import { Alert, Badge, Box, Button, Group, Paper, SimpleGrid, Text } from '@mantine/core'
import { IconAlertTriangle, IconKey, IconListCheck, IconTerminal2, IconTrash, IconUsers } from '@tabler/icons-react'
import { type ReactNode, useEffect, useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay, roughly } from '../../frame/times.ts'
import type { Token } from './new-edge.tsx'
import { NotWritten } from './not-written.tsx'
import { type Edge, edgeStates, queuedWords } from './shapes.ts'

type Props = {
  edge: Edge
  onSetUp: () => void
  onToken: (made: Token) => void
  onReview: () => void
  onLost: () => void
  onSessions: () => void
}

export function EdgeCard({ edge, onSetUp, onToken, onReview, onLost, onSessions }: Props) {
  const key = useSystemKey()
  const [asking, setAsking] = useState<'remove' | 'token'>()
  const { name, description, state, since, lanes, problem, problem_at: problemAt, version } = edge
  const now = useNow()
  const { label, color } = edgeStates[state]
  const identity = lanes.identity.up_to_date
  const lag = edge.behind_since === null ? '–' : roughly(Math.max(0, now - edge.behind_since))
  const close = (): void => setAsking(undefined)
  return (
    <Paper withBorder p="md" role="listitem" aria-label={name}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box miw={0}>
          <Group gap="xs">
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Text>
            <Badge color={color} variant="light" tt="none">
              {label}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {[description, since === null ? '' : `since ${atDay(since)}`].filter((text) => text !== '').join(' · ')}
          </Text>
        </Box>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTerminal2 size={14} />}
            aria-label={`Setup Instructions of ${name}`}
            onClick={onSetUp}
          >
            Setup Instructions
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconKey size={14} />}
            aria-label={`New Token for ${name}`}
            onClick={() => setAsking('token')}
          >
            New Token
          </Button>
          {state !== 'waiting' && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconUsers size={14} />}
              aria-label={`Sessions of ${name}`}
              onClick={onSessions}
            >
              Sessions
            </Button>
          )}
          {state !== 'waiting' && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconListCheck size={14} />}
              aria-label={`Review of ${name}`}
              onClick={onReview}
            >
              Review
            </Button>
          )}
          {state !== 'waiting' && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconAlertTriangle size={14} />}
              aria-label={`Lost: ${name}`}
              onClick={onLost}
            >
              Lost
            </Button>
          )}
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={14} />}
            aria-label={`Remove ${name}`}
            onClick={() => setAsking('remove')}
          >
            Remove
          </Button>
        </Group>
      </Group>
      {state !== 'waiting' && (
        <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} mt="sm" spacing="sm" verticalSpacing="xs" component="dl" m={0}>
          <Fact name="Last identity sync">{identity === null ? 'never' : atDay(identity)}</Fact>
          <Fact name="Queued">{queuedWords(edge)}</Fact>
          <Fact name="Lag">{lag}</Fact>
          <Fact name="Clock">{clockWords(edge.clock_difference_ms)}</Fact>
          <Fact name="Version">{version || 'not known'}</Fact>
          <Fact name="Last compared">{comparedWords(edge)}</Fact>
        </SimpleGrid>
      )}
      {problem !== '' && (
        <Alert color={state === 'connected' ? 'yellow' : 'red'} mt="sm" p="xs">
          <Text size="sm">{problem}</Text>
          {problemAt !== null && (
            <Text size="xs" c="dimmed">
              {atDay(problemAt)}
            </Text>
          )}
        </Alert>
      )}
      <NotWritten edge={edge} />
      <Confirm
        opened={asking === 'remove'}
        onClose={close}
        title={`Remove ${name}?`}
        label="Remove"
        action={async () => {
          await ask(`/admin/edges/${key}/${encodeURIComponent(name)}`, { method: 'DELETE' })
          tellDone(`${name} is removed. Its link is cut, and no other is taken.`)
        }}
      >
        From now on it is refused. What it holds already stays on it: if somebody may have it who should not, press Lost
        instead.
      </Confirm>
      <Confirm
        opened={asking === 'token'}
        onClose={close}
        title={`New token for ${name}?`}
        label="Make a new token"
        action={async () => {
          const path = `/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/token`
          onToken(await ask<Token>(path, { method: 'POST', body: {} }))
        }}
      >
        For a machine that takes its place. What linked with the old token is cut off and refused.
      </Confirm>
    </Paper>
  )
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <Box miw={0}>
    <Text size="xs" c="dimmed" component="dt">
      {name}
    </Text>
    <Text size="sm" component="dd" m={0} style={{ overflowWrap: 'anywhere' }}>
      {children}
    </Text>
  </Box>
)

function comparedWords({ checked: { at, differences } }: Edge): string {
  if (at === null) return 'never'
  return differences === 0 ? atDay(at) : `${atDay(at)}, ${differences} differences healed`
}

/** What is below a second may be the way of the message. */
function clockWords(ms: number | null): string {
  if (ms === null) return 'not known'
  if (Math.abs(ms) < 2_000) return 'as here'
  return `${roughly(Math.abs(ms))} ${ms > 0 ? 'ahead' : 'behind'}`
}

/** Anew every second, for spans that grow. */
function useNow(): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
