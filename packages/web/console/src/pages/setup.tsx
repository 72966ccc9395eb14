/** The page behind the one-time link of a node's first start: makes the first developer, and goes on signed in. */
import { Alert, Anchor, Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { ask, setSession } from '../api.ts'
import { Failure } from '../frame/failure.tsx'
import { tellDone } from '../frame/tell.ts'

const shortest = 15

export function SetupPage() {
  const key = useSearchParams()[0].get('key') ?? ''
  return (
    <Stack component="main" maw={460} mx="auto" mt="10vh" p="md">
      <Title order={1} size="h2">
        Gatehouse: the first developer
      </Title>
      {key === '' ? (
        <Alert color="yellow" title="The link is not whole">
          This page needs the one-time link that the node printed when it started, with the key at its end.
        </Alert>
      ) : (
        <SetupForm inviteKey={key} />
      )}
      <Text size="sm" c="dimmed">
        Is there a developer already?{' '}
        <Anchor component={Link} to="/sign-in" underline="always">
          Sign in
        </Anchor>
      </Text>
    </Stack>
  )
}

function SetupForm({ inviteKey }: { inviteKey: string }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const navigate = useNavigate()
  const register = useMutation({
    mutationFn: () =>
      ask<{ dev_token: string }>('/admin/reg', { method: 'POST', body: { email, password, key: inviteKey } }),
    onSuccess: ({ dev_token }) => {
      setSession({ token: dev_token, email })
      navigate('/packages', { replace: true })
      tellDone('You are the first developer of this node, and its administrator. The link is used up.')
    },
  })
  const differs = again !== '' && again !== password
  return (
    <Paper withBorder p="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (again === password) register.mutate()
        }}
      >
        <Stack>
          <Text size="sm">Whoever fills this in becomes the administrator of this node. The link works once.</Text>
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
            description={`${shortest} characters or more`}
            autoComplete="new-password"
            required
            minLength={shortest}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <PasswordInput
            label="Confirm Password"
            autoComplete="new-password"
            required
            value={again}
            onChange={(event) => setAgain(event.currentTarget.value)}
            error={differs ? 'The two are not the same.' : undefined}
          />
          {register.isError && <Failure error={register.error} title="No developer was made" />}
          <Button type="submit" loading={register.isPending}>
            Make me the first developer
          </Button>
        </Stack>
      </form>
    </Paper>
  )
}
