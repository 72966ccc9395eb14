/** Makes a user. The password that a developer sets is taken as it is; where it is weak, the list says so. */
import { Button, Modal, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { useSystemKey } from '../../frame/system-frame.tsx'
import { tellDone } from '../../frame/tell.ts'

export function NewUser({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="New user">
      <UserForm onClose={onClose} />
    </Modal>
  )
}

function UserForm({ onClose }: { onClose: () => void }) {
  const key = useSystemKey()
  const queries = useQueryClient()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const make = useMutation({
    mutationFn: () => ask(`/admin/user/${key}`, { method: 'POST', body: { email: email.trim(), password } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['users', key] })
      tellDone(`${email.trim()} is registered.`)
      onClose()
    },
  })
  const differs = again !== '' && again !== password
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (again === password) make.mutate()
      }}
    >
      <Stack>
        <TextInput
          label="Email"
          type="email"
          required
          data-autofocus
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          required
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="Confirm Password"
          required
          autoComplete="new-password"
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
          error={differs ? 'The two are not the same.' : undefined}
        />
        {make.isError && <Failure error={make.error} title="Not registered" />}
        <Button type="submit" loading={make.isPending}>
          Register New User
        </Button>
      </Stack>
    </form>
  )
}
