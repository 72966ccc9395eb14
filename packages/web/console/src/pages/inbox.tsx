/** Inbox, in development alone: messages that services sent, as they arrive. */
import { Badge, Button, Group, Loader, Paper, Stack, Text } from '@mantine/core'
import { IconInbox, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { ask } from '../api.ts'
import { Confirm } from '../frame/confirm.tsx'
import { CopyButton } from '../frame/copy.tsx'
import { Failure } from '../frame/failure.tsx'
import { useFollowed } from '../frame/follow.ts'
import { NothingYet } from '../frame/nothing-yet.tsx'
import { PageHead } from '../frame/page-head.tsx'
import { useSystemKey } from '../frame/system-frame.tsx'
import { tellDone } from '../frame/tell.ts'
import { atDay } from '../frame/times.ts'

/** `at` in milliseconds. */
type Message = { id: string; to: string; from: string; body: string; at: number }

const most = 200

/** The first group of digits that looks like a code, to take along without the words round it. */
const codeIn = (body: string): string | undefined => body.match(/(?<!\d)\d{4,8}(?!\d)/)?.[0]

export function InboxPage() {
  const key = useSystemKey()
  const path = `/admin/v/4/system/${key}/inbox`
  const [emptying, setEmptying] = useState(false)
  const { rows: messages, error, restart } = useFollowed<Message>(key, 'inbox', most)
  return (
    <Stack>
      <PageHead
        title="Inbox"
        text="In development, messages of this system's services come here and to no phone. They arrive by themselves."
        actions={
          <Button
            variant="default"
            leftSection={<IconTrash size={16} />}
            disabled={messages === undefined || messages.length === 0}
            onClick={() => setEmptying(true)}
          >
            Empty the inbox
          </Button>
        }
      />
      {messages === undefined && error === undefined && <Loader aria-label="Loading the inbox" />}
      {error !== undefined && <Failure error={error} title="The newest are not here; asking again" />}
      {messages?.length === 0 && (
        <NothingYet icon={IconInbox} title="No message yet">
          Sign a user in whose system asks for a code, and the code arrives here.
        </NothingYet>
      )}
      <Stack gap="xs" role="list" aria-label="Messages">
        {messages?.map(({ id, to, from, body, at }) => {
          const code = codeIn(body)
          return (
            <Paper key={id} withBorder p="sm" role="listitem">
              <Group justify="space-between" wrap="nowrap" align="flex-start">
                <div>
                  <Text style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{body}</Text>
                  <Text size="sm" c="dimmed">
                    To {to}
                    {from !== '' && `, from ${from}`} · {atDay(at)}
                  </Text>
                </div>
                {code !== undefined && (
                  <Group gap={4} wrap="nowrap" style={{ flexShrink: 0 }}>
                    <Badge variant="light" size="lg" ff="monospace" style={{ flexShrink: 0 }}>
                      {code}
                    </Badge>
                    <CopyButton value={code} what={`the code ${code}`} />
                  </Group>
                )}
              </Group>
            </Paper>
          )
        })}
      </Stack>
      <Confirm
        opened={emptying}
        onClose={() => setEmptying(false)}
        title="Empty the inbox?"
        label="Empty"
        action={async () => {
          await ask(path, { method: 'DELETE' })
          restart()
          tellDone('The inbox is empty.')
        }}
      >
        All messages in it are lost. Codes in them stay good.
      </Confirm>
    </Stack>
  )
}
