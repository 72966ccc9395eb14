/** The developer's own new password. */
import { Button, Modal, PasswordInput, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'

const shortest = 15

export const ChangePassword = ({ opened, onClose }: { opened: boolean; onClose: () => void }) => (
  <Modal opened={opened} onClose={onClose} title="Change password">
    <PasswordForm onClose={onClose} />
  </Modal>
)

function PasswordForm({ onClose }: { onClose: () => void }) {
  const [before, setBefore] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const change = useMutation({
    mutationFn: () => ask('/admin/putpass', { method: 'PUT', body: { old_password: before, new_password: next } }),
    onSuccess: () => {
      tellDone('Your password is changed. You are signed out everywhere else.')
      onClose()
    },
  })
  const differs = again !== '' && again !== next
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (again === next) change.mutate()
      }}
    >
      <Stack>
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          required
          data-autofocus
          value={before}
          onChange={(event) => setBefore(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description={`${shortest} characters or more`}
          autoComplete="new-password"
          required
          minLength={shortest}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          required
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
          error={differs ? 'The two are not the same.' : undefined}
        />
        {change.isError && <Failure error={change.error} title="Not changed" />}
        <Button type="submit" loading={change.isPending}>
          Change it
        </Button>
      </Stack>
    </form>
  )
}
