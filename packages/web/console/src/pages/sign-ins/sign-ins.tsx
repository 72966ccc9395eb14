/** Sign-ins: every attempt as it happens, made-up ones that do nothing, and the replay of those that were recorded. */
import { Button, Loader, Paper, Stack, Tabs, Title } from '@mantine/core'
import { IconLogin2 } from '@tabler/icons-react'
import { useState } from 'react'
import { Failure } from '../../frame/failure.tsx'
import { NothingYet } from '../../frame/nothing-yet.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { Attempt } from './attempt.tsx'
import { Chart } from './chart.tsx'
import { ReplayTab } from './replay.tsx'
import { SignInAsUser } from './sign-in-as-user.tsx'
import { Timeline } from './timeline.tsx'
import { type Trace, useTraces } from './traces.ts'
import { TrialTab } from './trial.tsx'
import { Waiting } from './waiting.tsx'

export function SignInsPage() {
  const key = useSystemKey()
  const [asUser, setAsUser] = useState(false)
  return (
    <Stack>
      <PageHead
        title="Sign-ins"
        text="Each attempt as it happens: which phase, what was decided and why, how long each step took."
        actions={<Button onClick={() => setAsUser(true)}>Sign in as a user</Button>}
      />
      <Tabs defaultValue="attempts" keepMounted={false}>
        <Tabs.List aria-label="Sign-ins">
          <Tabs.Tab value="attempts">Attempts</Tabs.Tab>
          <Tabs.Tab value="try">Try</Tabs.Tab>
          <Tabs.Tab value="replay">Replay</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="attempts" pt="md">
          <Attempts systemKey={key} />
        </Tabs.Panel>
        <Tabs.Panel value="try" pt="md">
          <TrialTab />
        </Tabs.Panel>
        <Tabs.Panel value="replay" pt="md">
          <ReplayTab />
        </Tabs.Panel>
      </Tabs>
      <SignInAsUser systemKey={key} opened={asUser} onClose={() => setAsUser(false)} />
    </Stack>
  )
}

function Attempts({ systemKey }: { systemKey: string }) {
  const { traces, error, hasOlder, loadOlder } = useTraces(systemKey)
  const [opened, setOpened] = useState<Trace>()
  return (
    <Stack>
      <Waiting systemKey={systemKey} />
      <Chart systemKey={systemKey} />
      {error !== undefined && <Failure error={error} title="The newest are not here; asking again" />}
      {traces === undefined && error === undefined && <Loader aria-label="Loading the sign-ins" />}
      {traces?.length === 0 && (
        <NothingYet icon={IconLogin2} title="Nobody has signed in yet">
          Sign in as a user from here, open a portal, or paste one of the calls under Info. Each attempt shows here at
          once.
        </NothingYet>
      )}
      {traces !== undefined && traces.length > 0 && (
        <Paper withBorder p="md" component="section" aria-label="Attempts">
          <Title order={2} size="h4" mb="xs">
            Attempts
          </Title>
          <Timeline
            systemKey={systemKey}
            traces={traces}
            onOpen={setOpened}
            older={hasOlder ? () => void loadOlder() : undefined}
          />
        </Paper>
      )}
      <Attempt systemKey={systemKey} trace={opened} onClose={() => setOpened(undefined)} />
    </Stack>
  )
}
