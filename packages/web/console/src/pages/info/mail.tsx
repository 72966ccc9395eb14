/** The server that takes e-mail of a system: notes to users when their second factors change. */
import { Checkbox, Group, NumberInput, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import type { MailServer } from '../../frame/system-frame.tsx'
import type { Draft } from './draft.ts'

const fresh: MailServer = { host: '', port: 587, from: '', tls: 'required' }

export function Mail({ draft }: { draft: Draft }) {
  const { mail } = draft.values
  const set = (change: Partial<MailServer>): void => draft.set('mail', { ...(mail ?? fresh), ...change })
  const login = (user: string, password: string): void => {
    const { user: _, password: __, ...rest } = mail ?? fresh
    // They go together, and neither is sent empty.
    draft.set('mail', user === '' && password === '' ? rest : { ...rest, user, password })
  }
  return (
    <Paper withBorder p="md">
      <Stack>
        <Title order={2} size="h4">
          E-mail
        </Title>
        <Checkbox
          label="This system sends e-mail"
          description="Users are told when their second factors change or somebody has their password."
          checked={mail !== null}
          onChange={(event) => draft.set('mail', event.currentTarget.checked ? fresh : null)}
        />
        {mail !== null && (
          <>
            <Group align="flex-start">
              <TextInput
                label="Server"
                placeholder="smtp.example.com"
                required
                flex={1}
                miw={200}
                value={mail.host}
                onChange={(event) => set({ host: event.currentTarget.value })}
              />
              <NumberInput
                label="Port"
                w={120}
                min={1}
                max={65_535}
                value={mail.port}
                onChange={(value) => set({ port: Number(value) })}
              />
            </Group>
            <TextInput
              label="From"
              placeholder="gate@example.com"
              required
              value={mail.from}
              onChange={(event) => set({ from: event.currentTarget.value })}
            />
            <TextInput
              label="User"
              value={mail.user ?? ''}
              onChange={(event) => login(event.currentTarget.value, mail.password ?? 'secret:SMTP_PASSWORD')}
            />
            {mail.user !== undefined && (
              <TextInput
                label="Password"
                description="secret: and the name of a secret of this system"
                value={mail.password ?? ''}
                onChange={(event) => login(mail.user ?? '', event.currentTarget.value)}
              />
            )}
            <Checkbox
              label="The connection is encrypted"
              checked={mail.tls === 'required'}
              onChange={(event) => set({ tls: event.currentTarget.checked ? 'required' : 'none' })}
            />
            <Text size="xs" c="dimmed">
              Without encryption only for a server in the own network, without user and password.
            </Text>
          </>
        )}
      </Stack>
    </Paper>
  )
}
