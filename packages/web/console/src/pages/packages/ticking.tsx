/** How far long work is: its steps as a list that ticks itself, for eyes and for screen readers. */
import { Progress as Bar, List, Loader, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { type Progress, phaseWords } from '../../lines.ts'

/** The steps so far, the last of which is running. */
export const advance = (steps: readonly Progress[], next: Progress): Progress[] =>
  steps.at(-1)?.phase === next.phase ? [...steps.slice(0, -1), next] : [...steps, next]

const counted = ({ done, total }: Progress): string =>
  total === undefined ? (done > 1 ? ` ${done}` : '') : ` ${done} of ${total}`

export function Ticking({ steps, doing }: { steps: readonly Progress[]; doing: string }) {
  const running = steps.at(-1)
  const { done = 0, total } = running ?? {}
  const share = total === undefined || total === 0 ? undefined : Math.round((done / total) * 100)
  return (
    <Stack gap={6} role="status" aria-label={doing}>
      <List spacing={4} size="sm" center listStyleType="none">
        {steps.map((step, index) => (
          <List.Item
            key={step.phase}
            icon={
              index < steps.length - 1 ? (
                <ThemeIcon size={18} radius="xl" variant="light">
                  <IconCheck size={12} />
                </ThemeIcon>
              ) : (
                <Loader size={16} />
              )
            }
          >
            {phaseWords(step.phase)}
            {counted(step)}
          </List.Item>
        ))}
      </List>
      {running === undefined && <Text size="sm">{doing} …</Text>}
      <Bar value={share ?? 100} animated={share === undefined} aria-label={doing} />
    </Stack>
  )
}
