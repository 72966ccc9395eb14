/** Asks before something is lost. With `typed`, the person types that word first. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Failure } from './failure.tsx'

type Asked = {
  opened: boolean
  onClose: () => void
  title: string
  children: ReactNode
  /** Of the button that does it: a verb, as "Delete". */
  label: string
  typed?: string
  /** What is not lost for ever has no red button. */
  harmless?: boolean
  action: () => Promise<unknown>
}

export function Confirm({ opened, onClose, title, ...rest }: Asked) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered>
      <Question {...rest} onClose={onClose} />
    </Modal>
  )
}

function Question({ onClose, children, label, typed, harmless, action }: Omit<Asked, 'opened' | 'title'>) {
  const [text, setText] = useState('')
  const act = useMutation({ mutationFn: action, onSuccess: onClose })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        event.stopPropagation()
        if (typed === undefined || text === typed) act.mutate()
      }}
    >
      <Stack>
        <Text size="sm" component="div">
          {children}
        </Text>
        {typed !== undefined && (
          <TextInput
            label={`Type "${typed}" to go on`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        {act.isError && <Failure error={act.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            {...(harmless !== true && { color: 'red' })}
            loading={act.isPending}
            disabled={typed !== undefined && text !== typed}
          >
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
