/** System Settings → Access: who decides sign-ins and registrations, and which doors stand open. */
import { Autocomplete, Checkbox, NumberInput, Paper, Radio, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { AuthCheck } from './auth-check.tsx'
import { useSettingsDraft } from './draft.ts'
import { bothOfPasskeys, Passkeys } from './passkeys.tsx'
import { SaveBar } from './save-bar.tsx'
import { Withdrawal } from './withdrawal.tsx'

export const serviceNamesQuery = (key: string) => ({
  queryKey: ['service-names', key],
  queryFn: async ({ signal }: { signal: AbortSignal }) =>
    (await ask<{ code: string[] }>(`/admin/code/v/1/${key}`, { signal })).code,
})

export function AccessTab() {
  const key = useSystemKey()
  const draft = useSettingsDraft('The access settings are saved.')
  const { now, values, set, save } = draft
  const services = useQuery(serviceNamesQuery(key))
  const [keepSessions, setKeepSessions] = useState(false)
  const another = values.auth_service !== now.auth_service && values.auth_service !== ''
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({ ...bothOfPasskeys(draft), ...(another && keepSessions && { keep_sessions: true }) })
      }}
    >
      <Stack maw={760}>
        <Autocomplete
          label="Auth Service"
          description="The code service that decides every sign-in of users. Empty: their password does."
          placeholder="The password decides"
          data={services.data ?? []}
          value={values.auth_service}
          onChange={(value) => set('auth_service', value)}
          clearable
          clearButtonProps={{ 'aria-label': 'Empty Auth Service' }}
          selectFirstOptionOnChange={false}
        />
        <AuthCheck service={values.auth_service.trim()} isSaved={values.auth_service === now.auth_service} />
        {another && (
          <Checkbox
            label="Keep users who are signed in"
            description="Otherwise sessions that this service did not grant end with Save."
            checked={keepSessions}
            onChange={(event) => setKeepSessions(event.currentTarget.checked)}
          />
        )}
        <Radio.Group
          label="A refusal by the auth service answers with status"
          description="Programs of the original expect 200 and look into the answer."
          value={String(values.auth_error_status)}
          onChange={(value) => set('auth_error_status', Number(value) as 200 | 401)}
        >
          <Stack gap={4} mt={4}>
            <Radio value="200" label="200, with the reason in the answer" />
            <Radio value="401" label="401" />
          </Stack>
        </Radio.Group>
        <Withdrawal draft={draft} />
        <Paper withBorder p="md">
          <Stack>
            <Title order={2} size="h4">
              Registration and other doors
            </Title>
            <Checkbox
              label="Whoever has the key and the secret may register a new user"
              checked={values.registration === 'open'}
              onChange={(event) => set('registration', event.currentTarget.checked ? 'open' : 'closed')}
            />
            <Autocomplete
              label="Registration Service"
              description="The code service that decides registrations. Empty: the rules for passwords do."
              placeholder="None"
              data={services.data ?? []}
              value={values.reg_service}
              onChange={(value) => set('reg_service', value)}
              clearable
              clearButtonProps={{ 'aria-label': 'Empty Registration Service' }}
            />
            <Checkbox
              label="Anonymous sessions are given out"
              description="Closing this door ends those that are open."
              checked={values.anonymous === 'open'}
              onChange={(event) => set('anonymous', event.currentTarget.checked ? 'open' : 'closed')}
            />
            <Checkbox
              label="Users get a link for a new password by e-mail"
              description="Where a mail server is set. A second factor is owed as before."
              checked={values.password_reset === 'open'}
              onChange={(event) => set('password_reset', event.currentTarget.checked ? 'open' : 'closed')}
            />
            <Checkbox
              label="Accounts that services run as may sign in as well"
              checked={values.run_as_sign_in === 'allowed'}
              onChange={(event) => set('run_as_sign_in', event.currentTarget.checked ? 'allowed' : 'refused')}
            />
            <NumberInput
              label="Shortest password that a person may choose"
              min={8}
              max={128}
              maw={320}
              value={values.password_min_length}
              onChange={(value) => set('password_min_length', (value === '' ? '' : Number(value)) as number)}
            />
          </Stack>
        </Paper>
        <Passkeys draft={draft} />
        <SaveBar draft={draft} />
      </Stack>
    </form>
  )
}
