/** In place of an empty list: what will stand here, and what to do. */
import { Paper, Stack, Text, ThemeIcon } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'

type Nothing = { icon: Icon; title: string; children?: ReactNode; action?: ReactNode }

export function NothingYet({ icon: Sign, title, children, action }: Nothing) {
  return (
    <Paper withBorder p="xl">
      <Stack align="center" gap="xs" maw={520} mx="auto" ta="center">
        <ThemeIcon variant="light" size="xl" radius="xl" aria-hidden>
          <Sign size={22} />
        </ThemeIcon>
        <Text fw={600}>{title}</Text>
        {children !== undefined && (
          <Text size="sm" c="dimmed" component="div">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Paper>
  )
}
