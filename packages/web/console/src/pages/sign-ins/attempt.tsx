/** One attempt, whole: who and from where, each step with its time, what was decided, why, and what to do. */
import { Alert, Badge, Drawer, Group, Stack, Text } from '@mantine/core'
import { Mono } from '../../frame/copy.tsx'
import { atDay } from '../../frame/times.ts'
import { useEmails } from './names.ts'
import { StepsList } from './steps-bar.tsx'
import { whoOf } from './timeline.tsx'
import { decisions, doorWords, type Trace, tookMs } from './traces.ts'

type Props = { systemKey: string; trace: Trace | undefined; onClose: () => void }

export function Attempt({ systemKey, trace, onClose }: Props) {
  return (
    <Drawer opened={trace !== undefined} onClose={onClose} position="right" title="One sign-in">
      {trace !== undefined && <Details systemKey={systemKey} trace={trace} />}
    </Drawer>
  )
}

function Details({ systemKey, trace }: { systemKey: string; trace: Trace }) {
  const emails = useEmails(systemKey, trace.userId === undefined ? [] : [trace.userId])
  const {
    decision,
    at,
    door,
    phase,
    service,
    version,
    why,
    advice,
    address,
    userAgent,
    denied = [],
    factors,
    edge,
  } = trace
  const { word, color } = decisions[decision]
  const facts: [string, string | undefined][] = [
    ['Who', whoOf(trace, emails.get(trace.userId ?? ''))],
    ['When', atDay(at)],
    ['Way', doorWords(door)],
    ['Phase', phase?.toString()],
    ['Decided by', service === undefined ? 'the password' : `${service}${version ? `, version ${version}` : ''}`],
    ['Factors', factors?.replaceAll(' ', ', ')],
    ['At', edge === undefined ? undefined : `edge ${edge}, by its own word`],
    ['From', address],
    ['Program', userAgent],
  ]
  return (
    <Stack>
      <Group gap="xs">
        <Badge variant="light" color={color} size="lg" tt="none">
          {word}
        </Badge>
        <Text>{why}</Text>
      </Group>
      {advice !== undefined && (
        <Alert title="What to do" color="blue">
          {advice}
        </Alert>
      )}
      {denied.length > 0 && (
        <Alert title="Rights that were missing" color="yellow">
          {denied.map((one) => (
            <Text key={one} size="sm">
              {one}
            </Text>
          ))}
        </Alert>
      )}
      <div>
        <Text fw={600} mb={6}>
          {Math.round(tookMs(trace))} ms in {trace.steps.length} {trace.steps.length === 1 ? 'step' : 'steps'}
        </Text>
        <StepsList trace={trace} />
      </div>
      <Stack gap={4}>
        {facts
          .filter(([, value]) => value !== undefined && value !== '')
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
      <Text size="xs" c="dimmed">
        Id <Mono>{trace.id}</Mono>
      </Text>
    </Stack>
  )
}
