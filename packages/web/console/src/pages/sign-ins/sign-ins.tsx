/** Sign-ins: every attempt as it happens, how they ended over time, and accounts that wait. */
import { Button, Loader, Paper, Stack, Title } from '@mantine/core'
import { IconLogin2 } from '@tabler/icons-react'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { Attempt } from './attempt.tsx'
import { Chart } from './chart.tsx'
import { Timeline } from './timeline.tsx'
import { type Trace, useTraces } from './traces.ts'
import { TrySignIn } from './try-sign-in.tsx'
import { Waiting } from './waiting.tsx'

export function SignInsPage() {
  const key = useSystemKey()
  const { traces, error, hasOlder, loadOlder } = useTraces(key)
  const [opened, setOpened] = useState<Trace>()
  const [trying, setTrying] = useState(false)
  return (
    <Stack>
      <PageHead
        title="Sign-ins"
        text="Each attempt as it happens: which phase, what was decided and why, how long each step took."
        actions={<Button onClick={() => setTrying(true)}>Try a sign-in</Button>}
      />
      <Waiting systemKey={key} />
      <Chart systemKey={key} />
      {error !== undefined && <Failure error={error} title="The newest are not here; asking again" />}
      {traces === undefined && error === undefined && <Loader aria-label="Loading the sign-ins" />}
      {traces?.length === 0 && (
        <NothingYet icon={IconLogin2} title="Nobody has signed in yet">
          Try a sign-in from here, open a portal, or paste one of the calls under Info. Each attempt shows here at once.
        </NothingYet>
      )}
      {traces !== undefined && traces.length > 0 && (
        <Paper withBorder p="md" component="section" aria-label="Attempts">
          <Title order={2} size="h4" mb="xs">
            Attempts
          </Title>
          <Timeline
            systemKey={key}
            traces={traces}
            onOpen={setOpened}
            older={hasOlder ? () => void loadOlder() : undefined}
          />
        </Paper>
      )}
      <Attempt systemKey={key} trace={opened} onClose={() => setOpened(undefined)} />
      <TrySignIn systemKey={key} opened={trying} onClose={() => setTrying(false)} />
    </Stack>
  )
}
