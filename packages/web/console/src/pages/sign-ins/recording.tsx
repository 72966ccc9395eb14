/** Whether sign-ins are recorded for replays, how many, and forgetting them. */
import { Button, Checkbox, Group, NumberInput, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { useSettingsDraft } from '../info/draft.ts'
import { SaveBar } from '../info/save-bar.tsx'

const usual = { keep: 200 }

export function Recording({ count, onForgotten }: { count: number; onForgotten: () => Promise<unknown> }) {
  const key = useSystemKey()
  const draft = useSettingsDraft('The recording is saved.')
  const [forgetting, setForgetting] = useState(false)
  const rule = draft.values.record_sign_ins
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          draft.save.mutate({})
        }}
      >
        <Stack>
          <Group justify="space-between">
            <Title order={2} size="h4">
              Recorded sign-ins
            </Title>
            <Group gap="xs">
              <Text size="sm">{count === 500 ? '500 or more' : count} recorded</Text>
              <Button size="xs" variant="default" disabled={count === 0} onClick={() => setForgetting(true)}>
                Forget them
              </Button>
            </Group>
          </Group>
          <Checkbox
            label="Record sign-ins"
            description="With marks in the place of passwords, codes and whatever else is secret. Sign-ins do not wait for it."
            checked={rule !== null}
            onChange={(event) => draft.set('record_sign_ins', event.currentTarget.checked ? usual : null)}
          />
          {rule !== null && (
            <NumberInput
              label="How many are kept"
              w={200}
              min={1}
              max={1_000}
              value={rule.keep}
              onChange={(keep) => draft.set('record_sign_ins', { ...rule, keep: Number(keep) })}
            />
          )}
          {(draft.isChanged || draft.save.isError) && <SaveBar draft={draft} />}
        </Stack>
      </form>
      <Confirm
        opened={forgetting}
        onClose={() => setForgetting(false)}
        title="Forget the recorded sign-ins?"
        label="Forget"
        action={async () => {
          await ask(`/admin/v/4/system/${key}/auth-service/recorded`, { method: 'DELETE' })
          await onForgotten()
          tellDone('The recorded sign-ins are forgotten.')
        }}
      >
        They cannot be replayed any more. Attempts and their reasons stay in the list.
      </Confirm>
    </Paper>
  )
}
