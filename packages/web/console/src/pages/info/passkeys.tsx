/** The domain that passkeys of users are bound to, and the pages that may ask for them. They go together. */
import { Paper, Stack, TagsInput, Text, TextInput, Title } from '@mantine/core'
import type { Draft } from './draft.ts'

export function Passkeys({ draft: { values, set } }: { draft: Draft }) {
  return (
    <Paper withBorder p="md">
      <Stack>
        <div>
          <Title order={2} size="h4">
            Passkeys
          </Title>
          <Text size="sm" c="dimmed">
            Both empty: passkeys belong to this node's own pages. Another domain means that users bind anew.
          </Text>
        </div>
        <TextInput
          label="Domain"
          placeholder="example.com"
          maw={420}
          value={values.passkey_rp_id}
          onChange={(event) => set('passkey_rp_id', event.currentTarget.value.trim())}
        />
        <TagsInput
          label="Pages that may ask"
          description="Origins of the domain or below it, as https://app.example.com"
          value={values.passkey_origins}
          onChange={(value) => set('passkey_origins', value)}
        />
      </Stack>
    </Paper>
  )
}

/** Whichever of the two was changed, both are sent: the node takes them as one. */
export const bothOfPasskeys = ({ values, now }: Draft) =>
  JSON.stringify([values.passkey_rp_id, values.passkey_origins]) ===
  JSON.stringify([now.passkey_rp_id, now.passkey_origins])
    ? {}
    : { passkey_rp_id: values.passkey_rp_id, passkey_origins: values.passkey_origins }
