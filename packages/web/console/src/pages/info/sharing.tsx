/** System Settings → Sharing: who works on the system; its owner adds and removes developers, and hands it over. */
import { Badge, Button, Group, Loader, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'
import { useSession } from '../../session.ts'

/** As `GET /admin/developers/KEY` answers it; `added_at` in Unix seconds. */
type Sharing = { owner: string; developers: { user_id: string; email: string; added_at: number }[] }

const sharingQuery = (key: string) => ({
  queryKey: ['sharing', key],
  queryFn: ({ signal }: { signal: AbortSignal }) => ask<Sharing>(`/admin/developers/${key}`, { signal }),
  refetchInterval: 10_000,
})

const isSame = (one: string, other: string | undefined): boolean => one.toLowerCase() === other?.toLowerCase()

/** Whether the developer who is signed in owns the system; undefined until it is known. */
export function useIsOwner(key: string): boolean | undefined {
  const session = useSession()
  const { data } = useQuery(sharingQuery(key))
  return data && isSame(data.owner, session?.email)
}

type Asking = { what: 'remove' | 'hand over' | 'leave'; email: string } | undefined

export function SharingTab() {
  const key = useSystemKey()
  const session = useSession()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const sharing = useQuery(sharingQuery(key))
  const [asking, setAsking] = useState<Asking>()
  const isOwner = useIsOwner(key) === true
  const change = async (body: object, done: string): Promise<void> => {
    await ask(`/admin/developers/${key}`, { method: 'PUT', body })
    await queries.invalidateQueries({ queryKey: ['sharing', key] })
    await queries.invalidateQueries({ queryKey: ['systems'] })
    tellDone(done)
  }
  return (
    <Stack maw={760}>
      <Text size="sm" c="dimmed">
        Who works on this system may do everything in it. Its owner alone deletes it, shares it and hands it over.
      </Text>
      {sharing.isPending && <Loader aria-label="Loading the developers" />}
      {sharing.isError && <Failure error={sharing.error} />}
      {sharing.data !== undefined && (
        <Paper withBorder p="md">
          <Stack role="list" aria-label="Developers">
            <Row email={sharing.data.owner} note="owner" isYou={isOwner} />
            {sharing.data.developers.map(({ user_id, email, added_at }) => {
              const isYou = isSame(email, session?.email)
              return (
                <Row key={user_id} email={email} note={`since ${atDay(added_at * 1000)}`} isYou={isYou}>
                  {isOwner && (
                    <>
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={`Make owner: ${email}`}
                        onClick={() => setAsking({ what: 'hand over', email })}
                      >
                        Make owner
                      </Button>
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={`Remove ${email}`}
                        onClick={() => setAsking({ what: 'remove', email })}
                      >
                        Remove
                      </Button>
                    </>
                  )}
                  {isYou && (
                    <Button size="xs" variant="default" onClick={() => setAsking({ what: 'leave', email })}>
                      Leave
                    </Button>
                  )}
                </Row>
              )
            })}
            {sharing.data.developers.length === 0 && (
              <Text size="sm" c="dimmed">
                Nobody else works on it.
              </Text>
            )}
          </Stack>
        </Paper>
      )}
      {isOwner && <AddDeveloper add={(email) => change({ change: { add: [email] } }, `${email} works on it now.`)} />}
      <Confirm
        opened={asking?.what === 'remove'}
        onClose={() => setAsking(undefined)}
        title={`Remove ${asking?.email}?`}
        label="Remove"
        action={() => change({ change: { remove: [asking!.email] } }, `${asking!.email} is removed.`)}
      >
        From the next click on nothing of this system is there for {asking?.email}. What was seen is known: give the
        system another secret under Properties, and other values to its secrets.
      </Confirm>
      <Confirm
        opened={asking?.what === 'hand over'}
        onClose={() => setAsking(undefined)}
        title={`Make ${asking?.email} the owner?`}
        label="Hand it over"
        action={() => change({ owner: asking!.email }, `${asking!.email} owns the system now.`)}
      >
        You stay one of its developers until the new owner removes you, and cannot take it back yourself.
      </Confirm>
      <Confirm
        opened={asking?.what === 'leave'}
        onClose={() => setAsking(undefined)}
        title="Leave this system?"
        label="Leave"
        action={async () => {
          await change({ change: { remove: [asking!.email] } }, 'You do not work on it any more.')
          navigate('/systems', { replace: true })
        }}
      >
        Only its owner lets you in again.
      </Confirm>
    </Stack>
  )
}

type RowProps = { email: string; note: string; isYou: boolean; children?: ReactNode }

const Row = ({ email, note, isYou, children }: RowProps) => (
  <Group justify="space-between" role="listitem" gap="xs">
    <div>
      <Group gap="xs">
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {email}
        </Text>
        {isYou && (
          <Badge variant="light" tt="none">
            you
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {note}
      </Text>
    </div>
    <Group gap="xs">{children}</Group>
  </Group>
)

function AddDeveloper({ add }: { add: (email: string) => Promise<void> }) {
  const [email, setEmail] = useState('')
  const adding = useMutation({ mutationFn: () => add(email.trim()), onSuccess: () => setEmail('') })
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          adding.mutate()
        }}
      >
        <Stack gap="sm">
          <Title order={2} size="h4">
            Share it
          </Title>
          <Group align="flex-end" gap="xs">
            <TextInput
              flex={1}
              miw={220}
              label="E-mail of a developer of this node"
              type="email"
              required
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <Button type="submit" loading={adding.isPending} leftSection={<IconUserPlus size={16} />}>
              Share
            </Button>
          </Group>
          {adding.isError && <Failure error={adding.error} title="Not shared" />}
        </Stack>
      </form>
    </Paper>
  )
}
