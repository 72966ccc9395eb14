/** What a user holds beside the password; taking it away, binding a phone, and the code for an authenticator app. */
import { Badge, Button, Group, Loader, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { CopyLine } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'
import { Devices } from './devices.tsx'
import { changeUser, columnsQuery } from './shapes.ts'

type Held = {
  id: string
  kind: string
  label: string
  state: string
  failures: number
  boundAt?: number
  left?: number
  /** Of recovery codes that are good at that edge alone. */
  edge?: string
  /** Of those, as that edge told. */
  spent?: number
}
type Enrolment = { enrolment: string; expires_at: string }

const kinds: Record<string, string> = {
  phone: 'Phone',
  totp: 'Authenticator app',
  passkey: 'Passkey',
  recovery: 'Recovery codes',
}
const kindOf = (kind: string): string => (Object.hasOwn(kinds, kind) ? kinds[kind]! : kind)

export function Authenticators({ userId, phone }: { userId: string; phone: unknown }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const path = `/admin/v/4/system/${key}/users/${encodeURIComponent(userId)}`
  const held = useQuery({
    queryKey: ['authenticators', key, userId],
    queryFn: ({ signal }) => ask<Held[]>(`${path}/authenticators`, { signal }),
    refetchInterval: 10_000,
  })
  const [removed, setRemoved] = useState<Held>()
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['authenticators', key, userId] })
    await queries.invalidateQueries({ queryKey: ['user', key, userId] })
  }
  const enrol = useMutation({
    mutationFn: () => ask<Enrolment>(`${path}/enrolment`, { method: 'POST', body: {} }),
    onError: (error) => tellFailed(error),
  })
  return (
    <Stack>
      {held.isPending && <Loader size="sm" aria-label="Loading the second factors" />}
      {held.isError && <Failure error={held.error} />}
      {held.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          None: the password is all. Bind a phone, or give an enrolment code for an authenticator app or a passkey.
        </Text>
      )}
      {held.data?.map((one) => (
        <Group key={one.id} justify="space-between" wrap="nowrap">
          <div>
            <Group gap="xs">
              <Text size="sm" fw={600}>
                {kindOf(one.kind)}
              </Text>
              <Badge variant="light" color={one.state === 'bound' ? 'teal' : 'yellow'} tt="none">
                {one.state}
              </Badge>
            </Group>
            <Text size="sm" c="dimmed">
              {[
                one.label === kindOf(one.kind).toLowerCase() ? '' : one.label,
                one.left === undefined ? '' : `${one.left} left`,
                one.spent === undefined ? '' : `${one.spent} used`,
                one.boundAt === undefined ? '' : `bound ${atDay(one.boundAt)}`,
                one.failures > 0 ? `${one.failures} wrong in a row` : '',
              ]
                .filter((part) => part !== '')
                .join(', ')}
            </Text>
          </div>
          <Button size="xs" variant="default" aria-label={`Remove ${kindOf(one.kind)}`} onClick={() => setRemoved(one)}>
            Remove
          </Button>
        </Group>
      ))}
      <Devices userId={userId} />
      <Phone userId={userId} phone={phone} onDone={refresh} />
      <Group>
        <Button variant="default" loading={enrol.isPending} onClick={() => enrol.mutate()}>
          Enrolment code
        </Button>
      </Group>
      <Modal opened={enrol.data !== undefined} onClose={enrol.reset} title="Enrolment code">
        {enrol.data !== undefined && (
          <Stack>
            <CopyLine label="Code" value={enrol.data.enrolment} />
            <Text size="sm">
              Give it to the user by a way that reaches nobody else. With it and the password the user binds an
              authenticator app or a passkey, until {atDay(Date.parse(enrol.data.expires_at))}. It is shown this once.
            </Text>
          </Stack>
        )}
      </Modal>
      <Confirm
        opened={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={`Remove ${kindOf(removed?.kind ?? '').toLowerCase()}?`}
        label="Remove it"
        action={async () => {
          const { kind, id, state, edge } = removed!
          // Of passkeys, and of recovery codes by place, there may be several; of the others one.
          const isOne = (kind === 'passkey' && state === 'bound') || edge !== undefined
          const one = isOne ? `&id=${encodeURIComponent(id)}` : ''
          await ask(`${path}/authenticators?kind=${encodeURIComponent(kind)}${one}`, { method: 'DELETE' })
          await refresh()
          tellDone('It is removed.')
        }}
      >
        The user cannot sign in with it any more, and needs another where the system asks for a second factor.
      </Confirm>
    </Stack>
  )
}

type PhoneProps = { userId: string; phone: unknown; onDone: () => Promise<void> }

/** A phone is bound by the column that shows it. */
function Phone({ userId, phone, onDone }: PhoneProps) {
  const key = useSystemKey()
  const columns = useQuery(columnsQuery(key))
  const queries = useQueryClient()
  const [number, setNumber] = useState<string>()
  const has = columns.data?.some(({ ColumnName }) => ColumnName === 'sms_phone') === true
  const bind = useMutation({
    mutationFn: async () => {
      if (!has) {
        const body = { column_name: 'sms_phone', type: 'string' }
        await ask(`/admin/user/${key}/columns`, { method: 'POST', body })
        await queries.invalidateQueries({ queryKey: ['user-columns', key] })
      }
      await changeUser(key, userId, { sms_phone: number })
    },
    onSuccess: async () => {
      await onDone()
      setNumber(undefined)
      tellDone('The phone is saved.')
    },
  })
  const known = typeof phone === 'string' ? phone : ''
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        bind.mutate()
      }}
    >
      <Group align="flex-end" gap="xs">
        <TextInput
          flex={1}
          label="Phone"
          description="With + and the country code. A number that is none binds nothing. Empty takes it away."
          placeholder="+14155550123"
          type="tel"
          value={number ?? known}
          onChange={(event) => setNumber(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          loading={bind.isPending}
          disabled={number === undefined || number === known}
        >
          Bind
        </Button>
      </Group>
      {bind.isError && <Failure error={bind.error} title="Not bound" />}
    </form>
  )
}
