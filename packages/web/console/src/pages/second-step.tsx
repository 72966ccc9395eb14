/** The second step of a developer's sign-in: a code of the app, a recovery code, or a passkey. */
import { Anchor, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../api.ts'
import { Failure } from '../frame/failure.tsx'
import { passkeyAnswer } from '../passkeys.ts'

export type Factor = 'passkey' | 'totp' | 'recovery'

/** What is owed, as `POST /admin/auth` answers it. */
export type Owed = {
  intermediate_token: string
  two_factor_method: Factor
  two_factor_kinds: Factor[]
  passkey?: PublicKeyCredentialRequestOptionsJSON
}

export const factorWords: Record<Factor, { title: string; other: string }> = {
  passkey: { title: 'Use your passkey', other: 'Use a passkey' },
  totp: { title: 'Enter the code of your authenticator app', other: 'Use the authenticator app' },
  recovery: { title: 'Enter a recovery code', other: 'Use a recovery code' },
}

type Props = {
  owed: Owed
  onSignedIn: (token: string) => void
  onOther: (factor: Factor) => void
  onBegin: () => void
}

export function SecondStep({ owed, onSignedIn, onOther, onBegin }: Props) {
  const [code, setCode] = useState('')
  const { two_factor_method: method, two_factor_kinds: kinds, passkey } = owed
  const verify = useMutation({
    mutationFn: async () => {
      const answer = method === 'passkey' ? await passkeyAnswer(passkey) : code
      return ask<{ dev_token: string }>('/admin/auth/verify', {
        method: 'POST',
        headers: { 'ClearBlade-DevToken': owed.intermediate_token },
        body: { code: answer },
      })
    },
    onSuccess: ({ dev_token }) => onSignedIn(dev_token),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        verify.mutate()
      }}
    >
      <Stack>
        <Title order={2} size="h4">
          {factorWords[method].title}
        </Title>
        {method === 'passkey' ? (
          <Text size="sm" c="dimmed">
            Your browser asks for the finger, face or PIN that you made it with.
          </Text>
        ) : (
          <TextInput
            label={method === 'totp' ? 'Code' : 'Recovery code'}
            description={method === 'totp' ? 'Six digits' : 'Sixteen letters and digits; each code works once'}
            autoComplete={method === 'totp' ? 'one-time-code' : 'off'}
            {...(method === 'totp' && { inputMode: 'numeric' as const })}
            required
            autoFocus
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        )}
        {verify.isError && <Failure error={verify.error} title="Not signed in" />}
        <Button type="submit" loading={verify.isPending} autoFocus={method === 'passkey'}>
          {method === 'passkey' ? 'Use the passkey' : 'Sign in'}
        </Button>
        <Group gap="md">
          {kinds
            .filter((kind) => kind !== method)
            .map((kind) => (
              <Anchor key={kind} component="button" type="button" size="sm" onClick={() => onOther(kind)}>
                {factorWords[kind].other}
              </Anchor>
            ))}
          <Anchor component="button" type="button" size="sm" onClick={onBegin}>
            From the beginning
          </Anchor>
        </Group>
        <Text size="sm" c="dimmed">
          Lost all of them? Whoever runs this node takes them away by <code>gatehouse developer reset-factors</code>.
        </Text>
      </Stack>
    </form>
  )
}
