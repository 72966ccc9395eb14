/** System Settings → Properties: name, description, key and secret, how long tokens live, and the end of the system. */
import { ActionIcon, NumberInput, Paper, SimpleGrid, Stack, Textarea, TextInput, Title, Tooltip } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { CopyLine } from '../../frame/copy.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'
import { lasting } from '../../frame/times.ts'
import { DeleteSystem } from './delete-system.tsx'
import { type Draft, useSettingsDraft } from './draft.ts'
import { SaveBar } from './save-bar.tsx'

export function PropertiesTab() {
  const draft = useSettingsDraft('The properties are saved.')
  const { now, values, set, save } = draft
  return (
    <Stack maw={760}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate({})
        }}
      >
        <Stack>
          <TextInput
            label="System Name"
            required
            value={values.name}
            onChange={(event) => set('name', event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={values.description}
            onChange={(event) => set('description', event.currentTarget.value)}
          />
          <CopyLine label="System Key" value={now.appId} />
          <CopyLine label="System Secret" value={now.appSecret} hidden more={<NewSecret />} />
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Lifetime draft={draft} name="token_ttl_user" label="User Session Token TTL" />
            <Lifetime draft={draft} name="token_ttl_device" label="Device Session Token TTL" />
            <Lifetime draft={draft} name="token_ttl_anon" label="Anonymous Session Token TTL" />
            <Lifetime draft={draft} name="refresh_max_age" label="Greatest age of a sign-in that is refreshed" />
          </SimpleGrid>
          <SaveBar draft={draft} />
        </Stack>
      </form>
      <Paper withBorder p="md" mt="lg">
        <Title order={2} size="h4" mb="xs">
          Delete the system
        </Title>
        <DeleteSystem systemKey={now.appId} name={now.name} />
      </Paper>
    </Stack>
  )
}

type Ttl = 'token_ttl_user' | 'token_ttl_device' | 'token_ttl_anon' | 'refresh_max_age'

function Lifetime({ draft, name, label }: { draft: Draft; name: Ttl; label: string }) {
  const value = draft.values[name]
  return (
    <NumberInput
      label={`${label} (seconds)`}
      description={Number.isInteger(value) && value > 0 ? lasting(value) : undefined}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      min={1}
      allowDecimal={false}
      required
      value={value}
      onChange={(next) => draft.set(name, (next === '' ? '' : Number(next)) as number)}
    />
  )
}

function NewSecret() {
  const key = useSystemKey()
  const queries = useQueryClient()
  const [asking, setAsking] = useState(false)
  return (
    <>
      <Tooltip label="Regenerate">
        <ActionIcon variant="subtle" color="gray" aria-label="Regenerate System Secret" onClick={() => setAsking(true)}>
          <IconRefresh size={16} />
        </ActionIcon>
      </Tooltip>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title="Regenerate the System Secret?"
        label="Regenerate"
        action={async () => {
          await ask('/admin/regensystemsecret', { method: 'PUT', body: { id: key } })
          await queries.invalidateQueries({ queryKey: ['system', key] })
          tellDone('The system has a new secret.')
        }}
      >
        The secret of now is dead at once: programs, devices and links of portals that use it need the new one. Users
        who are signed in stay signed in; the System Key stays too.
      </Confirm>
    </>
  )
}
