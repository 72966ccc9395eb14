/** The head of a page: its title, a sentence about it, and what can be done. Also names the browser's tab. */
import { Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

type Head = { title: string; text?: ReactNode; actions?: ReactNode; size?: 'h2' | 'h3' }

export function PageHead({ title, text, actions, size = 'h2' }: Head) {
  useEffect(() => {
    document.title = `${title} · Gatehouse`
  }, [title])
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <Stack gap={4} maw={760}>
        <Title order={1} size={size}>
          {title}
        </Title>
        {text !== undefined && (
          <Text size="sm" c="dimmed" component="div">
            {text}
          </Text>
        )}
      </Stack>
      {actions !== undefined && <Group gap="xs">{actions}</Group>}
    </Group>
  )
}
