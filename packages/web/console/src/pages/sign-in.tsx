/** Where developers sign in. On a node without a developer, where the way in is. */
import { Alert, Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Navigate, useLocation } from 'react-router'
import { ask, setSession } from '../api.ts'
import { Failure } from '../frame/failure.tsx'
import { useSession } from '../session.ts'
import { type Owed, SecondStep } from './second-step.tsx'

export function SignInPage() {
  const session = useSession()
  const { state } = useLocation()
  const about = useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => ask<{ needs_developer: boolean }>('/api/about', { signal }),
  })
  useEffect(() => {
    document.title = 'Sign in · Gatehouse'
  }, [])
  if (session !== undefined) {
    const from = (state as { from?: unknown } | null)?.from
    return <Navigate to={typeof from === 'string' ? from : '/systems'} replace />
  }
  return (
    <Stack component="main" maw={420} mx="auto" mt="10vh" p="md">
      <Title order={1} size="h2">
        Gatehouse
      </Title>
      {about.data?.needs_developer === true ? <FirstRun /> : <SignInForm />}
    </Stack>
  )
}

function FirstRun() {
  return (
    <Alert title="This node has no developer yet">
      <Stack gap="xs">
        <Text size="sm">
          When it started, the node printed a one-time link that ends in <code>/setup?key=…</code>. It stands in the
          terminal or the log of the node. Open it in this browser: it makes the first developer.
        </Text>
        <Text size="sm">The link is good for an hour. Start the node again for a new one.</Text>
      </Stack>
    </Alert>
  )
}

/** What `POST /admin/auth` answers; with a second factor owed there is no token but an attempt. */
type Answer = { dev_token: string; is_two_factor?: boolean } & Partial<Owed>

function SignInForm() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [owed, setOwed] = useState<Owed>()
  const signIn = useMutation({
    mutationFn: (factor?: string) =>
      ask<Answer>('/admin/auth', {
        method: 'POST',
        body: { email, password, ...(factor !== undefined && { factor }) },
      }),
    onSuccess: (answer) => {
      if (answer.is_two_factor === true) setOwed(answer as Owed)
      else setSession({ token: answer.dev_token, email })
    },
  })
  const begin = (): void => {
    setOwed(undefined)
    setPassword('')
    signIn.reset()
  }
  if (owed !== undefined) {
    return (
      <Paper withBorder p="lg">
        <SecondStep
          key={owed.intermediate_token}
          owed={owed}
          onSignedIn={(token) => setSession({ token, email })}
          onOther={(factor) => signIn.mutate(factor)}
          onBegin={begin}
        />
        {signIn.isError && <Failure error={signIn.error} title="It cannot be asked for" />}
      </Paper>
    )
  }
  return (
    <>
      <Paper withBorder p="lg">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            signIn.mutate(undefined)
          }}
        >
          <Stack>
            <Title order={2} size="h4">
              Sign in as a developer
            </Title>
            <TextInput
              label="E-mail"
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            {signIn.isError && <Failure error={signIn.error} title="Not signed in" />}
            <Button type="submit" loading={signIn.isPending}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
      <Text size="sm" c="dimmed">
        No account yet? The first start of a node prints a one-time link that makes the first developer. Later ones are
        added on the machine, by <code>gatehouse developer add</code>. Users of a system do not sign in here but at its
        portals and apps.
      </Text>
    </>
  )
}
