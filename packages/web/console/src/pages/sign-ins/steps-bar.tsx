/** The steps of an attempt, as wide as they took long. */
import { Box, Group, Text } from '@mantine/core'
import type { Trace } from './traces.ts'
import { tookMs } from './traces.ts'

const paints = ['teal-6', 'blue-5', 'grape-5', 'orange-5', 'gray-6'].map((name) => `var(--mantine-color-${name})`)
export const paintOf = (index: number): string => paints[index % paints.length]!

export function StepsBar({ trace, width = 90 }: { trace: Trace; width?: number | string }) {
  const whole = tookMs(trace) || 1
  const told = trace.steps.map(({ step, ms }) => `${step} ${ms} ms`).join(', ')
  return (
    <Group gap={1} wrap="nowrap" w={width} h={10} title={told} aria-hidden style={{ flexShrink: 0 }}>
      {trace.steps.map(({ step, ms }, index) => (
        <Box
          // biome-ignore lint/suspicious/noArrayIndexKey: a step may come twice; its place tells them apart
          key={`${step}${index}`}
          h="100%"
          miw={2}
          bg={paintOf(index)}
          style={{ flexGrow: ms / whole, flexBasis: 0, borderRadius: 2 }}
        />
      ))}
    </Group>
  )
}

export function StepsList({ trace }: { trace: Trace }) {
  return (
    <>
      <StepsBar trace={trace} width="100%" />
      {trace.steps.map(({ step, ms }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <Group key={`${step}${index}`} gap="xs" mt={4}>
          <Box w={10} h={10} bg={paintOf(index)} style={{ borderRadius: 2 }} aria-hidden />
          <Text size="sm" flex={1}>
            {step}
          </Text>
          <Text size="sm">{ms} ms</Text>
        </Group>
      ))}
    </>
  )
}
