/** A labelled box for code, small among other fields and large on request. The editor is loaded with the first one. */
import { ActionIcon, Box, Group, Loader, Modal, Text } from '@mantine/core'
import { IconArrowsMaximize } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import type { CodeBoxProps } from '../code/code-box.tsx'
import classes from './portal-editor.module.css'

const LazyBox = lazy(async () => ({ default: (await import('../code/code-box.tsx')).CodeBox }))

const Loaded = (props: CodeBoxProps) => (
  <Suspense fallback={<Loader size="sm" aria-label="Loading the code editor" />}>
    <LazyBox {...props} />
  </Suspense>
)

type Props = Omit<CodeBoxProps, 'className'> & {
  description?: string
  /** Large from the beginning, where it is alone. */
  tall?: boolean
}

/** With `key` where its text belongs to another thing. */
export function CodeField({ description, tall = false, ...box }: Props) {
  const [large, setLarge] = useState(false)
  if (tall) return <Loaded {...box} className={classes.largeCode!} />
  return (
    <Box>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} component="div">
          {box.label}
        </Text>
        <ActionIcon variant="subtle" color="gray" aria-label={`Enlarge ${box.label}`} onClick={() => setLarge(true)}>
          <IconArrowsMaximize size={15} />
        </ActionIcon>
      </Group>
      {description !== undefined && (
        <Text size="xs" c="dimmed" mb={4}>
          {description}
        </Text>
      )}
      {!large && <Loaded {...box} className={classes.code!} />}
      <Modal opened={large} onClose={() => setLarge(false)} title={box.label} size="70rem">
        {large && <Loaded {...box} className={classes.largeCode!} />}
      </Modal>
    </Box>
  )
}
