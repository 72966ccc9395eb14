/** E-mail, password and state of an account, and its end. */
import { Button, Checkbox, Group, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { ask } from '../../api.ts'
import { Confirm } from '../../frame/confirm.tsx'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone, tellFailed } from '../../frame/tell.ts'
import { type Account, changeUser, type User } from './shapes.ts'

type Asked = 'disable' | 'delete' | 'new password'

export function AccountForm({ user, account }: { user: User; account: Account | undefined }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [email, setEmail] = useState(user.email)
  const [password, setPassword] = useState('')
  const [exposed, setExposed] = useState(false)
  const [asked, setAsked] = useState<Asked>()
  const id = user.user_id
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['user', key, id] })
    await queries.invalidateQueries({ queryKey: ['users', key] })
    await queries.invalidateQueries({ queryKey: ['sessions', key, id] })
  }
  const changes = { ...(email !== user.email && { email }), ...(password !== '' && { password }) }
  const save = useMutation({
    mutationFn: () => changeUser(key, id, changes),
    onSuccess: async () => {
      await refresh()
      setPassword('')
      tellDone('The account is saved.')
    },
  })
  const enable = useMutation({
    mutationFn: () => changeUser(key, id, { disabled: false }),
    onSuccess: async () => {
      await refresh()
      tellDone(`${user.email} may sign in again.`)
    },
    onError: (error) => tellFailed(error),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Email"
          type="email"
          required
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="Empty: the password stays. A new one ends the sessions of the user, and a wait after wrong ones."
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {save.isError && <Failure error={save.error} title="Not saved" />}
        <Group gap="xs">
          <Button type="submit" loading={save.isPending} disabled={Object.keys(changes).length === 0}>
            Save
          </Button>
          {account?.disabled === true ? (
            <Button variant="default" loading={enable.isPending} onClick={() => enable.mutate()}>
              Enable
            </Button>
          ) : (
            <Button variant="default" onClick={() => setAsked('disable')}>
              Disable
            </Button>
          )}
          <Button variant="default" onClick={() => setAsked('new password')}>
            Ask for a new password
          </Button>
          <Button variant="outline" color="red" onClick={() => setAsked('delete')}>
            Delete
          </Button>
        </Group>
      </Stack>
      <Confirm
        opened={asked === 'disable'}
        onClose={() => setAsked(undefined)}
        title={`Disable ${user.email}?`}
        label="Disable account"
        action={async () => {
          await changeUser(key, id, { disabled: true })
          await refresh()
          tellDone(`${user.email} is disabled.`)
        }}
      >
        The account cannot sign in any more, and its sessions end now. It can be enabled again.
      </Confirm>
      <Confirm
        opened={asked === 'new password'}
        onClose={() => setAsked(undefined)}
        title={`Ask ${user.email} for a new password?`}
        label="Ask for it"
        action={async () => {
          const path = `/admin/v/4/system/${key}/users/${encodeURIComponent(id)}/new-password`
          await ask(path, { method: 'POST', body: { reason: exposed ? 'exposed' : 'asked' } })
          await refresh()
          tellDone(`${user.email} needs a new password.`)
        }}
      >
        <Stack gap="xs">
          The sessions of the user end now, and the password opens nothing until there is another: set by the user, or
          by you.
          <Checkbox
            label="Others may know the password"
            description="Then it takes a second factor to change it."
            checked={exposed}
            onChange={(event) => setExposed(event.currentTarget.checked)}
          />
        </Stack>
      </Confirm>
      <Confirm
        opened={asked === 'delete'}
        onClose={() => setAsked(undefined)}
        title={`Delete ${user.email}?`}
        label="Delete user"
        action={async () => {
          await ask(`/admin/user/${key}?user=${encodeURIComponent(id)}`, { method: 'DELETE' })
          navigate(`/systems/${key}/users`, { replace: true })
          await queries.invalidateQueries({ queryKey: ['users', key] })
          tellDone(`${user.email} is deleted.`)
        }}
      >
        The account is lost, with its columns, second factors and sessions. Services that run as it run as their
        callers.
      </Confirm>
    </form>
  )
}
