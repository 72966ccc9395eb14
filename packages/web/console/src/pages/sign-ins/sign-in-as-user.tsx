/** A sign-in from here, as a program of the system would send it, step by step. Its session ends at once. */
import { Button, Code, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, readFailure, readJson } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { type SystemDetails, systemQuery } from '../../frame/system-frame.tsx'

type Answer = {
  user_token?: string
  refresh_token?: string
  options?: { message?: string; factor_id?: string; [name: string]: unknown }
}

export function SignInAsUser({
  systemKey,
  opened,
  onClose,
}: {
  systemKey: string
  opened: boolean
  onClose: () => void
}) {
  const system = useQuery(systemQuery(systemKey)).data
  return (
    <Modal opened={opened} onClose={onClose} title="Sign in as a user">
      {system !== undefined && <UserForm system={system} />}
    </Modal>
  )
}

/** Without the developer's token: it is to go as it would for a stranger. */
async function post(system: SystemDetails, path: string, body: unknown, token?: string): Promise<Answer> {
  const headers = { 'ClearBlade-SystemKey': system.appId, 'ClearBlade-SystemSecret': system.appSecret }
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'omit',
    headers: { ...headers, ...(token !== undefined && { 'ClearBlade-UserToken': token }) },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new ApiError(0, 'The node cannot be reached.', '', '')
  })
  const text = await response.text()
  const answer = readJson(text) as Answer | undefined
  if (response.ok || answer?.options !== undefined) return answer ?? {}
  throw readFailure(response.status, text)
}

function UserForm({ system }: { system: SystemDetails }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [factorId, setFactorId] = useState<string>()
  const trying = useMutation({
    mutationFn: async (body: object): Promise<Answer> => {
      const answer = await post(system, '/api/v/1/user/auth', body)
      const { user_token: token } = answer
      if (token !== undefined && token !== '') {
        const ended = await post(system, '/api/v/1/user/logout', {}, token).then(
          () => true,
          () => false,
        )
        const { refresh_token: _, ...rest } = answer
        return { ...rest, user_token: `(granted; the session is ${ended ? 'ended again' : 'still open'})` }
      }
      return answer
    },
    onSuccess: ({ options }) => {
      if (typeof options?.factor_id === 'string') setFactorId(options.factor_id)
    },
  })
  const isSecond = factorId !== undefined
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        trying.mutate(isSecond ? { factor: 2, factor_id: factorId, code } : { email, password, factor: 1 })
      }}
    >
      <Stack>
        <TextInput
          label="Email"
          required
          disabled={isSecond}
          data-autofocus
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          required
          disabled={isSecond}
          autoComplete="off"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {isSecond && (
          <TextInput
            label="Code"
            required
            autoComplete="off"
            inputMode="numeric"
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        )}
        <Group gap="xs">
          <Button type="submit" loading={trying.isPending}>
            {isSecond ? 'Send the code' : 'Sign in'}
          </Button>
          {isSecond && (
            <Button
              variant="default"
              onClick={() => {
                setFactorId(undefined)
                setCode('')
                trying.reset()
              }}
            >
              From the beginning
            </Button>
          )}
        </Group>
        {trying.isError && <Failure error={trying.error} title="Refused" />}
        {trying.isSuccess && (
          <div role="status">
            <Text size="sm" fw={600}>
              The answer
            </Text>
            <Code block tabIndex={0}>
              {JSON.stringify(trying.data, null, 2)}
            </Code>
          </div>
        )}
      </Stack>
    </form>
  )
}
