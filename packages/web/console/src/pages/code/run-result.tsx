/** What a test run came to: "Success!" or "Failed", with the answer, the log and the time. */
import { Button, Code, Group, Modal, Stack, Text, Title } from '@mantine/core'
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { Failure } from '../../frame/failure.tsx'
import classes from './code.module.css'
import type { RunAnswer } from './code-api.ts'

type Props = { answer: RunAnswer | undefined; error: unknown; onClose: () => void }

export function RunResult({ answer, error, onClose }: Props) {
  const good = answer?.success === true
  return (
    <Modal
      opened={answer !== undefined || error !== undefined}
      onClose={onClose}
      size="lg"
      title={
        <Group gap="xs" component="span">
          {good ? (
            <IconCircleCheck color="var(--mantine-color-green-6)" />
          ) : (
            <IconCircleX color="var(--mantine-color-red-6)" />
          )}
          <span>{good ? 'Success!' : 'Failed'}</span>
        </Group>
      }
    >
      <Stack>
        {error !== undefined && <Failure error={error} title="The service was not run" />}
        {answer !== undefined && (
          <>
            <Output title="Answer" text={shown(answer.results)} empty="The service answered nothing." />
            <Output title="Log" text={answer.logs.trimEnd()} empty="Nothing was logged. console.log(…) writes here." />
            <Text size="sm" c="dimmed">
              {answer.status === undefined ? '' : `Status ${answer.status}. `}Took {answer.ms} ms, as developer.
            </Text>
          </>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            Ok
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value, null, 2)

export function Output({ title, text, empty }: { title: string; text: string; empty: string }) {
  return (
    <div>
      <Title order={3} size="h6" mb={4}>
        {title}
      </Title>
      {text === '' ? (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      ) : (
        <Code block className={classes.output} tabIndex={0} aria-label={title}>
          {text}
        </Code>
      )}
    </div>
  )
}
