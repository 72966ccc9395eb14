/** One step of a made-up sign-in: what would be decided and why, each call of the service with its time, and the answer. */
import { Alert, Badge, Box, Code, Group, Paper, Stack, Table, Text } from '@mantine/core'
import { type Call, type TrialStep, trialDecisions } from './trial-shapes.ts'

export function TrialStepOf({ step: one }: { step: TrialStep }) {
  const { step, decision, why, advice, factors = [], denied = [], calls, calls_left_out: left, answer, code, ms } = one
  const { word, color } = trialDecisions[decision]
  const longest = Math.max(1, ...calls.map((call) => call.ms))
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Group gap="xs">
          <Text fw={600}>Step {step}</Text>
          <Badge variant="light" color={color} size="lg" tt="none">
            {word}
          </Badge>
          <Text size="sm" c="dimmed">
            {Math.round(ms)} ms{factors.length > 0 && `, by ${factors.join(' and ')}`}
          </Text>
        </Group>
        <Text size="sm">{why}</Text>
        {advice !== undefined && <Alert color="blue">{advice}</Alert>}
        {denied.length > 0 && <Alert color="yellow">Rights that were missing: {denied.join('; ')}</Alert>}
        {calls.length > 0 && (
          <Table.ScrollContainer minWidth={420}>
            <Table aria-label={`Calls of step ${step}`}>
              <Table.Tbody>
                {calls.map((call, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: the same call may come twice; its place tells them apart
                  <CallRow key={index} call={call} longest={longest} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        {left > 0 && <Text size="sm">and {left} more calls</Text>}
        {one.messages.map((message) => (
          <Text key={JSON.stringify(message)} size="sm">
            Message to {String(message.to ?? '')}: {String(message.body ?? '')}
          </Text>
        ))}
        {one.requests.map((request) => (
          <Text key={JSON.stringify(request)} size="sm">
            Request {String(request.method ?? '')} {String(request.url ?? '')}, not sent
          </Text>
        ))}
        {code !== undefined && <Text size="sm">The code of this step is {code}.</Text>}
        {one.logs !== '' && (
          <Code block tabIndex={0} aria-label={`Log of step ${step}`}>
            {one.logs}
          </Code>
        )}
        {answer !== undefined && (
          <Code block tabIndex={0} aria-label={`Answer of step ${step}`}>
            {`${answer.status} ${JSON.stringify(answer.body, null, 2)}`}
          </Code>
        )}
      </Stack>
    </Paper>
  )
}

function CallRow({ call: { name, depth, ms, outcome, refused }, longest }: { call: Call; longest: number }) {
  return (
    <Table.Tr>
      <Table.Td pl={8 + depth * 16}>{name}</Table.Td>
      <Table.Td w={140}>
        <Box h={8} miw={2} w={`${(100 * ms) / longest}%`} bg="teal.6" style={{ borderRadius: 2 }} aria-hidden />
      </Table.Td>
      <Table.Td w={100} ta="right" style={{ whiteSpace: 'nowrap' }}>
        {ms.toFixed(1)} ms
      </Table.Td>
      <Table.Td maw={320}>
        <Text size="sm" truncate {...(refused !== undefined && { c: 'var(--mantine-color-error)' })}>
          {refused ?? (typeof outcome === 'string' ? outcome : JSON.stringify(outcome))}
        </Text>
      </Table.Td>
    </Table.Tr>
  )
}
