/** Recovery codes, shown this once. */
import { Alert, Box, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { CopyButton, Mono } from '../../frame/copy.tsx'

export function ShownCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" title="Keep these recovery codes">
        Each stands once for a factor that you lost. They are shown this once; those before are good no more.
      </Alert>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" role="list" aria-label="Recovery codes">
        {codes.map((code) => (
          <Box key={code} role="listitem">
            <Mono>{code}</Mono>
          </Box>
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <Group gap={4}>
          <CopyButton value={codes.join('\n')} what="the recovery codes" />
          <Text size="sm">Copy all</Text>
        </Group>
        <Button onClick={onDone}>I have kept them</Button>
      </Group>
    </Stack>
  )
}
