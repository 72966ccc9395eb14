/** How far long work is, for eyes and for screen readers. */
import { Progress as Bar, Stack, Text } from '@mantine/core'
import { type Progress, phaseWords } from '../../lines.ts'

export function ProgressLine({ progress, doing }: { progress: Progress | undefined; doing: string }) {
  const { phase, done = 0, total } = progress ?? {}
  const share = total === undefined || total === 0 ? undefined : Math.round((done / total) * 100)
  const words = phase === undefined ? doing : phaseWords(phase)
  const count = phase === undefined ? '' : total === undefined ? ` ${done || ''}` : ` ${done} of ${total}`
  return (
    <Stack gap={4} role="status">
      <Text size="sm">
        {words} …{count}
      </Text>
      <Bar value={share ?? 100} animated={share === undefined} aria-label={words} />
    </Stack>
  )
}
