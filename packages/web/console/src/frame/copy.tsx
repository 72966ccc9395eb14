/** Values and pieces of text to take along: one line with a button to copy it, or a block. */
import { ActionIcon, Box, Code, Group, Input, Text, Tooltip } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy, IconEye, IconEyeOff } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'

export function CopyButton({ value, what }: { value: string; what: string }) {
  const { copy, copied } = useClipboard({ timeout: 1500 })
  const label = copied ? 'Copied' : `Copy ${what}`
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} aria-label={label} onClick={() => copy(value)}>
        {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}

type Line = { label: string; value: string; description?: ReactNode; hidden?: boolean; more?: ReactNode }

/** `hidden` covers the value until somebody wants to see it; it can be copied all the same. */
export function CopyLine({ label, value, description, hidden = false, more }: Line) {
  const [shown, setShown] = useState(!hidden)
  return (
    <Input.Wrapper label={label} description={description} labelElement="div">
      <Group gap={4} wrap="nowrap" mt={4}>
        <Code flex={1} p="xs" fz="sm" style={{ overflowWrap: 'anywhere' }}>
          {shown ? value : '•'.repeat(24)}
        </Code>
        {hidden && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={shown ? `Cover ${label}` : `Show ${label}`}
            onClick={() => setShown(!shown)}
          >
            {shown ? <IconEyeOff size={16} /> : <IconEye size={16} />}
          </ActionIcon>
        )}
        <CopyButton value={value} what={label} />
        {more}
      </Group>
    </Input.Wrapper>
  )
}

/** `shown` stands there in the place of a text that holds a secret. */
export function CopyBlock({ text, shown = text, what }: { text: string; shown?: string; what: string }) {
  return (
    <Box pos="relative">
      <Code block pr={48} style={{ whiteSpace: 'pre', overflowX: 'auto' }} tabIndex={0} aria-label={what}>
        {shown}
      </Code>
      <Box pos="absolute" top={6} right={6} bg="var(--mantine-color-body)" style={{ borderRadius: 6 }}>
        <CopyButton value={text} what={what} />
      </Box>
    </Box>
  )
}

/** A key or an id among other words. */
export const Mono = ({ children }: { children: ReactNode }) => (
  <Text span ff="monospace" fz="sm" style={{ overflowWrap: 'anywhere' }}>
    {children}
  </Text>
)
