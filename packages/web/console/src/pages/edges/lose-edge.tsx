/** Giving an edge up as lost: what that ends, asked for by its name, and then the list of whom it concerns. */
import { Alert, Button, Checkbox, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { CopyBlock, CopyLine } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'

type LostUser = { user_id: string; email: string; lost: string[]; left: string[]; left_without_second_factor: boolean }
type Lost = { ended_sessions: number; edge_sessions: number; users: LostUser[]; system_secret?: string }

export function LoseEdge({ name, onClose }: { name: string | undefined; onClose: () => void }) {
  const [done, setDone] = useState<Lost>()
  const close = (): void => {
    setDone(undefined)
    onClose()
  }
  return (
    <Modal
      opened={name !== undefined}
      onClose={close}
      title={done === undefined ? `Is ${name} lost?` : `${name} is given up`}
      size="lg"
      // The list, and a secret, are shown once.
      closeOnClickOutside={done === undefined}
      closeOnEscape={done === undefined}
    >
      {name !== undefined &&
        (done === undefined ? (
          <Question name={name} onDone={setDone} onCancel={close} />
        ) : (
          <Concerned lost={done} onClose={close} />
        ))}
    </Modal>
  )
}

function Question({ name, onDone, onCancel }: { name: string; onDone: (lost: Lost) => void; onCancel: () => void }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const [typed, setTyped] = useState('')
  const [newSecret, setNewSecret] = useState(false)
  const lose = useMutation({
    mutationFn: () =>
      ask<Lost>(`/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/lost`, {
        method: 'POST',
        body: { new_secret: newSecret },
      }),
    onSuccess: async (lost) => {
      if (newSecret) await queries.invalidateQueries({ queryKey: ['system', key] })
      onDone(lost)
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (typed === name) lose.mutate()
      }}
    >
      <Stack>
        <Text size="sm">
          For an edge that somebody may have who should not. Its key is refused from now on. All users who were ever
          sent to it lose what lay there: their sessions end, their passwords and authenticator apps are good no more,
          and so are recovery codes for that edge. There is no way back.
        </Text>
        <Checkbox
          label="Give the system a new secret too"
          description="The edge holds the present one. Every program that signs users in needs the new one at once."
          checked={newSecret}
          onChange={(event) => setNewSecret(event.currentTarget.checked)}
        />
        <TextInput
          label={`Type "${name}" to go on`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        {lose.isError && <Failure error={lose.error} />}
        <Group gap="xs">
          <Button type="submit" color="red" loading={lose.isPending} disabled={typed !== name}>
            Give it up
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

const factorWords: Record<string, string> = {
  totp: 'app',
  recovery: 'recovery codes',
  passkey: 'passkey',
  phone: 'phone',
}
const words = (kinds: readonly string[]): string => kinds.map((kind) => factorWords[kind] ?? kind).join(', ') || '–'

function Concerned({ lost, onClose }: { lost: Lost; onClose: () => void }) {
  const { users, ended_sessions: sessions, edge_sessions: there, system_secret: secret } = lost
  const isAlone = users.some((user) => user.left_without_second_factor)
  return (
    <Stack>
      <Text size="sm">
        {sessions} session{sessions === 1 ? '' : 's'} ended.{' '}
        {there > 0 && `${there} of them were made there, and it may take those until it hears of this. `}
        {users.length === 0 ? 'No user was ever sent there.' : ''}
        {users.length > 0 && 'These users need a new password, which a developer gives them under Users:'}
      </Text>
      {secret !== undefined && <CopyLine label="New System Secret" value={secret} hidden />}
      {isAlone && (
        <Alert color="yellow" title="Some have no second factor any more">
          <Text size="sm">Give them an enrolment code under Users, or the auth service may not let them in.</Text>
        </Alert>
      )}
      {users.length > 0 && (
        <>
          <Table.ScrollContainer minWidth={320} mah={320}>
            <Table aria-label="Users of the lost edge" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>User</Table.Th>
                  <Table.Th>Good no more</Table.Th>
                  <Table.Th>Left</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {users.map((user) => (
                  <Table.Tr key={user.user_id}>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>{user.email}</Table.Td>
                    <Table.Td>{words(['password', ...user.lost])}</Table.Td>
                    <Table.Td>{words(user.left)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <CopyBlock text={users.map(({ email }) => email).join('\n')} what="the e-mails" />
        </>
      )}
      <Group>
        <Button onClick={onClose}>I have the list</Button>
      </Group>
    </Stack>
  )
}
