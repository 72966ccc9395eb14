/** My account: who is signed in, the password, and the second factors of the developer. */
import { Badge, Button, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core'
import { IconDeviceMobile, IconFingerprint } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { PageHead } from '../../frame/page-head.tsx'
import { atDay } from '../../frame/times.ts'
import { hasPasskeys } from '../../passkeys.ts'
import { useSession } from '../../session.ts'
import { BindApp } from './bind-app.tsx'
import { BindPasskey } from './bind-passkey.tsx'
import { ChangePassword } from './change-password.tsx'
import { type Held, ownFactors } from './held.ts'
import { RemoveFactor } from './remove-factor.tsx'
import { RenewCodes } from './renew-codes.tsx'

type Opened = 'app' | 'passkey' | 'codes' | 'password' | Held | undefined

export function AccountPage() {
  const session = useSession()
  const queries = useQueryClient()
  const [opened, setOpened] = useState<Opened>()
  const info = useQuery({
    queryKey: ['own-factors', session?.email],
    queryFn: ({ signal }) => ask<Held[]>(ownFactors, { signal }),
  })
  const held = (info.data ?? []).filter(({ state }) => state !== 'pending')
  const close = (): void => {
    setOpened(undefined)
    void queries.invalidateQueries({ queryKey: ['own-factors'] })
  }
  const has = (kind: Held['kind']): boolean => held.some((one) => one.kind === kind)
  return (
    <Stack maw={760}>
      <PageHead title="My account" text={session?.email} />
      <Paper withBorder p="md" component="section" aria-label="Password">
        <Group justify="space-between">
          <div>
            <Title order={2} size="h4">
              Password
            </Title>
            <Text size="sm" c="dimmed">
              A new one signs you out everywhere else.
            </Text>
          </div>
          <Button variant="default" onClick={() => setOpened('password')}>
            Change password
          </Button>
        </Group>
      </Paper>
      <Paper withBorder p="md" component="section" aria-label="Second factors">
        <Stack>
          <div>
            <Title order={2} size="h4">
              Second factors
            </Title>
            <Text size="sm" c="dimmed">
              {held.length === 0
                ? 'None: your password is all that lets in. With one, it is asked for whenever you sign in, here, by gatehouse login and by programs.'
                : 'One of these is asked for whenever you sign in, beside the password.'}
            </Text>
          </div>
          {info.isPending && <Loader size="sm" aria-label="Loading the second factors" />}
          {info.isError && <Failure error={info.error} />}
          {held.map((one) => (
            <HeldRow key={one.id} one={one} onRemove={() => setOpened(one)} onRenew={() => setOpened('codes')} />
          ))}
          <Group gap="xs">
            <Button
              variant={held.length === 0 ? 'filled' : 'default'}
              leftSection={<IconDeviceMobile size={16} />}
              onClick={() => setOpened('app')}
            >
              {has('totp') ? 'Another authenticator app' : 'Add an authenticator app'}
            </Button>
            <Button
              variant="default"
              leftSection={<IconFingerprint size={16} />}
              disabled={!hasPasskeys()}
              onClick={() => setOpened('passkey')}
            >
              Add a passkey
            </Button>
          </Group>
          {!hasPasskeys() && (
            <Text size="sm" c="dimmed">
              Passkeys need the console at a name over https, or at localhost.
            </Text>
          )}
        </Stack>
      </Paper>
      <BindApp opened={opened === 'app'} held={held} onClose={close} />
      <BindPasskey opened={opened === 'passkey'} held={held} onClose={close} />
      <RenewCodes opened={opened === 'codes'} held={held} onClose={close} />
      <RemoveFactor factor={typeof opened === 'object' ? opened : undefined} held={held} onClose={close} />
      <ChangePassword opened={opened === 'password'} onClose={close} />
    </Stack>
  )
}

const names: Record<Held['kind'], string> = {
  totp: 'Authenticator app',
  passkey: 'Passkey',
  recovery: 'Recovery codes',
}

function HeldRow({ one, onRemove, onRenew }: { one: Held; onRemove: () => void; onRenew: () => void }) {
  const name = names[one.kind]
  const facts = [
    one.label.toLowerCase() === name.toLowerCase() ? '' : one.label,
    one.left === undefined ? '' : `${one.left} left`,
    one.boundAt === undefined ? '' : `since ${atDay(one.boundAt)}`,
    one.usedAt ? `used ${atDay(one.usedAt)}` : '',
  ]
  return (
    <Group justify="space-between" wrap="nowrap">
      <div>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {name}
          </Text>
          {one.state !== 'bound' && (
            <Badge variant="light" color="yellow" tt="none">
              switched off
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {facts.filter((part) => part !== '').join(', ')}
        </Text>
      </div>
      {one.kind === 'recovery' ? (
        <Button size="xs" variant="default" style={{ flexShrink: 0 }} onClick={onRenew}>
          New codes
        </Button>
      ) : (
        <Button
          size="xs"
          variant="default"
          style={{ flexShrink: 0 }}
          aria-label={`Remove ${name} ${one.label}`}
          onClick={onRemove}
        >
          Remove
        </Button>
      )}
    </Group>
  )
}
