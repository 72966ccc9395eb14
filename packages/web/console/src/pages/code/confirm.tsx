/** Asks before what cannot be taken back. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failure } from '../../frame/failure.tsx'

type Props = {
  opened: boolean
  title: string
  /** What happens then. */
  children: ReactNode
  /** What the button says. */
  action: string
  onClose: () => void
  run: () => Promise<unknown>
}

export function Confirm({ opened, title, children, action, onClose, run }: Props) {
  const running = useMutation({ mutationFn: run, onSuccess: onClose })
  const close = () => {
    running.reset()
    onClose()
  }
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <Stack>
        <Text size="sm">{children}</Text>
        {running.isError && <Failure error={running.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={running.isPending} onClick={() => running.mutate()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
