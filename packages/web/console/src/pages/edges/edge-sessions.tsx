/** The sessions of one edge: those that it made, those from elsewhere that are good there, and ending one wherever it is good. */
import { Button, Checkbox, Loader, Modal, Stack, Table, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { atDay } from '../../frame/times.ts'

type Session = {
  id: string
  user_id: string
  email: string
  factors: string
  /** The name of an edge, '' for the platform. */
  made_at: string
  /** ISO 8601; `ended` is '' for one that is open. */
  created: string
  expires: string
  ended: string
  end_reason: string
}

const mostShown = 200

export function EdgeSessions({ name, onClose }: { name: string | undefined; onClose: () => void }) {
  return (
    <Modal opened={name !== undefined} onClose={onClose} title={`Sessions of ${name}`} size="xl">
      {name !== undefined && <Sessions name={name} />}
    </Modal>
  )
}

function Sessions({ name }: { name: string }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const path = `/admin/v/4/system/${key}/edges/${encodeURIComponent(name)}/sessions`
  const queryKey = ['edge-sessions', key, name]
  const sessions = useQuery({
    queryKey,
    queryFn: ({ signal }) => ask<Session[]>(path, { signal }),
    refetchInterval: 5_000,
  })
  const [ending, setEnding] = useState<Session>()
  const [all, setAll] = useState(false)
  if (sessions.isError) return <Failure error={sessions.error} title="The sessions cannot be listed" />
  if (sessions.data === undefined) return <Loader aria-label="Loading the sessions" />
  const now = Date.now()
  const isOpen = ({ ended, expires }: Session): boolean => ended === '' && Date.parse(expires) > now
  const shown = sessions.data.filter((one) => all || isOpen(one))
  return (
    <Stack gap="sm">
      <Text size="sm">
        Of those that were made at an edge this is what the edge says. A session that was made at the other end gives no
        privileged role.
      </Text>
      <Checkbox
        label="Also those that are over"
        checked={all}
        onChange={(event) => setAll(event.currentTarget.checked)}
      />
      {shown.length === 0 && (
        <Text size="sm" c="dimmed">
          Nobody has a session there.
        </Text>
      )}
      {shown.length > 0 && (
        <Table.ScrollContainer minWidth={640} mah={420}>
          <Table aria-label={`Sessions of ${name}`} stickyHeader>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>User</Table.Th>
                <Table.Th>Made</Table.Th>
                <Table.Th>Since</Table.Th>
                <Table.Th>Until</Table.Th>
                <Table.Th>By</Table.Th>
                <Table.Th aria-label="End" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.slice(0, mostShown).map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{one.email || one.user_id}</Table.Td>
                  <Table.Td>{one.made_at === '' ? 'at the platform' : `at ${one.made_at}`}</Table.Td>
                  <Table.Td>{atDay(Date.parse(one.created))}</Table.Td>
                  <Table.Td>
                    {one.ended === ''
                      ? atDay(Date.parse(one.expires))
                      : `${atDay(Date.parse(one.ended))}: ${one.end_reason}`}
                  </Table.Td>
                  <Table.Td>{one.factors || '–'}</Table.Td>
                  <Table.Td>
                    {isOpen(one) && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`End the session of ${one.email} made ${one.made_at === '' ? 'at the platform' : `at ${one.made_at}`}`}
                        onClick={() => setEnding(one)}
                      >
                        End
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {shown.length > mostShown && (
        <Text size="xs" c="dimmed">
          The newest {mostShown}.
        </Text>
      )}
      <Confirm
        opened={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={`End the session of ${ending?.email}?`}
        label="End it"
        action={async () => {
          await ask(`${path}/${encodeURIComponent(ending!.id)}`, { method: 'DELETE' })
          await queries.invalidateQueries({ queryKey })
          tellDone('The session is over, at the platform and at every edge that is linked.')
        }}
      >
        It is over at the platform at once, at edges that are linked within a second, and at any other when its link is
        back.
      </Confirm>
    </Stack>
  )
}
